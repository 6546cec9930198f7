"""Numbers that the application gives out before a row is written: row ids in blocks, references one sequence a year."""

from maildesk.domain.tokens import LARGEST_ID
from maildesk.store.connection import run, transaction
from maildesk.store.errors import StoreError

_RESERVE = (
    'INSERT INTO "counter" ("name", "next") VALUES (?, ?) '
    'ON CONFLICT ("name") DO UPDATE SET "next" = "counter"."next" + ? RETURNING "next"'
)


async def reserve(name: str, count: int) -> int:
    """The first of `count` numbers that nobody else gets, from 1 on; in a short transaction of its own."""
    async with transaction():
        rows = await run(_RESERVE, name, 1 + count, count)
    end: int = rows[0]["next"]
    if end - 1 > LARGEST_ID:
        raise StoreError(f"the counter {name} is used up")
    return end - count
