"""Every event of a case, its version, and `apply`, the one function that moves a snapshot on.

An event is a frozen dataclass; fields made with `personal()` hold words about or by a person and are stored apart, so
that erasure leaves the hash chain whole (DESIGN section 5). A changed meaning is a new version, never a changed field.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from maildesk.domain.case import (
    Assessment,
    Case,
    Milestone,
    Outcome,
    Party,
    Reached,
    Remedy,
    Role,
    Status,
)
from maildesk.domain.letter import LetterKind


def personal(**kwargs: Any) -> Any:
    """A field whose value may be erased: it enters the chain only as a salted digest."""
    return field(metadata={"personal": True}, **kwargs)


@dataclass(frozen=True, slots=True)
class Opened:
    """A message became a case."""

    version: ClassVar[int] = 1
    reference: str
    desk: str
    received_at: datetime
    channel: str
    language: str
    due_at: datetime | None
    message: int
    repeat_of: int | None
    subject: str = personal(default="")
    what_happened: str = personal(default="")


@dataclass(frozen=True, slots=True)
class PartyAdded:
    """An address now belongs to the case."""

    version: ClassVar[int] = 1
    role: Role
    address: str = personal(default="")
    name: str = personal(default="")


@dataclass(frozen=True, slots=True)
class PartyRemoved:
    """An address no longer belongs to the case."""

    version: ClassVar[int] = 1
    address: str = personal(default="")


@dataclass(frozen=True, slots=True)
class MessageFiled:
    """A mail was put on the case, and why. `standing` says in which role its sender wrote."""

    version: ClassVar[int] = 1
    message: int
    reason: str
    standing: str
    sender: str = personal(default="")


@dataclass(frozen=True, slots=True)
class StatusMoved:
    """The case went to another status."""

    version: ClassVar[int] = 1
    status: Status


@dataclass(frozen=True, slots=True)
class OwnerNamed:
    """Somebody now owns the case, or nobody."""

    version: ClassVar[int] = 1
    owner: str | None


@dataclass(frozen=True, slots=True)
class Assessed:
    """The initial assessment (ISO 10002 clause 7.5)."""

    version: ClassVar[int] = 1
    severity: str
    safety: str
    complexity: str
    impact: str
    immediate_action: str = personal(default="")


@dataclass(frozen=True, slots=True)
class Noted:
    """A private note. It is never sent."""

    version: ClassVar[int] = 1
    message: int | None
    text: str = personal(default="")


@dataclass(frozen=True, slots=True)
class Decided:
    """Outcome, reasons and remedies of the complaint; all empty again where a decision was taken back."""

    version: ClassVar[int] = 1
    outcome: Outcome | None
    remedies: tuple[Remedy, ...]
    reasons: str = personal(default="")


@dataclass(frozen=True, slots=True)
class MilestoneReached:
    """A milestone with its time and proof."""

    version: ClassVar[int] = 1
    milestone: Milestone
    at: datetime
    proof: int | None


@dataclass(frozen=True, slots=True)
class MilestoneLost:
    """What proved a milestone turned out not to: a bounce, an undo."""

    version: ClassVar[int] = 1
    milestone: Milestone


@dataclass(frozen=True, slots=True)
class LetterWritten:
    """A letter was made for the case; what became of it is told by later events."""

    version: ClassVar[int] = 1
    letter: int
    kind: LetterKind
    recipient: str = personal(default="")


@dataclass(frozen=True, slots=True)
class LetterRecalled:
    """A held letter was taken back before it left."""

    version: ClassVar[int] = 1
    letter: int


@dataclass(frozen=True, slots=True)
class LetterAccepted:
    """The SMTP server took the letter."""

    version: ClassVar[int] = 1
    letter: int
    kind: LetterKind


@dataclass(frozen=True, slots=True)
class LetterRefused:
    """The SMTP server refused the letter for good (RFC 5321 5yz)."""

    version: ClassVar[int] = 1
    letter: int
    kind: LetterKind
    code: int
    answer: str = personal(default="")


@dataclass(frozen=True, slots=True)
class LetterBounced:
    """A delivery status notification said that the letter did not arrive (RFC 3464)."""

    version: ClassVar[int] = 1
    letter: int
    kind: LetterKind
    status: str
    diagnostic: str = personal(default="")


@dataclass(frozen=True, slots=True)
class CasesRefer:
    """Two cases refer to each other."""

    version: ClassVar[int] = 1
    other: int


@dataclass(frozen=True, slots=True)
class Undone:
    """The commands of a staff mail were taken back; the inverse events stand before this one."""

    version: ClassVar[int] = 1
    message: int


Event = (
    Opened
    | PartyAdded
    | PartyRemoved
    | MessageFiled
    | StatusMoved
    | OwnerNamed
    | Assessed
    | Noted
    | Decided
    | MilestoneReached
    | MilestoneLost
    | LetterWritten
    | LetterRecalled
    | LetterAccepted
    | LetterRefused
    | LetterBounced
    | CasesRefer
    | Undone
)


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


def _milestone_reached(case: Case, event: MilestoneReached) -> Case:
    if case.reached(event.milestone):
        return case
    return replace(case, milestones=(*case.milestones, Reached(event.milestone, event.at, event.proof)))


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
