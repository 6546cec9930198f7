"""Which case a message belongs to, and why: DESIGN section 5's order, as a table of questions.

The index holds what the store knows about the ids, addresses and senders of one batch; `remember` adds what the batch
itself decided, so that a reply finds its parent in the same batch.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from maildesk.domain.letter import LetterKind, Purpose
from maildesk.domain.message import Message
from maildesk.domain.policy import DeskPolicy
from maildesk.domain.tokens import Keyring, find_address, find_case

SAME_TEXT_WITHIN = timedelta(hours=72)
_REFERENCE = re.compile(r"\bC-\d{4}-\d{4,9}\b", re.IGNORECASE)


class FilingReason(StrEnum):
    """Why a message was filed where it was; the values are stored and shown."""

    REPLY_ADDRESS = "signed reply address"
    OUR_ID = "answers a letter of ours"
    PSEUDO_ID = "carries the case's id in its references"
    PARTY_THREAD = "answers a mail on the case, from a party"
    REFERENCE = "reference in the subject, from a party"
    SAME_TEXT = "same text from the same sender within 72 hours"
    NEW = "nothing connects it to a case"
    NEW_REFERS = "answers a mail on a case, but not from a party"
    NEW_REFERENCE = "reference in the subject, but not from a party"
    STAFF_FORWARD = "from staff, without a reply address"
    COPY = "a copy of a mail that is here already"
    DELIVERY_REPORT = "delivery report of a letter"
    AUTOMATIC = "automatic mail that belongs to no case"
    LIST = "mailing list"
    OWN = "our own mail came home"
    PROBE = "probe"
    UNREADABLE = "could not be read"


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """The row behind a token: whose it is, for what, until when. `about` is the message that it speaks of."""

    id: int
    person: str
    purpose: Purpose
    case: int | None
    expires_at: datetime
    about: int | None = None
    is_spent: bool = False


@dataclass(frozen=True, slots=True)
class SentLetter:
    """A letter of ours that a mail refers to. `has_bounced`: a report on it came before."""

    id: int
    kind: LetterKind
    case: int | None
    person: str
    recipient: str
    has_bounced: bool = False


@dataclass(frozen=True, slots=True)
class FilingKeys:
    """All that a batch wants looked up. Addresses and senders are lower case."""

    addresses: tuple[int, ...]
    cases: tuple[int, ...]
    message_ids: tuple[str, ...]
    references: tuple[str, ...]
    senders: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    digests: tuple[str, ...]


@dataclass(slots=True)
class FilingIndex:
    """What is known about the batch's keys. Mutable: the batch adds to it as it goes.

    `letters` and `messages` are by Message-ID, `parties` by case, `texts` by (sender, digest of the new words) for open
    cases, `latest` is each sender's newest case, `digests` lead from a mail's digest to the kept message.
    `letters_today` counts the automatic letters of the last 24 hours by recipient, `challenges` those to one of the
    staff, by key, that nobody answered.
    """

    addresses: dict[int, ReplyAddress] = field(default_factory=dict)
    letters: dict[str, SentLetter] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    references: dict[str, int] = field(default_factory=dict)
    parties: dict[int, frozenset[str]] = field(default_factory=dict)
    texts: dict[tuple[str, str], tuple[int, datetime]] = field(default_factory=dict)
    latest: dict[str, int] = field(default_factory=dict)
    digests: dict[str, int] = field(default_factory=dict)
    letters_today: dict[str, int] = field(default_factory=dict)
    challenges: dict[str, int] = field(default_factory=dict)

    def remember(self, message: Message, message_row: int, case: int | None, parties: frozenset[str]) -> None:
        """Add what was just decided, for the messages after it."""
        self.digests[message.digest] = message_row
        if case is None:
            return
        if message.message_id:
            self.messages[message.message_id] = case
        self.parties[case] = parties
        sender = message.sender
        if sender and message.sender_is_from:
            if sender.key in parties:
                self.latest[sender.key] = case
            if message.received_at:
                self.texts[(sender.key, text_digest(message))] = (case, message.received_at)

    def is_repeat(self, message: Message, case: int | None) -> bool:
        """Whether the sender wrote the same new words to this case not long ago."""
        known = self.texts.get((message.sender.key, text_digest(message))) if message.sender else None
        return case is not None and known is not None and known[0] == case

    def spend(self, addresses: Iterable[int]) -> None:
        """These reply addresses have served their purpose, for the messages after it."""
        for ident in addresses:
            if ident in self.addresses:
                self.addresses[ident] = replace(self.addresses[ident], is_spent=True)

    def bounce(self, letters: Collection[int]) -> None:
        """These letters came back, for the messages after it."""
        for message_id, letter in self.letters.items():
            if letter.id in letters:
                self.letters[message_id] = replace(letter, has_bounced=True)


@dataclass(frozen=True, slots=True)
class Filing:
    """Where a message goes and why. `case` none means a new case, or none at all (decided by `decide`)."""

    reason: FilingReason
    case: int | None = None
    is_party: bool = False
    address: ReplyAddress | None = None
    letter: SentLetter | None = None
    refers_to: tuple[int, ...] = ()
    repeat_of: int | None = None


@dataclass(frozen=True, slots=True)
class _Query:
    message: Message
    index: FilingIndex
    policy: DeskPolicy
    keyring: Keyring
    now: datetime

    @property
    def ids(self) -> tuple[str, ...]:
        """References, then In-Reply-To: the nearest ancestor last."""
        return (*self.message.references, *self.message.in_reply_to)

    def is_party(self, case: int) -> bool:
        sender = self.message.sender
        return bool(sender and self.message.sender_is_from and sender.key in self.index.parties.get(case, frozenset()))

    def on(self, case: int, reason: FilingReason, **more: object) -> Filing:
        return replace(Filing(reason, case, self.is_party(case)), **more)  # type: ignore[arg-type]  # names of fields


def file(message: Message, index: FilingIndex, policy: DeskPolicy, keyring: Keyring, now: datetime) -> Filing:
    """The first answer of the table, with the sender's newest case as `repeat_of` where the message opens one."""
    query = _Query(message, index, policy, keyring, now)
    for question in QUESTIONS:
        found = question(query)
        if found is not None:
            return found
    sender = message.sender
    repeat = index.latest.get(sender.key) if sender and message.sender_is_from else None
    return Filing(FilingReason.NEW, repeat_of=repeat)


