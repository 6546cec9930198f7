"""A case as a row and back. Plain fields are columns of their own name; tuples of values are JSON.

`changed` names the columns in which two snapshots differ, so that a commit writes those and no others.
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from maildesk.domain.case import Assessment, Case, Outcome, Party, Reached, Remedy, Status
from maildesk.store.columns import written

_JSON: Mapping[str, Any] = MappingProxyType(
    {
        "parties": tuple[Party, ...],
        "milestones": tuple[Reached, ...],
        "people_complained_about": tuple[str, ...],
        "remedies": tuple[Remedy, ...],
    }
)
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in _JSON.items()}
_ASSESSMENT = tuple(f.name for f in dataclasses.fields(Assessment))
_RENAMED = MappingProxyType({"repeat_of": "repeat_of_id"})
_PLAIN = tuple(f.name for f in dataclasses.fields(Case) if f.name not in ("assessment", "repeat_of", *_JSON))
FIELDS = tuple(f.name for f in dataclasses.fields(Case))
COLUMNS = (*_PLAIN, "repeat_of_id", *_JSON, *_ASSESSMENT)


def values_of(case: Case, columns: tuple[str, ...] = COLUMNS) -> tuple[Any, ...]:
    """The values of these columns."""
    return tuple(_value(case, column) for column in columns)


def _value(case: Case, column: str) -> Any:
    if column in _JSON:
        return written(getattr(case, column))
    if column in _ASSESSMENT:
        return getattr(case.assessment, column)
    return case.repeat_of if column == "repeat_of_id" else getattr(case, column)


def changed(before: Case, after: Case) -> tuple[str, ...]:
    """The columns whose values differ, always in the same order."""
    names = [name for name in FIELDS if getattr(before, name) != getattr(after, name)]
    if "assessment" in names:
        names.remove("assessment")
        names += _ASSESSMENT
    return tuple(_RENAMED.get(name, name) for name in names)


def case_of(row: Mapping[str, Any]) -> Case:
    """The snapshot of a row with at least `COLUMNS`."""
    values = {name: row[name] for name in _PLAIN}
    for name, decoder in _DECODERS.items():
        values[name] = decoder.decode(row[name])
    return Case(
        **{**values, "status": Status(row["status"]), "outcome": row["outcome"] and Outcome(row["outcome"])},
        repeat_of=row["repeat_of_id"],
        assessment=Assessment(*(row[name] for name in _ASSESSMENT)),
    )
