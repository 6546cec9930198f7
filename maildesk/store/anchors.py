"""The day's anchor: one hash over all case heads, chained from day to day, for a witness outside of the database.

An anchor covers the anchor before it and the heads that moved since, so that a day costs what it changed and every
head stays covered by all later anchors (DESIGN section 5).
"""

from collections.abc import Iterable
from datetime import date, datetime
from hashlib import sha256

import msgspec

from maildesk.store.connection import run, transaction
from maildesk.store.errors import Doubled
from maildesk.store.models import AnchorHeadRow, AnchorRow
from maildesk.store.rows import insert

_MOVED_HEADS = (
    'SELECT c."id", c."seq", c."head" FROM "case_file" c LEFT JOIN '
    '(SELECT "case_id", MAX("seq") AS "seq" FROM "anchor_head" GROUP BY "case_id") a ON a."case_id" = c."id" '
    'WHERE a."seq" IS NULL OR c."seq" > a."seq" ORDER BY c."id"'
)


async def make_anchor(day: date, now: datetime) -> str:
    """The anchor of the day, made now unless it (or a later one) stands already: 64 hexadecimal digits."""
    found = await latest_anchor()
    if found and found[0] >= day:
        return found[1]
    previous = found[1] if found else ""
    try:
        async with transaction():
            heads = [(row["id"], row["seq"], row["head"]) for row in await run(_MOVED_HEADS)]
            made = anchored(previous, day.isoformat(), heads)
            await insert(AnchorRow, ("day", "at", "hash", "previous"), [(day.isoformat(), now, made, previous)])
            rows = [(day.isoformat(), *head) for head in heads]
            await insert(AnchorHeadRow, ("anchor_id", "case_id", "seq", "hash"), rows)
    except Doubled:
        return await make_anchor(day, now)  # another daemon was first
    return made


async def latest_anchor() -> tuple[date, str] | None:
    """The newest anchor's day and hash."""
    found = await AnchorRow.all().order_by("-day").limit(1).values_list("day", "hash")
    return (date.fromisoformat(found[0][0]), found[0][1]) if found else None


def anchored(previous: str, day: str, heads: Iterable[tuple[int, int, str]]) -> str:
    """The hash of an anchor; `heads` are (case, seq, hash) in order of the case."""
    canonical = msgspec.json.encode([day, [list(head) for head in heads]])
    return sha256(previous.encode("ascii") + canonical).hexdigest()
