"""Numbered mails, handed to a mail server steadily while something else goes on."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from servers.dovecot import Dovecot

LOOK_SECONDS = 0.01


def address(number: int) -> str:
    """Who writes the mail of this number."""
    return f"kay{number}@example.com"


def message_id(number: int) -> str:
    return f"<complaint.{number}@example.com>"


def mail(number: int, to: str) -> bytes:
    """The mail of this number: a sender, an id, a subject and words of its own."""
    head = f"From: Kay {number} <{address(number)}>\r\nTo: {to}\r\nMessage-ID: {message_id(number)}\r\n"
    head += f"Date: Tue, 03 Mar 2026 10:00:00 +0000\r\nSubject: Bins of street {number}\r\n"
    body = f"Dear council,\r\n\r\nthe bins of street {number} were not emptied.\r\n\r\nKay {number}\r\n"
    return f"{head}\r\n{body}".encode()


@dataclass(slots=True)
class Post:
    """Delivers `count` mails from number `begin` on by LMTP in a thread, each when `due()` exceeds those before it.

    They are `gap` seconds apart or so.

    `accepted` are the numbers that the server took. A refusal ends the delivery and is raised by `join`.
    """

    dovecot: Dovecot
    user: str
    count: int
    due: Callable[[], float]
    gap: float
    begin: int = 0
    accepted: list[int] = field(default_factory=list)
    _failure: BaseException | None = None
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._deliver, daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until all are delivered; raises what went wrong, or TimeoutError."""
        assert self._thread
        self._thread.join(seconds)
        if self._failure:
            raise self._failure
        if self._thread.is_alive():
            raise TimeoutError(f"only {len(self.accepted)} of {self.count} mails were delivered")

    def end(self) -> None:
        """Deliver no more."""
        self._over.set()

    def _deliver(self) -> None:
        try:
            for number in range(self.begin, self.begin + self.count):
                while number - self.begin >= self.due():
                    if self._over.wait(LOOK_SECONDS):
                        return
                self.dovecot.deliver(mail(number, self.user), self.user, sender=address(number))
                self.accepted.append(number)
                time.sleep(random.uniform(0, 2 * self.gap))  # noqa: S311 - a moment and no secret
        except BaseException as failure:  # noqa: BLE001 - raised by `join`, in the thread that can tell
            self._failure = failure
