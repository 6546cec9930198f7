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


PROVES: Mapping[LetterKind, tuple[Milestone, ...]] = MappingProxyType(
    {
        LetterKind.ACKNOWLEDGEMENT: (Milestone.ACKNOWLEDGED,),
        LetterKind.TOO_LARGE: (Milestone.ACKNOWLEDGED,),
        LetterKind.REPLY: (Milestone.FIRST_CONTACT,),
        LetterKind.QUESTION: (Milestone.FIRST_CONTACT,),
        LetterKind.DECISION: (Milestone.FIRST_CONTACT, Milestone.RESPONDED),
        LetterKind.CLOSING: (Milestone.FIRST_CONTACT,),
    }
)
"""Which milestones a letter proves once the SMTP server has taken it: a held or refused letter proves nothing."""


def is_told_on_case(kind: LetterKind) -> bool:
    """Whether the letter's fate belongs to the case's history: letters to complainants, and staff letters that fail."""
    return LETTERS[kind].audience is Audience.COMPLAINANT


def accepted(case: Case, delivered: Delivered, author: Author) -> tuple[Event, ...]:
    """The events of a letter that the server took, with the milestones that no earlier letter proved."""
    new = (milestone for milestone in PROVES.get(delivered.kind, ()) if not case.reached(milestone))
    reached = (MilestoneReached(milestone, author.at, delivered.letter) for milestone in new)
    return (LetterAccepted(delivered.letter, delivered.kind), *reached)


def refused(delivered: Delivered) -> tuple[Event, ...]:
    """The events of a letter that the server refused for good."""
    code = int(delivered.code) if delivered.code.isdigit() else 0
    return (LetterRefused(delivered.letter, delivered.kind, code, delivered.answer[:500]),)


def bounced(case: Case, delivered: Delivered) -> tuple[Event, ...]:
    """The events of a letter that came back: what it proved is proved no longer."""
    event = LetterBounced(delivered.letter, delivered.kind, delivered.code, delivered.answer[:500])
    proved = (reached.milestone for reached in case.milestones if reached.proof == delivered.letter)
    lost = (MilestoneLost(milestone) for milestone in proved if milestone in PROVES.get(delivered.kind, ()))
    return (event, *lost)


def settled(case: Case, delivered: Delivered, author: Author) -> CaseChange:
    """The case after the SMTP server's word on one of its letters."""
    events = accepted(case, delivered, author) if delivered.fate is Fate.ACCEPTED else refused(delivered)
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
