"""Letters: what we send, to whom, why, and when they may leave.

Kinds stand in letter_kinds.py, contents in letter_contents.py; whoever works with letters takes them from here.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from maildesk.domain.case import Outcome
from maildesk.domain.letter_contents import (
    CONTENTS,
    Acknowledgement,
    Announced,
    CameIn,
    CaseLine,
    CaseSheet,
    Challenge,
    ClosingGiven,
    CommandHelp,
    Content,
    DecisionGiven,
    DigestGiven,
    Probed,
    RefusedLetter,
    SheetEntry,
    Tap,
    TooLarge,
    Transcript,
    TranscriptLine,
    Verdict,
    Written,
)
from maildesk.domain.letter_kinds import LETTERS, Audience, LetterKind, LetterRule
from maildesk.domain.message import Address

__all__ = [
    "CONTENTS",
    "LETTERS",
    "Acknowledgement",
    "Announced",
    "Audience",
    "CameIn",
    "CaseLine",
    "CaseSheet",
    "CaseView",
    "Challenge",
    "ClosingGiven",
    "CommandHelp",
    "Content",
    "DecisionGiven",
    "DeskView",
    "DigestGiven",
    "Enclosure",
    "Letter",
    "LetterKind",
    "LetterRule",
    "Probed",
    "Purpose",
    "RefusedLetter",
    "SheetEntry",
    "Tap",
    "TooLarge",
    "Transcript",
    "TranscriptLine",
    "Verdict",
    "Written",
]


@dataclass(frozen=True, slots=True)
class Enclosure:
    """An attachment of a kept mail that travels with a letter."""

    message: int
    part: str
    filename: str
    content_type: str
    size: int


class Purpose(StrEnum):
    """What a signed reply address is for."""

    COMPLAINANT = "complainant"
    STAFF = "staff"
    CHALLENGE = "challenge"


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter before it is rendered.

    `person` is the staff key or the party's address to whom its reply address belongs; `purpose` none means that the
    letter has no reply address of its own. `in_reply_to` and `references` thread it in the reader's mail client.
    `hold_seconds` counts from the settling of the transcript of the same decision; `due_at` is the moment past which
    it is never held. `about` is the message that the reply address speaks of (a transcript's or challenge's mail).
    """

    kind: LetterKind
    to: Address
    language: str
    zone: str
    content: Content
    case: int | None = None
    subject: str = ""
    person: str = ""
    purpose: Purpose | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    taps: tuple[Tap, ...] = ()
    hold_seconds: int = 0
    due_at: datetime | None = None
    enclosures: tuple[Enclosure, ...] = ()
    about: int | None = None


@dataclass(frozen=True, slots=True)
class DeskView:
    """What a letter says about the desk. `next_stage` is how to go further, in the letter's language."""

    name: str
    address: str
    title: str
    organisation: str
    contact_name: str
    contact_phone: str
    next_stage: str
    respond_within_days: int


@dataclass(frozen=True, slots=True)
class CaseView:
    """What a letter says about the case. `contact_name` is the owner's name, else the desk's contact.

    `due_at` is the last day on which the response is in time, by the desk's calendar.
    """

    reference: str
    subject: str
    status: str
    received_at: datetime
    due_at: date | None
    contact_name: str
    owner_name: str
    complainant_name: str
    complainant_address: str
    outcome: Outcome | None
