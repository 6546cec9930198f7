"""A running desk to which numbered mails come, one after the other, while something is wrong with its machine."""

import contextlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from running import RunningDesk, running_desk
from servers.sink import Sink

from faults.numbered import address, mail
from faults.reckoning import reckon
from faults.table import Ground, Line

PATIENCE = 90.0


@dataclass(slots=True)
class Numbered:
    """A desk, the sink that its letters go to, and the numbers of the mails that Dovecot took for it."""

    desk: RunningDesk
    sink: Sink
    accepted: list[int] = field(default_factory=list)

    @property
    def pid(self) -> int:
        assert self.desk.process
        return self.desk.process.pid

    def deliver(self, count: int) -> None:
        """The next so many mails."""
        for _ in range(count):
            number = len(self.accepted)
            self.desk.dovecot.deliver(mail(number, self.desk.user), self.desk.user, sender=address(number))
            self.accepted.append(number)

    def until_done(self, more: int = 0) -> None:
        """Until all mail is dealt with and answered, or for a long time: the count then shows what is missing."""
        end = time.monotonic() + PATIENCE
        while not self.desk.at_rest(len(self.accepted) + more) and time.monotonic() < end:
            time.sleep(0.05)

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command of maildesk beside it."""
        command = [sys.executable, "-m", "maildesk", "--config", str(self.desk.folder / "maildesk.toml"), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def says(self, *words: str, since: int = 0) -> bool:
        """Whether the journal has one of these words, after so many characters."""
        said = self.desk.journal()[since:].lower()
        return any(word.lower() in said for word in words)

    def within(self, holds: Callable[[], object], seconds: float = 20.0) -> bool:
        """Whether it comes true in time."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def reckoned(self) -> list[Line]:
        """The usual counts, after it has ended as it was asked to."""
        assert self.desk.process
        alive = self.desk.process.poll() is None
        status = self.desk.stop()
        return [
            Line("mails accepted by Dovecot over LMTP", len(self.accepted)),
            *reckon(self.desk, self.sink, self.accepted, {}),
            Line("still running after the last of it, as the process of the beginning", int(alive), 1),
            Line("exit status after SIGTERM at the end", status, 0),
        ]


@contextlib.contextmanager
def numbered_desk(
    ground: Ground, place: Path | None = None, limits: str = "free_bytes = 0", program: str = "maildesk"
) -> Iterator[Numbered]:
    """A desk that runs and has looked at its mailbox.

    `place` holds its data, `limits` are more lines of [limits], `program` is the module that runs it.
    """
    folder, sink = ground.folder(), Sink()
    try:
        with running_desk(folder, ground.dovecot, ground.user("complaints"), sink.port) as desk:
            _rewrite(folder, place, limits)
            desk.program = program
            desk.start()
            desk.until(desk.begun)
            desk.until(desk.has_started)
            yield Numbered(desk, sink)
    finally:
        sink.stop()


def _rewrite(folder: Path, place: Path | None, limits: str) -> None:
    """The configuration with these changes; a link stands where the tests look for the database."""
    file = folder / "maildesk.toml"
    text = file.read_text().replace("[limits]\n", f"[limits]\n{limits}\n")
    text = text.replace("poll_seconds = 5", "poll_seconds = 1")
    if place:
        text = text.replace(f'data = "{folder}"', f'data = "{place}"')
        (folder / "maildesk.db").symlink_to(place / "maildesk.db")
    file.write_text(text)


def integrity(file: Path) -> str:
    """What SQLite says of the file: "ok" where nothing is wrong."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return str(database.execute("PRAGMA integrity_check").fetchone()[0])
