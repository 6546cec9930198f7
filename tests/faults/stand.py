"""A desk with the real `maildesk run`, faulty wires to its two servers, and mails that come in while one is broken.

What came of them is counted by `reckoning`; beside it whether the process is the one that began, and whether it was
busy: a loop that turns without a pause takes a whole core.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.processes import cpu_seconds
from running import RunningDesk
from servers.dovecot import Dovecot
from servers.proxy import Proxy
from servers.sink import Sink

from faults.numbered import address, mail
from faults.reckoning import message_id_of, reckon
from faults.table import Line

LOOK_SECONDS = 3.0
BUSY = 0.5  # of a core
REST_SECONDS = 60.0
PLAYED_SECONDS = 30.0
TIMEOUT_SECONDS = 2


@dataclass(slots=True)
class Stand:
    """The desk under torment. `count` mails were delivered so far."""

    desk: RunningDesk
    sink: Sink
    imap: Proxy
    smtp: Proxy
    count: int = 0
    beside: list[Line] = field(default_factory=list)

    def deliver(self, mails: int = 2) -> None:
        """Some more numbered mails, by LMTP."""
        for number in range(self.count, self.count + mails):
            self.desk.dovecot.deliver(mail(number, self.desk.user), self.desk.user, sender=address(number))
            self.count += 1

    def until(self, holds: Callable[[], object], seconds: float = PLAYED_SECONDS) -> bool:
        """Wait until it holds, or not longer than this: the table then shows what is missing."""
        end = time.monotonic() + seconds
        while not (held := bool(holds())) and time.monotonic() < end:
            time.sleep(0.02)
        return held

    def until_at_rest(self, seconds: float = REST_SECONDS) -> bool:
        """Until everything delivered so far is dealt with."""
        return self.until(lambda: self.desk.at_rest(self.count), seconds)


@dataclass(frozen=True, slots=True)
class Wiring:
    """How the desk is configured beside the usual: replacements in its file; `hurried`: long waits are short.

    `tls`: a folder with cert.pem and key.pem for the sink.
    """

    changes: Sequence[tuple[str, str]] = ()
    imap: int = 0
    smtp: int = 0
    hurried: bool = False
    tls: Path | None = None
    extensions: Sequence[str] = ("SIZE 60000000", "8BITMIME")


@contextlib.contextmanager
def standing(
    place: Path, dovecot: Dovecot, user: str, wiring: Wiring | None = None, desk: RunningDesk | None = None
) -> Iterator[Stand]:
    """The desk at work, both its servers behind proxies."""
    wiring = wiring or Wiring()
    sink = Sink(extensions=wiring.extensions)
    if wiring.tls:
        sink.use_certificate(wiring.tls)
    imap, smtp = Proxy(wiring.imap or dovecot.imap), Proxy(wiring.smtp or sink.port)
    stand = Stand(desk or RunningDesk(place, dovecot, user), sink, imap, smtp)
    try:
        _configure(stand, wiring)
        _start(stand.desk, hurried=wiring.hurried)
        stand.desk.until(stand.desk.begun)
        yield stand
    finally:
        if stand.desk.process and stand.desk.process.poll() is None:
            stand.desk.process.kill()
            stand.desk.process.wait(10)
        for one in (imap, smtp, sink):
            one.stop()


def _configure(stand: Stand, wiring: Wiring) -> None:
    """The usual file, with the proxies' ports and short timeouts."""
    stand.desk.configure(stand.smtp.port)
    file = stand.desk.folder / "maildesk.toml"
    short = f"timeout_seconds = {TIMEOUT_SECONDS}"
    changes = [
        (f"port = {stand.desk.dovecot.imap}\n", f"port = {stand.imap.port}\n{short}\n"),
        (f"port = {stand.smtp.port}\n", f"port = {stand.smtp.port}\n{short}\n"),
        ("poll_seconds = 5\n", "poll_seconds = 1\n"),
        *wiring.changes,
    ]
    text = file.read_text()
    for old, new in changes:
        if old not in text:
            raise ValueError(f"{old!r} is not in the configuration")
        text = text.replace(old, new, 1)
    file.write_text(text)


def _start(desk: RunningDesk, *, hurried: bool) -> None:
    if not hurried:
        desk.start()
        return
    with (desk.folder / "journal").open("ab") as journal:
        desk.process = subprocess.Popen(
            [sys.executable, "-m", "hurried_daemon", "--config", str(desk.folder / "maildesk.toml"), "run"],
            stdout=journal, stderr=journal, cwd=Path(__file__).parent.parent, env=os.environ,
        )  # fmt: skip


class Pulse:
    """Looks every few seconds how much of a core the processes take, for as long as the block runs."""

    def __init__(self, root: int) -> None:
        self.looks = self.busy = 0
        self._root = root
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._began, self._cpu = time.monotonic(), cpu_seconds(root)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.seconds = time.monotonic() - self._began
        self.cpu = cpu_seconds(self._root) - self._cpu

    def _watch(self) -> None:
        before, at = cpu_seconds(self._root), time.monotonic()
        while not self._over.wait(LOOK_SECONDS):
            now, then = cpu_seconds(self._root), time.monotonic()
            self.looks += 1
            self.busy += now - before > BUSY * (then - at)
            before, at = now, then


def suffer(stand: Stand, torment: Callable[[Stand], None]) -> list[Line]:
    """Do it, wait until all is done, and count: the reckoning, the process, and what it cost."""
    assert stand.desk.process
    with Pulse(stand.desk.process.pid) as pulse:
        torment(stand)
        stand.until_at_rest()
    is_the_same = stand.desk.process.poll() is None
    unanswered = Counter(message_id_of(one.octets) for one in stand.sink.unanswered)
    stopped = stand.desk.stop() if is_the_same else stand.desk.process.returncode
    counts = [
        *reckon(stand.desk, stand.sink, range(stand.count), unanswered),
        *stand.beside,
        Line("the process that began is the one that ended (1: yes)", int(is_the_same), 1),
        Line("exit status after SIGTERM at the end", stopped, 0),
        Line(f"looks, each {LOOK_SECONDS:.0f} s long, in which it took more than {BUSY:.0%} of a core", pulse.busy, 0),
        Line("CPU seconds, of so many in all", f"{pulse.cpu:.1f} of {pulse.seconds:.0f}"),
    ]
    return shortened(counts)


SHOWN = (
    "mails in Processed in all",
    "cases (database)",
    "acknowledgements at the sink, by Message-ID",
    "copies on the wire",
    "CPU seconds, of so many in all",
)


def shortened(counts: Sequence[Line]) -> list[Line]:
    """The counts that people look for, every one that is not as promised, and how many others are."""
    shown = [one for one in counts if one.what.strip() in SHOWN or not one.is_kept]
    others = [one for one in counts if one not in shown and one.wanted is not None]
    broken = sum(not one.is_kept for one in counts)
    return [*shown, Line(f"of these and {len(others)} other counts, not as promised", broken, 0)]
