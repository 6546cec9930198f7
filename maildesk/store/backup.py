"""A copy of a SQLite database that can take over from it, made while the daemon works.

What the original does after the copy is unknown to the copy, and known to people: they have letters with references
and reply addresses in them. A restored copy must not give these to anybody else, so it goes on far behind them.
"""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from maildesk.store.errors import StoreError

ROWS_AHEAD = 2**24  # of 2**40: more than are used between two backups, for 60,000 restored copies
REFERENCES_AHEAD = 10_000  # a year

_AHEAD = (
    'INSERT INTO "counter" ("name", "next") VALUES (?, ?) '
    'ON CONFLICT ("name") DO UPDATE SET "next" = "counter"."next" + ?'
)


def copy(file: Path, target: Path, now: datetime) -> None:
    """Copy the database to `target`, which must not exist, as of one moment. Raises StoreError.

    The copy knows that it is one: at its first start the mail is looked for that was kept after `now`.
    """
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(f"file:{file}?mode=rw", uri=True, timeout=30)) as original:
            original.execute("VACUUM INTO ?", (str(target),))
        with closing(sqlite3.connect(target)) as made:
            (found,) = made.execute("PRAGMA quick_check").fetchone()
            if found != "ok":
                raise StoreError(f"{file} cannot be copied whole: {found}")
            with made:
                made.execute(_AHEAD, ("row", 1 + ROWS_AHEAD, ROWS_AHEAD))
                for year in (now.year, now.year + 1):
                    made.execute(_AHEAD, (f"reference:{year}", 1 + REFERENCES_AHEAD, REFERENCES_AHEAD))
                made.execute('UPDATE "mailbox" SET "restored_from" = ?', (now.isoformat(" "),))
    except (OSError, sqlite3.Error) as failed:
        raise StoreError(f"{file} cannot be copied: {failed}") from failed
