"""A message becomes a case: the events of its first moment, the acknowledgement, and who of the staff is told."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from maildesk.domain.addressed import to_party, to_staff
from maildesk.domain.case import Case, Party, Role
from maildesk.domain.events import Event, LetterWritten, MessageFiled, Opened, PartyAdded, apply, open_case
from maildesk.domain.letter import Acknowledgement, CameIn, Content, LetterKind, Tap, TooLarge
from maildesk.domain.message import Address, Message
from maildesk.domain.numbers import Numbered, Numbers
from maildesk.domain.phrases import Phrase
from maildesk.domain.policy import DeskPolicy, Person

WHAT_HAPPENED_LENGTH = 4000
EXCERPT_LENGTH = 8000


@dataclass(frozen=True, slots=True)
class Received:
    """A mail as the rules get it: what was read, its row id, when the organisation had it, and its size if too large.

    `too_large` is the size in bytes of a mail of which only headers and text were fetched.
    """

    message: Message
    row: int
    at: datetime
    too_large: int = 0


def due(received_at: datetime, policy: DeskPolicy) -> datetime:
    """The end of the last day on which the response is in time, by the desk's calendar, in UTC."""
    zone = ZoneInfo(policy.zone)
    day = policy.day_of(received_at) + timedelta(days=policy.respond_within_days)
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)


def opened(
    received: Received, policy: DeskPolicy, numbers: Numbers, why: str, repeat: int | None
) -> tuple[Case, tuple[Event, ...]]:
    """The new case and its first events: opened, its complainant, its first mail."""
    message = received.message
    first = Opened(
        reference=next(numbers.references),
        desk=policy.name,
        received_at=received.at,
        channel="email",
        language=policy.language_for(message.language),
        due_at=due(received.at, policy),
        message=received.row,
        repeat_of=repeat,
        subject=message.subject[:500],
        what_happened=(message.visible_text.strip() or message.text)[:WHAT_HAPPENED_LENGTH],
    )
    case = open_case(next(numbers.ids), first)
    events: list[Event] = [first]
    sender = message.sender
    staff = sender and policy.person_at(sender.address)
    if sender and not staff and not policy.is_own(sender.address):
        events.append(PartyAdded(Role.COMPLAINANT, sender.key, sender.name))
    standing = f"staff:{staff.key}" if staff and message.sender_is_from else "complainant"
    events.append(MessageFiled(received.row, why, standing, sender.key if sender else ""))
    for event in events[1:]:
        case = apply(case, event)
    return case, tuple(events)


def acknowledgement(
    case: Case, received: Received, policy: DeskPolicy, numbers: Numbers, to: Party | None = None
) -> Numbered | None:
    """The automatic receipt to the complainant, or to the party named; None where there is nobody to write to."""
    party = to or case.complainant
    if party is None:
        return None
    content: Content = TooLarge(received.too_large, policy.message_bytes) if received.too_large else Acknowledgement()
    kind = LetterKind.TOO_LARGE if received.too_large else LetterKind.ACKNOWLEDGEMENT
    letter = to_party(party, kind, content, case, policy)
    message = received.message
    threaded = replace(letter, in_reply_to=message.message_id, references=thread_of(message))
    return Numbered(next(numbers.ids), threaded)


def thread_of(message: Message) -> tuple[str, ...]:
    """The References of an answer to this mail (RFC 5322 section 3.6.4)."""
    return (*message.references[-20:], message.message_id) if message.message_id else ()


def without_acknowledgement(received: Received, policy: DeskPolicy, letters_today: int) -> Phrase | None:
    """Why no automatic letter may go out for this mail; None where it may (RFC 3834 section 2)."""
    message = received.message
    if message.sender is None:
        return Phrase("notice.no_sender")
    if message.is_automatic or message.is_list or not message.may_acknowledge:
        return Phrase("notice.no_letter_automatic", (message.rule,))
    staff = policy.person_at(message.sender.address)
    if staff:
        return Phrase("notice.from_staff", (staff.name,))
    if policy.is_own(message.sender.address):
        return Phrase("notice.no_letter_automatic", ("own address",))
    if letters_today >= policy.letters_per_address_per_day:
        return Phrase("notice.no_letter_cap", (str(policy.letters_per_address_per_day),))
    return None


NEW_CASE_TAPS = (
    Tap("tap.take", "#take"),
    Tap("tap.assess", "#assess severity= safety= impact="),
    Tap("tap.reply", "#reply\n"),
    Tap("tap.show", "#show"),
)


GIVEN_CASE_TAPS = NEW_CASE_TAPS[1:]


@dataclass(frozen=True, slots=True)
class Notice:
    """What staff are told of a mail: which kind of letter, why it was filed here, what is special, what to tap."""

    kind: LetterKind
    why: str
    special: Phrase | None = None
    others: tuple[str, ...] = ()
    taps: tuple[Tap, ...] = NEW_CASE_TAPS


def tell(
    people: tuple[Person, ...], case: Case, received: Received, notice: Notice, numbers: Numbers
) -> tuple[Numbered, ...]:
    """A letter about the mail to each of these people, in their language, with their own reply address."""
    message = received.message
    content = CameIn(
        sender=message.sender,
        subject=message.subject,
        text=(message.visible_text.strip() or message.text)[:EXCERPT_LENGTH],
        attachments=tuple(a.filename for a in message.attachments if not a.inline),
        why=notice.why,
        notice=notice.special,
        others=notice.others,
        received_at=received.at,
    )
    return tuple(
        Numbered(next(numbers.ids), replace(to_staff(person, notice.kind, content, case), taps=notice.taps))
        for person in people
    )


def given_to(person: Person, case: Case, by: Person, words: str, numbers: Numbers) -> Numbered:
    """Word to the person whose case it is now, with what the giver says about it."""
    notice = Phrase("notice.given_with_words", (by.name, words)) if words else Phrase("notice.given", (by.name,))
    party = case.complainant
    content = CameIn(
        sender=Address(party.name, party.address) if party else None,
        subject=case.subject,
        text=case.what_happened,
        attachments=(),
        why="",
        notice=notice,
    )
    letter = to_staff(person, LetterKind.NEW_CASE, content, case)
    return Numbered(next(numbers.ids), replace(letter, taps=GIVEN_CASE_TAPS))


def to_tell(case: Case, policy: DeskPolicy) -> tuple[Person, ...]:
    """The owner, else those whom the configuration names for new cases, else the managers: never nobody."""
    owner = policy.person(case.owner)
    if owner:
        return (owner,)
    return tuple(person for person in policy.staff if person.key in policy.notify) or policy.managers()


def written(letters: tuple[Numbered, ...]) -> tuple[LetterWritten, ...]:
    """The events that these letters to a complainant leave on their case."""
    return tuple(LetterWritten(n.id, n.letter.kind, n.letter.to.address) for n in letters)
