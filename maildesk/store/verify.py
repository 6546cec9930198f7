"""Whether the history is what was written: every event, every head, every anchor, every mail accounted for."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from maildesk.store import history
from maildesk.store.anchors import anchored
from maildesk.store.connection import run
from maildesk.store.models import AnchorHeadRow, AnchorRow, CaseRow

PAGE = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was written. `case` is a reference, or an id where none is left; `event` a seq."""

    case: str
    event: int | None
    what: str
    stored: str = ""
    computed: str = ""


async def verify(anchor: str | None = None) -> list[Fault]:
    """All faults, by case and event. `anchor` is a hash from outside, such as an old digest's."""
    faults = [fault async for page in _pages() for fault in await _faults_of(page)]
    faults += await _orphans()
    faults += await _unanswered()
    faults += await _anchor_faults()
    if anchor is not None and not await AnchorRow.filter(hash=anchor.strip().lower()).exists():
        faults.append(Fault("", None, "the anchor is not in this history: it was rewritten or cut off", "", anchor))
    return faults


async def _pages() -> AsyncIterator[list[dict[str, Any]]]:
    last = 0
    while page := await CaseRow.filter(id__gt=last).order_by("id").limit(PAGE).values("id", "reference", "seq", "head"):
        last = page[-1]["id"]
        yield page


async def _faults_of(page: list[dict[str, Any]]) -> list[Fault]:
    found, broken = await history.rows_of([case["id"] for case in page])
    unreadable = [
        Fault(case["reference"], None, f"its history cannot be read: {broken[case['id']]}")
        for case in page
        if case["id"] in broken
    ]
    return unreadable + [f for case in page if case["id"] in found for f in chain_faults(case, found[case["id"]])]


def chain_faults(case: dict[str, Any], events: list[dict[str, Any]]) -> list[Fault]:
    """What is wrong with one case's chain; `events` are its rows by seq."""
    faults, seq, head = [], 0, history.NO_HEAD
    for row in events:
        seq += 1
        if row["seq"] != seq:
            faults.append(Fault(case["reference"], seq, "missing", f"event {row['seq']}", f"event {seq}"))
            seq = row["seq"]
        else:
            faults += _event_faults(case["reference"], row, head)
        head = row["hash"]
    if (seq, head) != (case["seq"], case["head"]):
        place = max(seq, case["seq"])
        faults.append(Fault(case["reference"], place, "cut off, or the head was changed", case["head"], head))
    return faults


def _event_faults(reference: str, row: dict[str, Any], previous: str) -> list[Fault]:
    said = [row[name] for name in ("kind", "version", "at", "by", "cause", "facts")]
    computed = history.chained(previous, row["case_id"], row["seq"], said, row["content_digest"])
    faults = []
    if computed != row["hash"]:
        faults.append(Fault(reference, row["seq"], "changed or swapped", row["hash"], computed))
    is_erased = row["content"] is None and row["salt"] is None
    digest = history.content_digest(row["salt"], row["content"])
    if not is_erased and digest != row["content_digest"]:
        faults.append(Fault(reference, row["seq"], "its words were changed", row["content_digest"], digest))
    return faults


_ORPHANS = (
    'SELECT e."case_id", MIN(e."seq") AS "seq" FROM "event" e LEFT JOIN "case_file" c ON c."id" = e."case_id" '
    'WHERE c."id" IS NULL GROUP BY e."case_id" ORDER BY e."case_id"'
)
_LOST_MESSAGES = (
    'SELECT m."id", m."case_id" FROM "message" m LEFT JOIN "case_file" c ON c."id" = m."case_id" '
    'WHERE m."case_id" IS NOT NULL AND c."id" IS NULL ORDER BY m."id"'
)


async def _orphans() -> list[Fault]:
    events = [
        Fault(f"case {row['case_id']}", row["seq"], "the case of these events is gone") for row in await run(_ORPHANS)
    ]
    lost = await run(_LOST_MESSAGES)
    return events + [Fault(f"case {row['case_id']}", None, f"the case of message {row['id']} is gone") for row in lost]


_UNANSWERED = (
    'SELECT i."id", i."mailbox", i."uid" FROM "inbox" i LEFT JOIN "message" m ON m."inbox_id" = i."id" '
    'LEFT JOIN "copy" k ON k."inbox_id" = i."id" '
    'WHERE i."state" = \'done\' AND m."id" IS NULL AND k."id" IS NULL ORDER BY i."id"'
)


async def _unanswered() -> list[Fault]:
    words = "what became of kept mail {id} ({mailbox}, UID {uid}) is gone"
    return [Fault("", None, words.format(**row)) for row in await run(_UNANSWERED)]


_MISPLACED = (
    'SELECT h."case_id", h."seq", h."hash", h."anchor_id", e."hash" AS "stored", c."reference" FROM "anchor_head" h '
    'LEFT JOIN "event" e ON e."case_id" = h."case_id" AND e."seq" = h."seq" '
    'LEFT JOIN "case_file" c ON c."id" = h."case_id" '
    'WHERE e."hash" IS NULL OR e."hash" <> h."hash" ORDER BY h."case_id", h."seq"'
)


async def _anchor_faults() -> list[Fault]:
    faults = [
        Fault(
            row["reference"] or f"case {row['case_id']}",
            row["seq"],
            f"not as the anchor of {row['anchor_id']} saw it" if row["reference"] else "removed whole",
            row["stored"] or "nothing",
            row["hash"],
        )
        for row in await run(_MISPLACED)
    ]
    previous = ""
    for day, made, said in await AnchorRow.all().order_by("day").values_list("day", "hash", "previous"):
        heads = await AnchorHeadRow.filter(anchor_id=day).order_by("case_id").values_list("case_id", "seq", "hash")
        computed = anchored(previous, day, heads)
        if (said, made) != (previous, computed):
            faults.append(
                Fault("", None, f"the anchor of {day} was changed, or the one before it is missing", made, computed)
            )
        previous = made
    return faults
