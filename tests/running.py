"""`maildesk run` as a process of its own, for tests of how it ends: by a signal, or killed at a named place."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from servers.dovecot import PASSWORD, Dovecot

PATIENCE = 30.0
LOOK_SECONDS = 0.02
PLACE = "MAILDESK_DIES"
_CONFIGURATION = """
data = "{folder}"
[limits]
letters_per_address_per_day = 1000000
letters_per_domain_per_hour = 1000000
letters_per_desk_per_hour = 1000000
letters_per_person_per_hour = 1000000
[[desk]]
name = "complaints"
address = "{user}"
title = "Complaints Desk"
organisation = "Example Council"
contact_name = "the complaints team"
zone = "Europe/London"
[desk.next_stage]
en = "You can go to the Example Ombudsman."
de = "Sie können zur Schlichtungsstelle gehen."
[desk.mailbox]
host = "127.0.0.1"
security = "none"
port = {imap}
user = "{user}"
password = "{password}"
poll_seconds = 5
[desk.submission]
host = "127.0.0.1"
security = "none"
port = {smtp}
[[staff]]
key = "anna"
name = "Anna Becker"
address = "anna@staff.test"
"""


@dataclass(slots=True)
class RunningDesk:
    """One desk's folder and mailbox, and the process that works with them, if one runs. `program`: its module."""

    folder: Path
    dovecot: Dovecot
    user: str
    process: "subprocess.Popen[bytes] | None" = None
    said_before: int = 0
    program: str = "maildesk"

    def configure(self, smtp: int) -> None:
        """Write its configuration; its letters go to this port."""
        text = _CONFIGURATION.format(
            folder=self.folder, user=self.user, imap=self.dovecot.imap, smtp=smtp, password=PASSWORD
        )
        (self.folder / "maildesk.toml").write_text(text)
        (self.folder / "maildesk.toml").chmod(0o600)

    def start(self, dies: str = "") -> "subprocess.Popen[bytes]":
        """Start it, as itself or (`dies`) as one that kills itself at this place."""
        self.said_before = len(self.journal())
        program = ["-m", "dying_daemon" if dies else self.program]
        with (self.folder / "journal").open("ab") as journal:
            self.process = subprocess.Popen(
                [sys.executable, *program, "--config", str(self.folder / "maildesk.toml"), "run"],
                stdout=journal, stderr=journal, cwd=Path(__file__).parent, env=os.environ | {PLACE: dies},
            )  # fmt: skip
        return self.process

    def has_started(self) -> bool:
        """Whether the loops of this process run."""
        return '"started"' in self.journal()[self.said_before :]

    def begun(self) -> bool:
        """Whether it has looked at its mailbox once: mail from now on is taken."""
        return bool(self.ask("SELECT 1 FROM mailbox"))

    def at_rest(self, mails: int) -> bool:
        """Whether so many mails are dealt with, moved on the server, and their letters gone."""
        rows = self.ask(
            "SELECT (SELECT COUNT(*) FROM inbox), (SELECT COUNT(*) FROM inbox WHERE state = 'kept' OR NOT is_moved)"
            " + (SELECT COUNT(*) FROM letter WHERE state IN ('queued', 'sending'))"
        )
        return rows == [(mails, 0)]

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of one statement; none while there is no such table."""
        file = self.folder / "maildesk.db"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
                return database.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []

    def until(self, holds: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait until it holds; AssertionError with the journal's end where it does not."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.journal()[-3000:]
            time.sleep(LOOK_SECONDS)

    def stop(self, seconds: float = PATIENCE) -> int:
        """Ask it to end, as the system does; how it ended. TimeoutExpired where it did not in time."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def journal(self) -> str:
        """What it said."""
        file = self.folder / "journal"
        return file.read_text() if file.exists() else ""


@contextlib.contextmanager
def running_desk(folder: Path, dovecot: Dovecot, user: str, smtp: int) -> Iterator[RunningDesk]:
    """A configured desk; whatever still runs at the end is killed by its pid."""
    desk = RunningDesk(folder, dovecot, user)
    desk.configure(smtp)
    try:
        yield desk
    finally:
        if desk.process and desk.process.poll() is None:
            desk.process.kill()
            desk.process.wait(10)
