"""The events by their names, what in them is personal, and `apply`, the one function that moves a snapshot on.

The events themselves stand in event_kinds.py; whoever works with events takes them from here.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from maildesk.domain.case import Assessment, Case, Milestone, Party, Reached
from maildesk.domain.event_kinds import (
    Assessed,
    CasesRefer,
    Decided,
    Event,
    LetterAccepted,
    LetterBounced,
    LetterRecalled,
    LetterRefused,
    LetterWritten,
    MessageFiled,
    MilestoneLost,
    MilestoneReached,
    Noted,
    Opened,
    OwnerNamed,
    PartyAdded,
    PartyRemoved,
    StatusMoved,
    Undone,
)

__all__ = [
    "EVENTS",
    "PERSONAL",
    "Assessed",
    "CasesRefer",
    "Decided",
    "Event",
    "LetterAccepted",
    "LetterBounced",
    "LetterRecalled",
    "LetterRefused",
    "LetterWritten",
    "MessageFiled",
    "MilestoneLost",
    "MilestoneReached",
    "Noted",
    "Opened",
    "OwnerNamed",
    "PartyAdded",
    "PartyRemoved",
    "Recorded",
    "StatusMoved",
    "Undone",
    "apply",
    "kind_of",
    "open_case",
    "personal_fields",
    "replay",
]


def kind_of(event: Event) -> str:
    """The name under which the event is stored."""
    return type(event).__name__


EVENTS: Mapping[str, type[Any]] = MappingProxyType({cls.__name__: cls for cls in Event.__args__})


def personal_fields(cls: type[Any]) -> tuple[str, ...]:
    """The names of the event's fields that may be erased."""
    return tuple(f.name for f in dataclasses.fields(cls) if f.metadata.get("personal"))


PERSONAL: Mapping[str, tuple[str, ...]] = MappingProxyType({name: personal_fields(cls) for name, cls in EVENTS.items()})


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place in the history.

    `by` is who caused it: `complainant`, `staff:<key>`, `desk` or `clock`. `cause` is the id of the message or letter
    that it came from.
    """

    event: Event
    at: datetime
    by: str
    cause: int | None = None
    seq: int = 0


def open_case(case_id: int, event: Opened) -> Case:
    """The snapshot after its first event."""
    return Case(
        id=case_id,
        reference=event.reference,
        desk=event.desk,
        received_at=event.received_at,
        seq=1,
        channel=event.channel,
        language=event.language,
        subject=event.subject,
        what_happened=event.what_happened,
        due_at=event.due_at,
        repeat_of=event.repeat_of,
    )


def _party_added(case: Case, event: PartyAdded) -> Case:
    others = tuple(party for party in case.parties if party.address != event.address)
    return replace(case, parties=(*others, Party(event.address, event.name, event.role)))


def _party_removed(case: Case, event: PartyRemoved) -> Case:
    return replace(case, parties=tuple(party for party in case.parties if party.address != event.address))


_ORDER = {milestone: place for place, milestone in enumerate(Milestone)}  # so that what comes back stands where it was


def _milestone_reached(case: Case, event: MilestoneReached) -> Case:
    if case.reached(event.milestone):
        return case
    reached = (*case.milestones, Reached(event.milestone, event.at, event.proof))
    return replace(case, milestones=tuple(sorted(reached, key=lambda one: _ORDER[one.milestone])))


def _milestone_lost(case: Case, event: MilestoneLost) -> Case:
    return replace(case, milestones=tuple(r for r in case.milestones if r.milestone is not event.milestone))


def _assessed(case: Case, event: Assessed) -> Case:
    found = Assessment(event.severity, event.safety, event.complexity, event.impact, event.immediate_action)
    return replace(case, assessment=found)


_APPLY: Mapping[type[Any], Callable[[Case, Any], Case]] = MappingProxyType(
    {
        PartyAdded: _party_added,
        PartyRemoved: _party_removed,
        StatusMoved: lambda case, event: replace(case, status=event.status),
        OwnerNamed: lambda case, event: replace(case, owner=event.owner),
        Assessed: _assessed,
        Decided: lambda case, event: replace(
            case, outcome=event.outcome, remedies=event.remedies, reasons=event.reasons
        ),
        MilestoneReached: _milestone_reached,
        MilestoneLost: _milestone_lost,
    }
)


def apply(case: Case, event: Event) -> Case:
    """The snapshot after one more event. Events that change no field still count in `seq`."""
    change = _APPLY.get(type(event))
    moved = change(case, event) if change else case
    return replace(moved, seq=case.seq + 1)


def replay(case_id: int, events: "tuple[Event, ...] | list[Event]") -> Case:
    """The snapshot that a whole history leads to. Raises ValueError where it does not begin with `Opened`."""
    if not events or not isinstance(events[0], Opened):
        raise ValueError(f"the history of case {case_id} does not begin with Opened")
    case = open_case(case_id, events[0])
    for event in events[1:]:
        case = apply(case, event)
    return case
