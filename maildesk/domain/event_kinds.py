"""The events that a case's history is made of, each with its version.

An event is a frozen dataclass; fields made with `personal()` hold words about or by a person and are stored apart, so
that erasure leaves the hash chain whole (DESIGN section 5). A changed meaning is a new version, never a changed field.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from maildesk.domain.case import Milestone, Outcome, Remedy, Role, Status
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
    impact: str = personal(default="")
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
    remedies: tuple[Remedy, ...] = personal(default=())
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
    """Two cases speak of each other; `reference` is the other's."""

    version: ClassVar[int] = 1
    other: int
    reference: str


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
