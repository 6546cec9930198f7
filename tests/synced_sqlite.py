"""A disk that forgets: beside each SQLite file lies what it was at its last sync, and a cut of power leaves only that.

`remember_syncs` puts a VFS of its own under the process's SQLite (https://sqlite.org/vfs.html), a copy of the usual one
but for xOpen and xSync. After a sync the file's bytes are written to `<file>.synced`, by a rename, so that a kill finds
the old copy or the new. They are read by xRead: to open and close the file here would drop SQLite's fcntl locks.

`cut_power` is for after the kill of the process. What was never synced is gone.
"""

import ctypes
import os
import sys
import time
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path

SYNCED = ".synced"
SLOW_DISK_SECONDS = 0.02
_OK = 0
_SETTLES = ("", "-wal", "-journal")
_kept: list[object] = []  # ctypes frees what nobody holds


class SqliteOutOfReachError(RuntimeError):
    """Python's SQLite is not a shared library here: its VFS cannot be reached."""


class _Methods(ctypes.Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = [("version", c_int), *((f"x{n}", c_void_p) for n in range(18))]


class _File(ctypes.Structure):
    """sqlite3_file."""

    _fields_ = [("methods", POINTER(_Methods))]


class _Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = [
        ("version", c_int),
        ("size_of_file", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("own", c_void_p),
        ("open", c_void_p),
        *((f"x{n}", c_void_p) for n in range(15)),
    ]


_READ, _SYNC, _SIZE = "x1", "x4", "x5"
_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(_File), c_int, c_void_p)
_Read = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)
_Size = CFUNCTYPE(c_int, c_void_p, POINTER(c_int64))


def _library() -> ctypes.CDLL:
    """The SQLite that Python's own module has loaded; SqliteOutOfReachError where it is a part of that module."""
    import sqlite3  # noqa: F401 - loads the library

    if not sys.platform.startswith("linux"):
        raise SqliteOutOfReachError("the loaded libraries are listed on Linux only")
    places = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libsqlite3" in line}
    if len(places) != 1:
        raise SqliteOutOfReachError(f"{len(places)} shared libraries of SQLite are loaded")
    return ctypes.CDLL(places.pop())


def is_possible() -> bool:
    """Whether `remember_syncs` can do it here."""
    try:
        _library()
    except SqliteOutOfReachError:
        return False
    return True


def remember_syncs(sync_seconds: float = 0.0) -> None:
    """From now on every file that SQLite opens by a name has its last synced state beside it.

    A sync takes so long at least: on a fast disk hardly any cut would find something that is not yet synced.
    """
    library = _library()
    library.sqlite3_vfs_find.restype = POINTER(_Vfs)
    library.sqlite3_vfs_find.argtypes = [c_char_p]
    library.sqlite3_vfs_register.argtypes = [POINTER(_Vfs), c_int]
    library.sqlite3_initialize()
    usual = library.sqlite3_vfs_find(None).contents
    ours = _Vfs.from_buffer_copy(usual)
    usual_open = _Open(usual.open)

    @_Open
    def opened(vfs: int, name: int | None, file: "ctypes._Pointer[_File]", flags: int, out_flags: int) -> int:
        result = usual_open(vfs, name, file, flags, out_flags)
        if result == _OK and name and file.contents.methods:
            _watch(file, os.fsdecode(ctypes.string_at(name)), sync_seconds)
        return result

    ours.name = b"synced"
    ours.open = ctypes.cast(opened, c_void_p).value
    _kept.extend((opened, ours, usual_open))
    if library.sqlite3_vfs_register(ctypes.byref(ours), 1) != _OK:
        raise SqliteOutOfReachError("SQLite takes no other VFS")


def _watch(file: "ctypes._Pointer[_File]", path: str, sync_seconds: float) -> None:
    """Give this open file methods of its own."""
    usual = file.contents.methods.contents
    methods = _Methods.from_buffer_copy(usual)
    usual_sync, read, size = (
        _Sync(getattr(usual, _SYNC)),
        _Read(getattr(usual, _READ)),
        _Size(getattr(usual, _SIZE)),
    )

    @_Sync
    def synced(one: int, flags: int) -> int:
        time.sleep(sync_seconds)
        result = usual_sync(one, flags)
        if result == _OK:
            octets = c_int64()
            size(one, ctypes.byref(octets))
            content = ctypes.create_string_buffer(max(1, octets.value))
            if octets.value:
                read(one, content, octets.value, 0)
            _put(Path(path + SYNCED), content.raw[: octets.value])
        return result

    setattr(methods, _SYNC, ctypes.cast(synced, c_void_p).value)
    file.contents.methods = ctypes.pointer(methods)
    _kept.extend((methods, synced, usual_sync, read, size))


def _put(place: Path, content: bytes) -> None:
    fresh = place.with_name(place.name + ".fresh")
    fresh.write_bytes(content)
    fresh.replace(place)


def cut_power(database: Path) -> int:
    """Put each file of the database back to its last sync; the octets that were lost or undone, at least so many."""
    lost = 0
    database.with_name(database.name + "-shm").unlink(missing_ok=True)
    for ending in _SETTLES:
        file = database.with_name(database.name + ending)
        safe = file.with_name(file.name + SYNCED)
        if not file.exists():
            continue
        now, then = file.read_bytes(), safe.read_bytes() if safe.exists() else b""
        lost += sum(map(int.__ne__, now, then)) if len(now) == len(then) else abs(len(now) - len(then))
        if safe.exists():
            file.write_bytes(then)
        else:
            file.unlink()
    return lost


if __name__ == "__main__":
    from maildesk.__main__ import main

    remember_syncs(SLOW_DISK_SECONDS)
    main()
