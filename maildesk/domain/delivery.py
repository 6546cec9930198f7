"""What follows from a letter's fate: accepted, refused, bounced. A bounce takes the acknowledgement back."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from maildesk.domain.addressed import to_staff
from maildesk.domain.case import Case, Milestone
from maildesk.domain.decision import Author, CaseChange
from maildesk.domain.events import (
    Event,
    LetterAccepted,
    LetterBounced,
    LetterRefused,
    MilestoneLost,
    MilestoneReached,
)
from maildesk.domain.letter import LETTERS, Audience, LetterKind, RefusedLetter
from maildesk.domain.numbers import Numbered, Numbers
from maildesk.domain.opening import to_tell
from maildesk.domain.policy import DeskPolicy, Person


class Fate(StrEnum):
    """What the SMTP server said (RFC 5321 section 4.2.1)."""

    ACCEPTED = "accepted"
    LATER = "later"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One letter and its fate: `code` is the SMTP reply code or the status of RFC 3463, `answer` its words."""

    letter: int
    kind: LetterKind
    recipient: str
    fate: Fate
    code: str
    answer: str


PROVES: Mapping[LetterKind, Milestone] = MappingProxyType(
    {
        LetterKind.ACKNOWLEDGEMENT: Milestone.ACKNOWLEDGED,
        LetterKind.TOO_LARGE: Milestone.ACKNOWLEDGED,
        LetterKind.DECISION: Milestone.RESPONDED,
    }
)


def is_told_on_case(kind: LetterKind) -> bool:
    """Whether the letter's fate belongs to the case's history: letters to complainants, and staff letters that fail."""
    return LETTERS[kind].audience is Audience.COMPLAINANT


def accepted(delivered: Delivered, author: Author) -> tuple[Event, ...]:
    """The events of a letter that the server took."""
    milestone = PROVES.get(delivered.kind)
    events: tuple[Event, ...] = (LetterAccepted(delivered.letter, delivered.kind),)
    return (*events, MilestoneReached(milestone, author.at, delivered.letter)) if milestone else events


def refused(delivered: Delivered) -> tuple[Event, ...]:
    """The events of a letter that the server refused for good."""
    code = int(delivered.code) if delivered.code.isdigit() else 0
    return (LetterRefused(delivered.letter, delivered.kind, code, delivered.answer[:500]),)


def bounced(case: Case, delivered: Delivered) -> tuple[Event, ...]:
    """The events of a letter that came back: what it proved is proved no longer."""
    event = LetterBounced(delivered.letter, delivered.kind, delivered.code, delivered.answer[:500])
    milestone = PROVES.get(delivered.kind)
    reached = case.reached(milestone) if milestone else None
    if milestone and reached and reached.proof == delivered.letter:
        return (event, MilestoneLost(milestone))
    return (event,)


def settled(case: Case, delivered: Delivered, author: Author) -> CaseChange:
    """The case after the SMTP server's word on one of its letters."""
    events = accepted(delivered, author) if delivered.fate is Fate.ACCEPTED else refused(delivered)
    return author.change(case, events)


def people_to_warn(case: Case | None, delivered: Delivered, policy: DeskPolicy) -> tuple[Person, ...]:
    """Who hears of a letter that did not arrive: the owner, else who hears of new cases, else the managers.

    A transcript that did not arrive is always told to the managers: letters may leave that its reader could not stop.
    Never somebody about whose own address it is: that would bounce again.
    """
    told = to_tell(case, policy) if case else ()
    if delivered.kind is LetterKind.TRANSCRIPT:
        told = tuple(dict.fromkeys((*told, *policy.managers())))
    able = tuple(p for p in told if not p.writes_from(delivered.recipient))
    return able or tuple(p for p in policy.managers() if not p.writes_from(delivered.recipient))


def warning(case: Case | None, delivered: Delivered, policy: DeskPolicy, numbers: Numbers) -> tuple[Numbered, ...]:
    """The letters that tell staff of a letter that did not arrive. Nobody is warned that a warning failed."""
    if delivered.kind is LetterKind.REFUSED:
        return ()
    content = RefusedLetter(delivered.kind, delivered.recipient, delivered.code, delivered.answer[:500])
    return tuple(
        Numbered(next(numbers.ids), to_staff(person, LetterKind.REFUSED, content, case))
        for person in people_to_warn(case, delivered, policy)
    )
