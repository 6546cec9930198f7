"""`health.json` in the data folder: what the running daemon says of its desks, for `maildesk check` and for monitors.

It is written whole and put in place by a rename, readable by its owner alone, at least once a minute while a daemon
runs, and taken away when the daemon ends. Times are aware, in UTC, as RFC 3339 text.
"""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from maildesk.desk.watch import Health, Trouble

NAME = "health.json"


@dataclass(frozen=True, slots=True)
class DeskHealth:
    """One desk: when its mailbox was last read to the end, and its troubles by the name of the concern."""

    mailbox_read_at: datetime | None
    troubles: dict[str, Trouble]


@dataclass(frozen=True, slots=True)
class Report:
    """What the daemon with this process id said of its desks at that moment."""

    pid: int
    written_at: datetime
    desks: dict[str, DeskHealth]


def report(healths: Mapping[str, Health], now: datetime) -> Report:
    """The desks as they are now."""
    desks = {
        name: DeskHealth(health.mailbox_read_at, {concern.value: one for concern, one in health.troubles.items()})
        for name, health in healths.items()
    }
    return Report(os.getpid(), now, desks)


def write(file: Path, said: Report) -> None:
    """Put the report in place of the former one. Raises OSError, and leaves nothing half written."""
    new = file.with_name(f"{file.name}.new")
    octets = msgspec.json.format(msgspec.json.encode(said), indent=1)
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(octets + b"\n")
        new.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise


def read(file: Path) -> Report | None:
    """The last report, or None where there is none. Raises OSError, and ValueError where it is no report of ours."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Report)
    except FileNotFoundError:
        return None


def is_alive(pid: int) -> bool:
    """Whether a process of this id runs on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
