"""What each kind of letter says, as values. The words themselves stand in templates/."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from maildesk.domain.case import Outcome, Party, Remedy
from maildesk.domain.letter_kinds import LetterKind
from maildesk.domain.message import Address
from maildesk.domain.phrases import Phrase


@dataclass(frozen=True, slots=True)
class Tap:
    """A one-tap `mailto:` link to the letter's reply address: the phrase that labels it and the body it fills in."""

    label: str
    body: str


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The receipt: what follows and by when stands in the case."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """An acknowledgement of a mail whose attachments we could not take. Sizes in bytes."""

    size: int
    limit: int


@dataclass(frozen=True, slots=True)
class Written:
    """A handler's own words: a reply, a question."""

    text: str


@dataclass(frozen=True, slots=True)
class DecisionGiven:
    """The resolution notice: outcome, reasons, remedies; how to go further stands in the desk."""

    outcome: Outcome
    reasons: str
    remedies: tuple[Remedy, ...]


@dataclass(frozen=True, slots=True)
class ClosingGiven:
    """The case was closed, with the handler's words where there are any."""

    outcome: Outcome | None
    reasons: str
    text: str


@dataclass(frozen=True, slots=True)
class CameIn:
    """A mail as staff are told of it: a new case or a new message on one.

    `notice` is the phrase that says what is special (unverified, after closing, without an acknowledgement, …);
    `why` is the reason for which it was filed here, empty where a person gave the case to the reader; `others` are
    references of cases that it refers to; `received_at` is when the mail came, for it is often later than the case.
    """

    sender: Address | None
    subject: str
    text: str
    attachments: tuple[str, ...]
    why: str
    notice: Phrase | None = None
    others: tuple[str, ...] = ()
    received_at: datetime | None = None


class Verdict(StrEnum):
    """What became of one command line."""

    DONE = "done"
    REFUSED = "refused"
    NOT_APPLIED = "not applied"
    UNKNOWN = "unknown"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One command line as it was written, what became of it, and why."""

    line: str
    verdict: Verdict
    said: Phrase


@dataclass(frozen=True, slots=True)
class Announced:
    """A letter that the commands caused: to whom, how long it is held (seconds; 0: at once), the handler's words."""

    kind: LetterKind
    to: Address
    hold_seconds: int
    attachments: tuple[str, ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case in a list: of the digest, of `#mine`. `due_at` is the last day in time, by the desk's calendar."""

    reference: str
    subject: str
    status: str
    owner: str
    received_at: datetime
    due_at: date | None
    said: Phrase | None = None


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """One line of a case's history: `by` is a person's name or a role, `event` its kind.

    `details` are the event's values by the names of their fields, for the reader's language to speak.
    """

    at: datetime
    by: str
    event: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CaseSheet:
    """The whole case for `#show`: fields by the names they have in `Case`, parties, history."""

    fields: tuple[tuple[str, str], ...]
    parties: tuple[Party, ...]
    history: tuple[SheetEntry, ...]


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """One command as `#help` lists it."""

    usage: str
    example: str
    said: Phrase


@dataclass(frozen=True, slots=True)
class Transcript:
    """The answer to a staff mail, line by line, with what goes to whom and when."""

    lines: tuple[TranscriptLine, ...]
    letters: tuple[Announced, ...] = ()
    note: str = ""
    cases: tuple[CaseLine, ...] = ()
    sheet: CaseSheet | None = None
    commands: tuple[CommandHelp, ...] = ()


@dataclass(frozen=True, slots=True)
class Challenge:
    """Commands that need more proof, with all their words: who confirms must see what would leave the house.

    `claimed_sender` is the From they came with, `why` says why that was too little.
    """

    lines: tuple[str, ...]
    claimed_sender: str
    why: Phrase
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedLetter:
    """A letter that did not arrive: which, to whom, and the other server's words."""

    kind: LetterKind
    recipient: str
    status: str
    answer: str


@dataclass(frozen=True, slots=True)
class DigestGiven:
    """The manager's morning. `ages` are (label in days, number); `counts` are (name of the number, number)."""

    day: str
    without_owner: tuple[CaseLine, ...]
    overdue: tuple[CaseLine, ...]
    refused: tuple[CaseLine, ...]
    new: tuple[CaseLine, ...]
    closed: tuple[CaseLine, ...]
    ages: tuple[tuple[str, int], ...]
    statuses: tuple[tuple[str, int], ...]
    health: tuple[Phrase, ...]
    anchor: str


@dataclass(frozen=True, slots=True)
class Probed:
    """A mail of `maildesk check` to the desk itself."""

    nonce: str


Content = (
    Acknowledgement
    | TooLarge
    | Written
    | DecisionGiven
    | ClosingGiven
    | CameIn
    | Transcript
    | Challenge
    | RefusedLetter
    | DigestGiven
    | Probed
)

CONTENTS: Mapping[LetterKind, type] = MappingProxyType(
    {
        LetterKind.ACKNOWLEDGEMENT: Acknowledgement,
        LetterKind.TOO_LARGE: TooLarge,
        LetterKind.REPLY: Written,
        LetterKind.QUESTION: Written,
        LetterKind.DECISION: DecisionGiven,
        LetterKind.CLOSING: ClosingGiven,
        LetterKind.NEW_CASE: CameIn,
        LetterKind.NEW_MESSAGE: CameIn,
        LetterKind.TRANSCRIPT: Transcript,
        LetterKind.CHALLENGE: Challenge,
        LetterKind.REFUSED: RefusedLetter,
        LetterKind.DIGEST: DigestGiven,
        LetterKind.PROBE: Probed,
    }
)
