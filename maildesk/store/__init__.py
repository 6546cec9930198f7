"""The database. The only package that imports tortoise.

    async with store.open(store.sqlite_url(path), create=True):
        batch = await store.inbox.claim(...)

The functions of its modules work on the store that is open here, also in the tasks started inside the block.
"""

from maildesk.store.connection import Store, current, sqlite_url, url_for
from maildesk.store.errors import (
    AlreadyDone,
    CaseMoved,
    ClaimLost,
    Doubled,
    LettersLeft,
    LockHeld,
    Outdated,
    StoreError,
    Unavailable,
)
from maildesk.store.lock import lock
from maildesk.store.migrate import open_migrated as open  # noqa: A004 - read as store.open

__all__ = [
    "AlreadyDone",
    "CaseMoved",
    "ClaimLost",
    "Doubled",
    "LettersLeft",
    "LockHeld",
    "Outdated",
    "Store",
    "StoreError",
    "Unavailable",
    "current",
    "lock",
    "open",
    "sqlite_url",
    "url_for",
]
