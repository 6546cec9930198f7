"""Every case computed again from its history with the one `apply`, and compared field by field with its row."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec

from maildesk.domain.case import Case
from maildesk.domain.events import Recorded, replay
from maildesk.store import history
from maildesk.store.case_columns import COLUMNS, FIELDS, case_of
from maildesk.store.columns import written
from maildesk.store.errors import StoreError
from maildesk.store.models import CaseRow, EventRow, PartyRow

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
    while rows := await CaseRow.filter(id__gt=last).order_by("id").limit(PAGE).values(*COLUMNS):
        stored = {row["id"]: case_of(row) for row in rows}
        last = rows[-1]["id"]
        events, looked_up = await _events(list(stored)), await _looked_up(list(stored))
        for ident, case in stored.items():
            for difference in _compared(case, events.get(ident, []), looked_up.get(ident, set())):
                yield difference


async def _events(case_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in await EventRow.filter(case_id__in=case_ids).order_by("case_id", "seq").values(*history.COLUMNS):
        found.setdefault(row["case_id"], []).append(row)
    return found


async def _looked_up(case_ids: list[int]) -> dict[int, set[tuple[str, str, str]]]:
    found: dict[int, set[tuple[str, str, str]]] = {}
    for case, *party in await PartyRow.filter(case_id__in=case_ids).values_list("case_id", "address", "role", "name"):
        found.setdefault(case, set()).add((party[0], party[1], party[2]))
    return found


def _compared(case: Case, rows: list[dict[str, Any]], looked_up: set[tuple[str, str, str]]) -> list[Difference]:
    try:
        recorded: list[Recorded] = [history.recorded_of(row) for row in rows]
        computed = replay(case.id, [entry.event for entry in recorded])
    except (StoreError, ValueError, msgspec.MsgspecError) as unreadable:
        return [Difference(case.reference, "history", f"{len(rows)} events", str(unreadable))]
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
