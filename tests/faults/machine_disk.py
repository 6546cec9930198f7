"""A small disk of a desk's own, to be filled and forbidden: a file system that this user may mount."""

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from servers.places import SYSTEM_FOLDERS, ServerMissing

from faults.table import Ground

DISK = 24 << 20
SECONDS = 60

Fault = Callable[[], "contextlib.AbstractContextManager[object]"]


def tmpfs(place: Path) -> None:
    """In memory."""
    _mount("-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", str(place))


def ext4(place: Path) -> None:
    """On a file: a file system that heeds at each write that a file is immutable."""
    image = place.with_name("image")
    with image.open("wb") as file:
        file.truncate(DISK)
    _as_root("mkfs.ext4", "-q", str(image))
    _mount("-o", "loop", str(image), str(place))


@contextlib.contextmanager
def small_disk(ground: Ground, kind: Callable[[Path], None] = tmpfs) -> Iterator[Path]:
    """A file system of its own; ServerMissing where this user may not mount one."""
    place = ground.folder() / "disk"
    place.mkdir()
    kind(place)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], timeout=SECONDS, check=False)


def _mount(*words: str) -> None:
    _as_root("mount", *words)


def _as_root(*words: str) -> None:
    path = os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_FOLDERS])
    try:
        subprocess.run(words, capture_output=True, timeout=SECONDS, check=True, env=os.environ | {"PATH": path})
    except (OSError, subprocess.CalledProcessError) as failed:
        raise ServerMissing(f"{words[0]} is not to be had here ({failed}): `make faults` as root can") from failed


def full_disk(disk: Path, left: int) -> Fault:
    """So many bytes are left on it."""

    @contextlib.contextmanager
    def filled() -> Iterator[None]:
        ballast = disk / "ballast"
        with contextlib.closing(sqlite3.connect(disk / "maildesk.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else new mail has room in the log of old mail
        room = os.statvfs(disk)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, room.f_bavail * room.f_frsize - left))
        try:
            yield
        finally:
            ballast.unlink()

    return filled


def unwritable(disk: Path) -> Fault:
    """The files of the database are immutable, for those as well that have them open."""

    @contextlib.contextmanager
    def immutable() -> Iterator[None]:
        files = [str(file) for file in disk.glob("maildesk.db*")]
        _as_root("chattr", "+i", *files)
        try:
            yield
        finally:
            _as_root("chattr", "-i", *files)

    return immutable


@contextlib.contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """It is mounted read-only: nobody may have a file open to write to."""
    _mount("-o", "remount,ro", str(disk))
    try:
        yield
    finally:
        _mount("-o", "remount,rw", str(disk))
