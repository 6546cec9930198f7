"""One IMAP mailbox for asyncio: folders, UIDs, fetch, move (RFC 3501, RFC 4315, RFC 6851).

Messages are named by UID only, never by sequence number, which shifts when another client expunges. No value that a
stranger wrote ever goes into a command. Each step has a timeout for silence (the account's) and one for the whole,
so that a server that drips bytes ends as well. After MailboxDown the object is closed; `open` it anew.
"""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from typing import Any, TypeVar

from imapclient import IMAPClient

from maildesk.mail.accounts import Account, CommandRefused, FolderMissing, MailboxDown, has_control
from maildesk.mail.exchanges import HEADER_OCTETS, KEPT_KEYWORD, WAYS, Moved, ensure_folders, head, way_of_moving
from maildesk.mail.lane import Lane
from maildesk.mail.login import hang_up, in_words, log_out, open_imap, sever
from maildesk.mail.uids import Fetched, Selected, Sized, chunks, uid_set, utc, windows

SLOWEST_OCTETS = 20_000  # a second: a step that moves mail may last as long as this rate makes it
STALE_SECONDS = 4 * 3600.0
GOODBYE_SECONDS = 2.0
MOST_REFUSALS = 5

_T = TypeVar("_T")


class Mailbox:
    """One connection in a thread of its own. All methods raise MailboxDown and CommandRefused, `open` LoginRefused."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._lane = Lane(f"imap {account.name}")
        self._client: IMAPClient | None = None
        self._opened_at = 0.0
        self._uidnext = 0
        self._exists = 0
        self._keywords = False
        self._uidvalidity = 0
        self._refusals: Counter[int] = Counter()
        self._names: dict[str, str] = {}

    @property
    def is_open(self) -> bool:
        """Whether the last step left a usable connection."""
        return self._client is not None

    @property
    def is_stale(self) -> bool:
        """Whether the connection is hours old: imaplib keeps every untagged answer, so it should be opened anew."""
        return self._client is not None and time.monotonic() - self._opened_at > STALE_SECONDS

    async def open(self) -> None:
        """Connect and log in, closing what was open before."""
        await self.close()
        given_up = threading.Event()

        def connect() -> IMAPClient:
            client = open_imap(self.account)
            if given_up.is_set():
                hang_up(client)
            return client

        try:
            self._client = await self._lane.run(connect, self.account.connect_timeout + 5 * self.account.timeout)
        except BaseException as exc:
            given_up.set()
            self._lane.end()
            if not isinstance(exc, TimeoutError):
                raise
            raise MailboxDown(self.account, "logging in took too long.", "The daemon tries again.") from exc
        self._opened_at = time.monotonic()

    async def select(self, folder: str) -> Selected:
        """Enter the folder. FolderMissing where there is none of that name."""
        real = self._real(folder)
        answer = await self._step(f"opening the folder {folder!r}", lambda c: c.select_folder(real))
        self._uidnext = int(answer.get(b"UIDNEXT", 0))
        self._exists = int(answer.get(b"EXISTS", 0))
        self._keywords = b"\\*" in answer.get(b"PERMANENTFLAGS", ())
        selected = Selected(int(answer.get(b"UIDVALIDITY", 0)), self._uidnext, self._exists)
        if selected.uidvalidity != self._uidvalidity:
            self._uidvalidity = selected.uidvalidity
            self._refusals.clear()
        return selected

    async def uids_above(self, uid: int) -> list[int]:
        """The UIDs above `uid` in the selected folder, ascending, those that came since SELECT as well."""
        return await self._search(uid + 1, [])

    async def uids_since(self, day: date) -> list[int]:
        """The UIDs of the messages that the server took on `day` (its own calendar) or later, ascending."""
        return await self._search(1, ["SINCE", day])

    async def count_before(self, day: date) -> int:
        """How many messages of the selected folder the server took before `day` (its own calendar)."""
        return len(await self._search(1, ["BEFORE", day]))

    async def sizes(self, uids: Sequence[int]) -> dict[int, Sized]:
        """Size and time of the messages that are still there."""
        found: dict[int, Sized] = {}
        for some in chunks(uids):
            ask = partial(IMAPClient.fetch, messages=some, data=["RFC822.SIZE", "INTERNALDATE"])
            answer = await self._step("asking for sizes", ask)
            for uid, items in answer.items():
                if uid in some and isinstance(items.get(b"RFC822.SIZE"), int):
                    found[uid] = Sized(items[b"RFC822.SIZE"], utc(items.get(b"INTERNALDATE")))
        return found

    async def fetch(self, uids: Sequence[int], octets: int = 16_000_000) -> list[Fetched]:
        """The whole messages that are still there, ascending, not marked as seen. `octets`: how much to expect.

        A server says no to a whole list where it cannot read one message of it: then each is asked for alone, and what
        was refused alone MOST_REFUSALS times is left out, since it will not be read by asking again.
        """
        found: dict[int, Fetched] = {}
        for some in chunks(uids):
            try:
                answer = await self._bodies(some, octets)
            except CommandRefused:
                answer = await self._bodies_one_by_one(some, octets)
            for uid, items in answer.items():
                if uid in some and isinstance(items.get(b"BODY[]"), bytes):
                    found[uid] = Fetched(uid, utc(items.get(b"INTERNALDATE")), items[b"BODY[]"])
        return [found[uid] for uid in sorted(found)]

    async def _bodies(self, uids: Sequence[int], octets: int) -> dict[int, Any]:
        ask = partial(IMAPClient.fetch, messages=uids, data=["BODY.PEEK[]", "INTERNALDATE"])
        return await self._step("fetching mail", ask, octets)

    async def _bodies_one_by_one(self, uids: Sequence[int], octets: int) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for uid in uids:
            try:
                found |= await self._bodies([uid], octets)
            except CommandRefused:
                self._refusals[uid] += 1
                if self._refusals[uid] < MOST_REFUSALS:
                    raise
        return found

    async def fetch_head(self, uid: int, limit: int) -> bytes:
        """The header block and the first text part, cut at `limit` octets: a mail too big to fetch, as a readable mail.

        Where the structure does not tell where the text is, the first `limit` octets of the body. Empty where the
        message is gone; a subject that tells where it lies where the server cannot read it at all (see `fetch`).
        """
        try:
            ask = partial(head, uid=uid, limit=limit)
            return await self._step("fetching the head of a mail", ask, HEADER_OCTETS + limit)
        except CommandRefused:
            if self._refusals[uid] < MOST_REFUSALS:
                raise
            place = f"{self.account.user}, UID {uid}, UIDVALIDITY {self._uidvalidity}"
            return f"Subject: The mail server cannot read this mail ({place})\r\n\r\n".encode()

    async def move(self, uids: Sequence[int], folder: str) -> Moved:
        """Put the messages into `folder`, and say how.

        Without MOVE by COPY, the deleted flag and UID EXPUNGE, which takes out these and no others; where that is
        missing too the messages stay, flagged, since a bare EXPUNGE could take out a stranger's mail. A folder that
        was ensured and that somebody took away is made anew.
        """
        way = await self._step("asking for abilities", way_of_moving)
        for some in chunks(uids):
            try:
                await self._put(way, some, folder)
            except FolderMissing:
                if folder not in self._names:
                    raise
                await self.ensure_folders([folder])
                await self._put(way, some, folder)
        return way

    async def _put(self, way: Moved, uids: Sequence[int], folder: str) -> None:
        marks = [b"\\Seen", KEPT_KEYWORD] if self._keywords else [b"\\Seen"]
        put = partial(WAYS[way], uids=uid_set(uids), folder=self._real(folder), marks=marks)
        await self._step(f"moving mail to {folder!r}", put)

    async def ensure_folders(self, names: Iterable[str]) -> None:
        """Create and subscribe to the folders that are missing.

        A server that wants them below its own prefix (as `INBOX.Processed`) gets them there; the short name goes on
        working in this object.
        """
        wanted = [_sound(name) for name in names if name]
        self._names |= await self._step("looking for folders", lambda c: ensure_folders(c, wanted))

    async def append(self, folder: str, raw: bytes, flags: Sequence[str] = ()) -> None:
        """Put a message of ours into `folder`, as the Sent folder wants it (line ends become CRLF)."""
        real = self._real(folder)
        await self._step(f"putting mail into {folder!r}", lambda c: c.append(real, raw, flags), len(raw))

    async def count(self, folder: str) -> int:
        """How many messages lie in `folder`, which need not be selected."""
        real = self._real(folder)
        answer = await self._step(f"counting the mail in {folder!r}", lambda c: c.folder_status(real, ["MESSAGES"]))
        return int(answer.get(b"MESSAGES", 0))

    async def folders(self) -> list[str]:
        """The names of all folders."""
        listed = await self._step("listing folders", lambda c: c.list_folders())
        return [name for _flags, _delimiter, name in listed if isinstance(name, str)]

    async def has_idle(self) -> bool:
        """Whether the server tells news by itself (RFC 2177)."""
        return bool(await self._step("asking for abilities", lambda c: c.has_capability("IDLE")))

    async def noop(self) -> None:
        """Keep the connection, and learn whether it still is one."""
        await self._step("asking whether the server is there", lambda c: c.noop())

    async def close(self) -> None:
        """Say goodbye, or cut the line where the server does not answer within two seconds."""
        client = self._client
        if client is not None:
            with contextlib.suppress(TimeoutError):
                await self._lane.run(lambda: log_out(client), GOODBYE_SECONDS)
            self._abandon(client)

    async def _search(self, low: int, criteria: list[Any]) -> list[int]:
        """UIDs from `low` on that meet `criteria` (constants and dates of ours), asked for in windows."""
        await self.noop()  # a server shows mail that has come since in the answer to a command, not before it
        found: set[int] = set()
        for first, last in windows(low, self._uidnext, self._exists):
            asked = [*criteria, "UID", f"{first}:{last}"]
            answer = await self._step("searching", partial(IMAPClient.search, criteria=asked))
            found.update(uid for uid in answer if uid >= low)
        if found:
            self._uidnext = max(self._uidnext, max(found) + 1)
        return sorted(found)

    def _real(self, folder: str) -> str:
        return self._names.get(folder, _sound(folder))

    async def _step(self, step: str, call: Callable[[IMAPClient], _T], octets: int = 0) -> _T:
        """Run one blocking call in the connection's thread. After MailboxDown or a cancelled wait the line is cut."""
        client = self._client
        if client is None:
            raise MailboxDown(self.account, "the mailbox is not open.", "Open it first.")

        def in_thread() -> _T:
            with in_words(self.account, step):
                return call(client)

        try:
            return await self._lane.run(in_thread, 5 * self.account.timeout + octets / SLOWEST_OCTETS)
        except TimeoutError as exc:
            self._abandon(client)
            raise MailboxDown(self.account, f"the server was too slow while {step}.", "Connecting anew.") from exc
        except MailboxDown:
            self._abandon(client)
            raise
        except BaseException as exc:
            if not isinstance(exc, Exception):  # cancelled: the answer that is still to come would be misread
                self._abandon(client)
            raise

    def _abandon(self, client: IMAPClient) -> None:
        self._client = None
        sever(client)
        self._lane.end(partial(hang_up, client))


def _sound(folder: str) -> str:
    """The name itself. ValueError for control characters and for no name at all."""
    if not folder or has_control(folder):
        raise ValueError(f"{folder!r} is no name for a folder: it is empty or has control characters.")
    return folder
