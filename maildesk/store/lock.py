"""One daemon per SQLite file, held by a lock that the kernel lets go of when the process ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maildesk.store.errors import LockHeld, StoreError


@contextmanager
def lock(database: Path) -> Iterator[None]:
    """Hold the database for this process.

    Raises LockHeld, naming the holder, where another process has it; StoreError where the folder cannot be written.
    """
    place = database.with_name(database.name + ".lock")
    descriptor = _opened(place)
    try:
        _take(descriptor, place, database)
        yield
    finally:
        os.close(descriptor)


def _opened(place: Path) -> int:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as refused:
        raise StoreError(f"{place} cannot be written: {refused.strerror}") from refused


def _take(descriptor: int, place: Path, database: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = place.read_text(encoding="ascii", errors="replace").strip() or "unknown"
        raise LockHeld(f"{database} is in use by another maildesk (process {holder}): stop that one first") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