def _delivery_report(query: _Query) -> Filing | None:
    original = query.message.bounce.original_message_id if query.message.bounce else None
    letter = query.index.letters.get(original) if original else None
    return Filing(FilingReason.DELIVERY_REPORT, letter.case, letter=letter) if letter else None


def _reply_address(query: _Query) -> Filing | None:
    ident = find_address(query.keyring, query.message.recipients)
    row = query.index.addresses.get(ident) if ident is not None else None
    if row is None:
        return None
    if row.case is None:
        return Filing(FilingReason.REPLY_ADDRESS, address=row)
    return query.on(row.case, FilingReason.REPLY_ADDRESS, address=row)


def _our_letter(query: _Query) -> Filing | None:
    for message_id in reversed(query.ids):
        letter = query.index.letters.get(message_id)
        if letter and letter.case is not None:
            return query.on(letter.case, FilingReason.OUR_ID, letter=letter)
    return None


def _pseudo_id(query: _Query) -> Filing | None:
    case = find_case(query.keyring, query.ids)
    return query.on(case, FilingReason.PSEUDO_ID) if case in query.index.parties and case is not None else None


def _thread(query: _Query) -> Filing | None:
    cases = list(dict.fromkeys(query.index.messages[mid] for mid in reversed(query.ids) if mid in query.index.messages))
    for case in cases:
        if query.is_party(case):
            return query.on(case, FilingReason.PARTY_THREAD)
    return Filing(FilingReason.NEW_REFERS, refers_to=tuple(cases)) if cases else None


def _reference(query: _Query) -> Filing | None:
    known = [query.index.references.get(reference) for reference in references_in(query.message.subject)]
    cases = [case for case in known if case is not None]
    for case in cases:
        if query.is_party(case):
            return query.on(case, FilingReason.REFERENCE)
    return Filing(FilingReason.NEW_REFERENCE, refers_to=tuple(cases)) if cases else None


def _staff(query: _Query) -> Filing | None:
    sender = query.message.sender
    if sender and query.message.sender_is_from and query.policy.person_at(sender.address):
        return Filing(FilingReason.STAFF_FORWARD)
    return None


def _same_text(query: _Query) -> Filing | None:
    sender = query.message.sender
    if sender is None or not query.message.sender_is_from or not query.message.visible_text.strip():
        return None
    found = query.index.texts.get((sender.key, text_digest(query.message)))
    if found and query.now - found[1] <= SAME_TEXT_WITHIN and query.is_party(found[0]):
        return query.on(found[0], FilingReason.SAME_TEXT)
    return None


QUESTIONS: tuple[Callable[[_Query], Filing | None], ...] = (
    _delivery_report,
    _reply_address,
    _our_letter,
    _pseudo_id,
    _thread,
    _reference,
    _staff,
    _same_text,
)


def references_in(subject: str) -> tuple[str, ...]:
    """The case references that a subject names, in capitals."""
    return tuple(dict.fromkeys(found.upper() for found in _REFERENCE.findall(subject)))


def text_digest(message: Message) -> str:
    """The same for two mails with the same new words, whatever their white space; short and hex."""
    words = " ".join(message.visible_text.split()).casefold()
    return sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def keys_of(messages: Iterable[Message], keyring: Keyring) -> FilingKeys:
    """What to look up for these messages, each key once."""
    keys: dict[str, dict[object, None]] = {name: {} for name in FilingKeys.__slots__}
    for message in messages:
        ids = (*message.references, *message.in_reply_to)
        keys["addresses"][find_address(keyring, message.recipients)] = None
        keys["cases"][find_case(keyring, ids)] = None
        keys["message_ids"].update(dict.fromkeys(ids))
        keys["references"].update(dict.fromkeys(references_in(message.subject)))
        keys["digests"][message.digest] = None
        if message.bounce:
            keys["message_ids"][message.bounce.original_message_id] = None
        if message.sender:
            keys["senders"][message.sender.key] = None
            keys["texts"][(message.sender.key, text_digest(message))] = None
    return FilingKeys(**{name: tuple(k for k in found if k is not None) for name, found in keys.items()})  # type: ignore[arg-type]  # each key stands under the name of its type
