"""Letters: what we send, to whom, why, and when they may leave. The words themselves stand in templates/."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from maildesk.domain.case import Outcome, Remedy
from maildesk.domain.message import Address
from maildesk.domain.phrases import Phrase


class LetterKind(StrEnum):
    """The kinds of letters; the values are the names of the template files."""

    ACKNOWLEDGEMENT = "acknowledgement"
    TOO_LARGE = "too_large"
    REPLY = "reply"
    QUESTION = "question"
    DECISION = "decision"
    CLOSING = "closing"
    NEW_CASE = "new_case"
    NEW_MESSAGE = "new_message"
    TRANSCRIPT = "transcript"
    CHALLENGE = "challenge"
    REFUSED = "refused"
    DIGEST = "digest"
    PROBE = "probe"


class Audience(StrEnum):
    """For whom a letter is written."""

    COMPLAINANT = "complainant"
    STAFF = "staff"
    MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class LetterRule:
    """What holds for a kind of letter: its reader, RFC 3834's keyword (empty: a person wrote it), and its rank.

    A lower rank leaves first. `is_capped` counts it against the automatic letters per address and day.
    """

    audience: Audience
    auto_submitted: str
    rank: int
    is_capped: bool = False


_R = LetterRule
LETTERS: Mapping[LetterKind, LetterRule] = MappingProxyType(
    {
        LetterKind.ACKNOWLEDGEMENT: _R(Audience.COMPLAINANT, "auto-replied", 0, is_capped=True),
        LetterKind.TOO_LARGE: _R(Audience.COMPLAINANT, "auto-replied", 0, is_capped=True),
        LetterKind.DECISION: _R(Audience.COMPLAINANT, "", 1),
        LetterKind.CLOSING: _R(Audience.COMPLAINANT, "", 1),
        LetterKind.REPLY: _R(Audience.COMPLAINANT, "", 1),
        LetterKind.QUESTION: _R(Audience.COMPLAINANT, "", 1),
        LetterKind.CHALLENGE: _R(Audience.STAFF, "auto-replied", 2),
        LetterKind.TRANSCRIPT: _R(Audience.STAFF, "auto-replied", 2),
        LetterKind.REFUSED: _R(Audience.STAFF, "auto-generated", 2),
        LetterKind.NEW_CASE: _R(Audience.STAFF, "auto-generated", 3),
        LetterKind.NEW_MESSAGE: _R(Audience.STAFF, "auto-generated", 3),
        LetterKind.PROBE: _R(Audience.STAFF, "auto-generated", 3),
        LetterKind.DIGEST: _R(Audience.MANAGER, "auto-generated", 4),
    }
)


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
    `why` is the reason for which it was filed here; `others` are references of cases that it refers to.
    """

    sender: Address | None
    subject: str
    text: str
    attachments: tuple[str, ...]
    why: str
    notice: Phrase | None = None
    others: tuple[str, ...] = ()


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
    """A letter that the commands caused: to whom, and how long it is held (seconds; 0: at once)."""

    kind: LetterKind
    to: Address
    hold_seconds: int
    attachments: tuple[str, ...]


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
    """One line of a case's history in words; `by` is a person's name or a role."""

    at: datetime
    by: str
    said: Phrase


@dataclass(frozen=True, slots=True)
class CaseSheet:
    """The whole case for `#show`: fields by the names they have in `Case`, parties, history."""

    fields: tuple[tuple[str, str], ...]
    parties: tuple[str, ...]
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
    """Commands that need more proof: what they were, the From they came with, and why that was too little."""

    lines: tuple[str, ...]
    claimed_sender: str
    why: Phrase


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
