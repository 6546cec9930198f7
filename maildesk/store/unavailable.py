"""Which failures are the database's own, whatever was asked of it, and what the operator can do about each.

SQLite is told by its primary result code, PostgreSQL by its SQLSTATE; tortoise hands both on as the argument of an
exception of its own.
"""

import sqlite3
from pathlib import Path
from types import MappingProxyType

from maildesk.store.errors import Unavailable

_SQLITE = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: "the disk is full: make room where {place} lies",
        sqlite3.SQLITE_READONLY: "{place} is read-only: give the daemon's user the right to write it and its folder",
        sqlite3.SQLITE_IOERR: "{place} cannot be read or written: look at the disk and at what the system says of it",
        sqlite3.SQLITE_CANTOPEN: "{place} cannot be opened: look at its folder, its rights and the open files",
        sqlite3.SQLITE_BUSY: "another process holds {place}: let it end",
        sqlite3.SQLITE_LOCKED: "another process holds {place}: let it end",
        sqlite3.SQLITE_PROTOCOL: "another process holds {place}: let it end",
        sqlite3.SQLITE_NOMEM: "there is no memory left to work with {place}",
        sqlite3.SQLITE_CORRUPT: "{place} is damaged: restore a backup",
        sqlite3.SQLITE_NOTADB: "{place} is no database: restore a backup",
    }
)
_POSTGRES = MappingProxyType(
    {
        "53100": "the server's disk is full: make room there",
        "25006": "the server takes no writes: it is read-only",
        "08": "the connection broke",
        "28": "the login was refused: look at the configured user and password",
        "3D": "the configured database is not there",
        "40": "it ended this transaction for another's sake",
        "53": "the server has too little of something: room, memory or connections",
        "55P03": "another process holds what is needed",
        "57": "the server is going down, coming up, or was told to end this",
        "58": "the server has trouble with its machine",
    }
)
"""By SQLSTATE, the whole before its class."""


def unavailable(
    failed: BaseException, place: Path | str, lost: tuple[type[BaseException], ...] = (OSError,)
) -> Unavailable | None:
    """The failure as Unavailable, where it is the database's own; None where it is about what was asked.

    `lost` are the exceptions, without a code, by which a connection is known to be lost.
    """
    for one in (failed, *failed.args[:1]):
        if why := _why(one):
            return Unavailable(f"the database cannot do it: {why.replace('{place}', str(place))} ({one})")
    if isinstance(failed, lost):
        return Unavailable(f"the database cannot do it: {failed or type(failed).__name__}")
    return None


def _why(failed: object) -> str | None:
    code = getattr(failed, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF)
    state = str(getattr(failed, "sqlstate", None) or "")
    return _POSTGRES.get(state) or _POSTGRES.get(state[:2])
