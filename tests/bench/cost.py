"""What a mail costs: CPU seconds of maildesk's whole process tree beside those of the bare libraries, in one run."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from servers.dovecot import PASSWORD, Dovecot

from bench.ground import WAITING, Daemon, fill, let_in, maildesk, until
from bench.mails import Mails, expected, measure
from bench.processes import cpu_seconds

WARMING = (
    b"From: first@example.org\r\nTo: complaints@shop.example\r\nSubject: First\r\n"
    b"Message-ID: <first@example.org>\r\n\r\nHello\r\n"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds a mail, and mails a second. `starting` are the CPU seconds of a start and of the first mail."""

    milliseconds: float
    rate: float
    starting: float = 0.0


def floor(dovecot: Dovecot, smtp: int, user: str, mails: Mails) -> Cost:
    """The same mails by the bare libraries in one straight script. Raises MeasureMissing."""
    fill(dovecot, user, mails.files)
    with tempfile.TemporaryDirectory() as place:
        said = subprocess.run(
            [
                *(sys.executable, measure("floor.py"), "--imap", f"127.0.0.1:{dovecot.imap}", "--user", user),
                *("--password", PASSWORD, "--smtp", f"127.0.0.1:{smtp}", "--database", Path(place) / "floor.db"),
            ],
            check=True, stdout=subprocess.PIPE, timeout=600,
        )  # fmt: skip
    found = json.loads(said.stdout)
    if found["mails"] != len(mails.files):
        raise RuntimeError(f"the floor saw {found['mails']} of {len(mails.files)} mails")
    return Cost(found["cpu_us_per_mail"] / 1000, found["mails_per_second"])


def whole(dovecot: Dovecot, smtp: int, user: str, mails: Mails, more: str = "") -> Cost:
    """The same mails by maildesk: they come all at once to a desk at rest that has had one mail before.

    RuntimeError where they did not become the cases and acknowledgements that were reckoned.
    """
    fill(dovecot, user, mails.files, WAITING)
    with maildesk(dovecot, smtp, user, more) as daemon:
        warm(dovecot, daemon)
        starting = cpu_seconds(daemon.pid)
        let_in(dovecot, user)
        until(daemon, lambda: daemon.count().kept > 1, 0.01)
        begin, first = time.monotonic(), daemon.count().finished
        daemon.until_kept(len(mails.files) + 1)
        taken = time.monotonic() - begin
        spent = cpu_seconds(daemon.pid) - starting
        daemon.demand(len(expected(mails).opening) + 1)
        return Cost(spent / len(mails.files) * 1000, (len(mails.files) + 1 - first) / taken, starting)


def warm(dovecot: Dovecot, daemon: Daemon) -> None:
    """One mail, so that the readers are there; then rest."""
    dovecot.deliver(WARMING, daemon.user)
    daemon.until_kept(1)
    daemon.rest()
