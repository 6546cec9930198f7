"""The ear at the server: IDLE (RFC 2177) on a connection of its own, as a hint that mail may have come.

Only a hint: whoever listens polls as well. The line is renewed within nine minutes (RFC 2177 says 29, NAT forgets
earlier). It counts as dead, and is opened anew with backoff, when the server hangs up, when a line comes in pieces
(imaplib is out of step after that) and when it does not answer a NOOP after an early nothing.
"""

import asyncio
import contextlib
import random as chance
import selectors
import threading
import time
from collections.abc import Callable

from imapclient import IMAPClient

from maildesk.mail.accounts import Account, WireTrouble
from maildesk.mail.backoff import next_delay
from maildesk.mail.login import hang_up, in_words, open_imap, sever

RENEW_SECONDS = 540.0
STOP_SECONDS = 1.0


class Idler:
    """Listens to one folder. `trouble` is why it does not listen now, or None; `lines` counts its connections.

    At a server without IDLE it is `deaf`: it hangs up and gives no hints, and polling must do.
    """

    def __init__(
        self,
        account: Account,
        folder: str = "INBOX",
        *,
        renew_seconds: float = RENEW_SECONDS,
        random: Callable[[], float] = chance.random,
    ) -> None:
        self.account = account
        self.trouble: WireTrouble | None = None
        self.lines = 0
        self.deaf = False
        self._folder = folder
        self._renew_seconds = renew_seconds
        self._random = random
        self._stopping = threading.Event()
        self._client: IMAPClient | None = None
        self._news = asyncio.Event()
        self._noticed_at = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._listen, name=f"idle {account.name}", daemon=True)

    def start(self) -> None:
        """Begin to listen; call it in the event loop that awaits `hint`."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def hint(self, seconds: float) -> float | None:
        """Wait until the server says that there is news, or for `seconds`.

        Gives the monotonic time of the server's first notice since the last call, None where there was none. A new
        connection counts as news too, since mail may have come while nobody listened.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
        if not self._news.is_set():
            return None
        self._news.clear()
        return self._noticed_at

    async def stop(self) -> None:
        """Stop within a second, whatever the server does."""
        self._stopping.set()
        client = self._client
        if client is not None:
            sever(client)
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, STOP_SECONDS)

    def _listen(self) -> None:
        """The thread: one connection after the other until `stop`."""
        attempt = 0
        while not (self._stopping.is_set() or self.deaf):
            lines = self.lines
            try:
                self._hold_line()
            except WireTrouble as trouble:
                self.trouble = trouble
                attempt = 1 if self.lines > lines else attempt + 1
                self._stopping.wait(next_delay(attempt, trouble.refused, self._random))

    def _hold_line(self) -> None:
        """One connection, renewed until it breaks (WireTrouble) or `stop` ends it."""
        client = self._client = open_imap(self.account)
        try:
            with in_words(self.account, "listening for news"):
                self.deaf = not client.has_capability("IDLE")
                if not (self.deaf or self._stopping.is_set()):
                    client.select_folder(self._folder, readonly=True)
                while not (self.deaf or self._stopping.is_set()):
                    client.idle()
                    if self.trouble is not None or self.lines == 0:
                        self.lines += 1
                    self.trouble = None
                    self._ring()
                    self._until_renewal(client)
                    client.idle_done()
                    client.noop()
        finally:
            self._client = None
            hang_up(client)

    def _until_renewal(self, client: IMAPClient) -> None:
        """Pass on what the server says until the time is over, `stop` cuts the line, or it looks dead."""
        renewal = time.monotonic() + self._renew_seconds
        with selectors.DefaultSelector() as ears:
            ears.register(client.socket(), selectors.EVENT_READ)
            while (left := renewal - time.monotonic()) > 0:
                ears.select(left)
                if self._stopping.is_set():
                    return
                said = client.idle_check(timeout=0)
                if any(_is_news(line) for line in said):
                    self._ring()
                elif not said and time.monotonic() < renewal:
                    return  # an early nothing: NOOP tells whether anybody is there

    def _ring(self) -> None:
        """Note the time of the first notice that nobody has seen yet, and wake the one who waits."""
        at, loop = time.monotonic(), self._loop

        def note() -> None:
            if not self._news.is_set():
                self._noticed_at = at
                self._news.set()

        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(note)


def _is_news(line: tuple[object, ...]) -> bool:
    return len(line) > 1 and line[1] in (b"EXISTS", b"RECENT")
