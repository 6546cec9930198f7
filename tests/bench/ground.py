"""Where the benchmark runs: private servers, mailboxes filled at a stroke, and maildesk as its users start it."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from servers import dovecot as dovecot_server
from servers.dovecot import PASSWORD, Dovecot
from servers.places import await_greeting, end, folder, free_ports, program

from bench.processes import cpu_seconds

WAITING = "Waiting"
PATIENCE = 240.0
LOOK_SECONDS = 0.05
AT_REST = 0.021  # CPU seconds in half a second: at most two ticks

CONFIGURATION = """\
data = "{data}"

[limits]
letters_per_address_per_day = 1000000
letters_per_domain_per_hour = 1000000
letters_per_desk_per_hour = 1000000
letters_per_person_per_hour = 1000000

[[desk]]
name = "complaints"
address = "complaints@shop.example"
title = "Complaints"
organisation = "The Shop"
contact_name = "the complaints team"
zone = "Europe/London"
mailbox.host = "127.0.0.1"
mailbox.security = "none"
mailbox.port = {imap}
mailbox.user = "{user}"
mailbox.password = "{password}"
submission.host = "127.0.0.1"
submission.security = "none"
submission.port = {smtp}
"""
HANDLER = """
[[staff]]
key = "anna"
name = "Anna Becker"
address = "anna@staff.example"
"""
DIFFERENCES = (
    "letters_per_address_per_day = 1000000 (usual: 5)",
    "letters_per_domain_per_hour = 1000000 (usual: 120)",
    "letters_per_desk_per_hour = 1000000 (usual: 1200)",
    "letters_per_person_per_hour = 1000000 (usual: 200)",
    "no staff, so that nobody is told of new cases (the line with notices: one handler)",
    'security = "none", to loopback',
)


@contextlib.contextmanager
def ground() -> Iterator[Dovecot]:
    """A private Dovecot. Raises ServerMissing."""
    server = dovecot_server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def smtp_sink() -> Iterator[int]:
    """The port of Postfix's own sink, which takes everything and remembers nothing. Raises ServerMissing."""
    (port,) = free_ports(1)
    command = [program("smtp-sink", "postfix"), "-c", *(["-u", "nobody"] if os.geteuid() == 0 else [])]
    process = subprocess.Popen(
        [*command, f"127.0.0.1:{port}", "100"], start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        await_greeting(port, b"220", lambda: process.poll() is None)
        yield port
    finally:
        end(process)


def fill(dovecot: Dovecot, user: str, files: Sequence[Path], name: str = "") -> None:
    """Put the mails into a folder of this user (none: the inbox) as hard links: no copy, and none of our CPU time."""
    client = dovecot.client(user)
    if name:
        client.create_folder(name)
    client.logout()
    box = dovecot.place / "mail" / user / (f".{name}" if name else "") / "new"
    for number, file in enumerate(files):
        os.link(file, box / f"{1_767_225_600 + number}.M{number:06d}.bench")


def let_in(dovecot: Dovecot, user: str) -> None:
    """Everything that waits is moved into the inbox by one command."""
    client = dovecot.client(user)
    client.select_folder(WAITING)
    client.socket().settimeout(PATIENCE)
    client.move("1:*", "INBOX")
    client.logout()


@dataclass(frozen=True, slots=True)
class Count:
    """What the database says: mails kept, mails dealt with and their letters gone, and whether nothing is left."""

    kept: int
    finished: int
    is_quiet: bool


@dataclass(slots=True)
class Daemon:
    """`maildesk run` as a process of its own, with its folder and mailbox, and a look into its database."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    user: str

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def file(self) -> Path:
        return self.folder / "maildesk.db"

    def ask(self, sql: str) -> list[tuple[int, ...]]:
        """The rows of one statement; none while there is no database yet."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)) as database:
                return database.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []

    def count(self) -> Count:
        """How far it is."""
        rows = self.ask(
            "SELECT (SELECT COUNT(*) FROM inbox), (SELECT COUNT(*) FROM inbox WHERE state = 'kept'),"
            " (SELECT COUNT(*) FROM inbox WHERE NOT is_moved),"
            " (SELECT COUNT(*) FROM letter WHERE state IN ('queued', 'sending'))"
        )
        kept, open_ones, unmoved, unsent = rows[0] if rows else (0, 0, 0, 0)
        return Count(kept, max(0, kept - open_ones - unsent), not (open_ones or unmoved or unsent))

    def until_kept(self, mails: int) -> None:
        """Wait until so many mails are dealt with in full."""
        until(self, lambda: (seen := self.count()).kept >= mails and seen.is_quiet)

    def demand(self, cases: int) -> None:
        """RuntimeError unless it has so many cases, each acknowledged: what went wrong is cheap, and is no figure."""
        ((opened, acknowledged),) = self.ask(
            "SELECT (SELECT COUNT(*) FROM case_file),"
            " (SELECT COUNT(DISTINCT case_id) FROM letter WHERE kind = 'acknowledgement' AND state = 'accepted')"
        )
        if (opened, acknowledged) != (cases, cases):
            raise RuntimeError(f"{opened} cases, {acknowledged} of them acknowledged, where {cases} were reckoned")

    def rest(self) -> None:
        """Wait until it uses no time."""
        before, at_rest = cpu_seconds(self.pid), 0
        while at_rest < 2:
            time.sleep(0.5)
            now = cpu_seconds(self.pid)
            at_rest = at_rest + 1 if now - before < AT_REST else 0
            before = now


def until(daemon: Daemon, holds: object, look: float = LOOK_SECONDS) -> None:
    """Wait until it holds. RuntimeError with the journal's end where it does not, or where the daemon ended."""
    deadline = time.monotonic() + PATIENCE
    while not holds():  # type: ignore[operator]
        if daemon.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((daemon.folder / "journal").read_text()[-4000:])
        time.sleep(look)


@contextlib.contextmanager
def maildesk(dovecot: Dovecot, smtp: int, user: str, more: str = "") -> Iterator[Daemon]:
    """A first start on this user's mailbox: running, listening, and at rest."""
    place = folder("bench")
    settings = place / "maildesk.toml"
    settings.write_text(
        CONFIGURATION.format(data=place, imap=dovecot.imap, user=user, password=PASSWORD, smtp=smtp) + more
    )
    with (place / "journal").open("wb") as journal:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "maildesk", "--config", settings, "run"],
            stderr=journal,
            start_new_session=True,
        )
    daemon = Daemon(place, process, user)
    try:
        until(daemon, lambda: daemon.ask("SELECT 1 FROM mailbox"))
        daemon.rest()
        yield daemon
    finally:
        end(process)
        shutil.rmtree(place, ignore_errors=True)
