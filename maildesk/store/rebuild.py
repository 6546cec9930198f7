"""Every case computed again from its history with the one `apply`, and compared field by field with its row."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec

from maildesk.domain.events import Recorded, replay
from maildesk.store import history
from maildesk.store.case_columns import COLUMNS, FIELDS, case_of, values_of
from maildesk.store.columns import written
from maildesk.store.errors import StoreError
from maildesk.store.models import CaseRow, PartyRow

PAGE = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """A field whose stored value is not what the history leads to."""

    case: str
    field: str
    stored: str
    recomputed: str


async def differences() -> AsyncIterator[Difference]:
    """What differs, case by case in order of their ids; the memory does not grow with the number of cases."""
    last = 0
    while page := await CaseRow.filter(id__gt=last).order_by("id").limit(PAGE).values_list("id", "reference"):
        ids = [ident for ident, _ in page]
        last = ids[-1]
        rows, broken = await _case_rows(ids)
        events, unread = await history.rows_of(ids)
        looked_up = await _looked_up(ids)
        for ident, reference in page:
            if ident in broken:
                yield Difference(reference, "row", "what cannot be read", broken[ident])
            elif ident in unread:
                yield Difference(reference, "history", "what cannot be read", unread[ident])
            elif ident in rows:
                for difference in _compared(rows[ident], events[ident], looked_up.get(ident, set())):
                    yield difference


async def _case_rows(ids: list[int]) -> tuple[dict[int, dict[str, Any]], dict[int, str]]:
    """The rows of these cases; and why one cannot be read, where that is so."""
    try:
        return {row["id"]: row for row in await CaseRow.filter(id__in=ids).values(*COLUMNS)}, {}
    except (ValueError, TypeError) as unreadable:  # in SQLite a forger can write a word where a time belongs
        if len(ids) == 1:
            return {}, {ids[0]: str(unreadable)}
        rows, broken = dict[int, dict[str, Any]](), dict[int, str]()
        for ident in ids:
            one, why = await _case_rows([ident])
            rows |= one
            broken |= why
        return rows, broken


async def _looked_up(case_ids: list[int]) -> dict[int, set[tuple[str, str, str]]]:
    found: dict[int, set[tuple[str, str, str]]] = {}
    for case, *party in await PartyRow.filter(case_id__in=case_ids).values_list("case_id", "address", "role", "name"):
        found.setdefault(case, set()).add((party[0], party[1], party[2]))
    return found


def _compared(
    row: dict[str, Any], events: list[dict[str, Any]], looked_up: set[tuple[str, str, str]]
) -> list[Difference]:
    try:
        recorded: list[Recorded] = [history.recorded_of(event) for event in events]
        computed = replay(row["id"], [entry.event for entry in recorded])
    except (StoreError, ValueError, msgspec.MsgspecError) as unreadable:
        return [Difference(row["reference"], "history", f"{len(events)} events", str(unreadable))]
    try:
        case = case_of(row)
    except (ValueError, msgspec.MsgspecError):  # a status that there is not, a list that is none
        pairs = zip(COLUMNS, values_of(computed), strict=True)
        wrong = [(name, value) for name, value in pairs if row[name] != value]
        return [Difference(row["reference"], name, _shown(row[name]), _shown(value)) for name, value in wrong]
    found = [
        Difference(case.reference, name, _shown(getattr(case, name)), _shown(getattr(computed, name)))
        for name in FIELDS
        if getattr(case, name) != getattr(computed, name)
    ]
    parties = {(party.address, party.role.value, party.name) for party in computed.parties}
    if parties != looked_up:
        found.append(Difference(case.reference, "party table", _shown(sorted(looked_up)), _shown(sorted(parties))))
    return found


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else written(value)
