"""The decision on one message: a table of questions, the first that answers wins."""

from collections.abc import Callable
from dataclasses import replace

from maildesk.domain.case import Case, Party, Role
from maildesk.domain.commands.grammar import parse
from maildesk.domain.decision import Author, CaseChange, Decision, Disposition, Situation, shelved
from maildesk.domain.delivery import Delivered, Fate, bounced, warning
from maildesk.domain.events import CasesRefer, Event, MessageFiled, StatusMoved
from maildesk.domain.filing import FilingReason
from maildesk.domain.letter import LetterKind, Purpose, Tap
from maildesk.domain.lifecycle import Trigger, follow
from maildesk.domain.message import Kind
from maildesk.domain.numbers import Numbered
from maildesk.domain.opening import (
    NEW_CASE_TAPS,
    Notice,
    acknowledgement,
    opened,
    tell,
    to_tell,
    without_acknowledgement,
    written,
)
from maildesk.domain.phrases import Phrase
from maildesk.domain.staff import Sender, staff_mail

_STAFF_PURPOSES = (Purpose.STAFF, Purpose.CHALLENGE)
_UNVERIFIED_TAPS = (Tap("tap.add", "#add"), Tap("tap.newcase", "#newcase"), Tap("tap.show", "#show"))
_CLOSED_TAPS = (Tap("tap.reopen", "#reopen"), Tap("tap.show", "#show"))
_MESSAGE_TAPS = (
    Tap("tap.reply", "#reply\n"),
    Tap("tap.ask", "#ask\n"),
    Tap("tap.respond", "#respond \n"),
    Tap("tap.show", "#show"),
)


def decide(situation: Situation) -> Decision:
    """What follows from one message. Never raises for anything that stands in a mail."""
    for question in QUESTIONS:
        found = question(situation)
        if found is not None:
            return found
    return open_a_case(situation)


def _unreadable(situation: Situation) -> Decision | None:
    """A mail that died on us becomes a case with its raw mail, without an automatic letter."""
    if not situation.unreadable:
        return None
    special = Phrase("notice.unreadable", (situation.unreadable,))
    return _opened(replace(situation, case=None), FilingReason.UNREADABLE, special)


def _our_own(situation: Situation) -> Decision | None:
    """A letter of ours that came home, or a mail that claims to be from the desk itself: never answered."""
    sender = situation.message.sender
    is_own = bool(sender and situation.policy.is_own(sender.address)) or bool(situation.message.own_marks)
    if not is_own or situation.message.kind in (Kind.BOUNCE, Kind.DELAYED):
        return None
    return shelved(situation, FilingReason.OWN, f"from {sender.address}" if sender else "carries our mark")


def _bounce(situation: Situation) -> Decision | None:
    """A delivery report: on the letter's case where it speaks of one of our letters, else on the shelf."""
    message, letter = situation.message, situation.filing.letter
    if message.kind not in (Kind.BOUNCE, Kind.DELAYED):
        return None
    if letter is None:
        return shelved(situation, FilingReason.DELIVERY_REPORT, f"speaks of no letter of ours ({message.rule})")
    has_failed = message.kind is Kind.BOUNCE and not letter.has_bounced  # one fate for one letter, however many reports
    recipient = next(iter(message.bounce.recipients), None) if message.bounce else None
    status, diagnostic = (recipient.status, recipient.diagnostic) if recipient else ("", "")
    delivered = Delivered(letter.id, letter.kind, letter.recipient, Fate.REFUSED, status, diagnostic)
    case = situation.case
    changes: tuple[CaseChange, ...] = ()
    if case is not None:
        filed = MessageFiled(situation.received.row, FilingReason.DELIVERY_REPORT, "automatic", "")
        events: tuple[Event, ...] = (filed, *(bounced(case, delivered) if has_failed else ()))
        changes = (Author("desk", situation.received.row, situation.now).change(case, events),)
    return Decision(
        Disposition.FILED if case else Disposition.NOTED,
        FilingReason.DELIVERY_REPORT,
        "automatic",
        case=case.id if case else None,
        changes=changes,
        letters=warning(case, delivered, situation.policy, situation.numbers) if has_failed else (),
        bounced=(letter.id,) if has_failed else (),
    )


def _automatic(situation: Situation) -> Decision | None:
    """Automatic mail moves no status and stops no clock: on its case, else on the shelf; in doubt it opens one."""
    message, case, filing = situation.message, situation.case, situation.filing
    if not (message.is_automatic or message.is_list):
        return None
    if case is not None:
        if not message.is_automatic and (filing.is_party or filing.address):
            return None  # a person who writes through a list is heard where they belong
        filed = MessageFiled(situation.received.row, filing.reason, "automatic", _sender(situation))
        change = Author("desk", situation.received.row, situation.now).change(case, (filed,))
        return Decision(Disposition.FILED, filing.reason, "automatic", case.id, (change,))
    if message.is_list:
        return shelved(situation, FilingReason.LIST, message.rule)
    if message.kind in (Kind.AUTO_REPLY, Kind.FEEDBACK_REPORT) or filing.address:
        return shelved(situation, FilingReason.AUTOMATIC, message.rule)
    return None


def _staff(situation: Situation) -> Decision | None:
    """A reply to a staff address, or a mail with commands that claims to be from staff."""
    row, message, policy = situation.filing.address, situation.message, situation.policy
    if message.is_automatic:
        return None
    if row is not None and row.purpose in _STAFF_PURPOSES:
        person = policy.person(row.person)
        has_commands = bool(parse(message.visible_text).lines)
        is_theirs = bool(person and message.sender and person.writes_from(message.sender.address))
        if person is not None and (is_theirs or has_commands):
            return staff_mail(situation, Sender(person, row))
        return None
    sender = message.sender
    person = policy.person_at(sender.address) if sender and message.sender_is_from else None
    if person is None or not parse(message.visible_text).lines:
        return None
    return staff_mail(situation, Sender(person, None))


def _correspondence(situation: Situation) -> Decision | None:
    """A mail on a case: from a party it moves the case on; from anybody else it is kept and discloses nothing."""
    case, filing = situation.case, situation.filing
    if case is None:
        return None
    party = case.party(_sender(situation)) if filing.is_party else None
    if party is not None:
        return _from_party(situation, case, party)
    notice = Notice(
        LetterKind.NEW_MESSAGE,
        filing.reason,
        Phrase("notice.unverified", (_sender(situation) or "–",)),
        taps=_UNVERIFIED_TAPS,
    )
    return _filed(situation, case, "unverified", (), notice)


def _from_party(situation: Situation, case: Case, party: Party) -> Decision:
    """The parties' mail. Only who complains, or acts for them, ends the waiting for an answer."""
    moved = follow(case.status, Trigger.COMPLAINANT_WRITES) if party.role is not Role.THIRD_PARTY else None
    status = (StatusMoved(moved),) if moved and moved is not case.status else ()
    receipts, special = _told_too_large(situation, case, party)
    if not case.is_open:
        special = Phrase("notice.after_closing")
    taps = _MESSAGE_TAPS if case.is_open else _CLOSED_TAPS
    notice = Notice(LetterKind.NEW_MESSAGE, situation.filing.reason, special, taps=taps)
    decision = _filed(situation, case, party.role, (*status, *written(receipts)), notice)
    return replace(decision, letters=(*receipts, *decision.letters))


def _told_too_large(situation: Situation, case: Case, party: Party) -> tuple[tuple[Numbered, ...], Phrase | None]:
    """The letter to a party whose attachments we could not take, and what the staff are told of it."""
    received, policy = situation.received, situation.policy
    if not received.too_large:
        return (), None
    silent = without_acknowledgement(received, policy, situation.letters_today)
    if silent:
        return (), silent
    receipt = acknowledgement(case, received, policy, situation.numbers, party)
    special = Phrase("notice.too_large", (str(received.too_large), str(policy.message_bytes)))
    return (receipt,) if receipt else (), special


def _filed(situation: Situation, case: Case, standing: str, rest: tuple[Event, ...], notice: Notice) -> Decision:
    """The mail on its case, and its owner told."""
    filed = MessageFiled(situation.received.row, situation.filing.reason, standing, _sender(situation))
    change = Author(standing, situation.received.row, situation.now).change(case, (filed, *rest))
    told = tell(to_tell(case, situation.policy), case, situation.received, notice, situation.numbers)
    return Decision(Disposition.FILED, situation.filing.reason, standing, case.id, (change,), told)


QUESTIONS: tuple[Callable[[Situation], Decision | None], ...] = (
    _unreadable,
    _bounce,
    _our_own,
    _automatic,
    _staff,
    _correspondence,
)


def open_a_case(situation: Situation) -> Decision:
    """A new case, with an acknowledgement where one may go out."""
    silent = without_acknowledgement(situation.received, situation.policy, situation.letters_today)
    return _opened(situation, situation.filing.reason, silent)


def _opened(situation: Situation, reason: FilingReason, silent: Phrase | None) -> Decision:
    received, policy, numbers = situation.received, situation.policy, situation.numbers
    case, first = opened(received, policy, numbers, reason, situation.filing.repeat_of)
    receipt = None if silent else acknowledgement(case, received, policy, numbers)
    receipts: tuple[Numbered, ...] = (receipt,) if receipt else ()
    references = tuple(CasesRefer(other.id, other.reference) for other in situation.related)
    theirs, ours = (Author(by, received.row, situation.now) for by in ("complainant", "desk"))
    rest: tuple[Event, ...] = (*written(receipts), *references)
    change = CaseChange(None, ours.change(case, rest).after, (*theirs.records(first), *ours.records(rest)))
    letters = (*receipts, *_told(situation, case, silent), *_others_told(situation, case))
    others = tuple(_refers(situation, other, case) for other in situation.related)
    standing = "staff" if first and silent and silent.key == "notice.from_staff" else "complainant"
    return Decision(Disposition.OPENED, reason, standing, case.id, (change, *others), letters)


def _told(situation: Situation, case: Case, silent: Phrase | None) -> tuple[Numbered, ...]:
    """The staff are told of the new case, and of what is special about it."""
    others = tuple(other.reference for other in situation.related)
    special = silent
    if special is None and others:
        special = Phrase("notice.refers", (", ".join(others),))
    if special is None and situation.received.too_large:
        special = Phrase("notice.too_large", (str(situation.received.too_large), str(situation.policy.message_bytes)))
    notice = Notice(LetterKind.NEW_CASE, situation.filing.reason, special, others, NEW_CASE_TAPS)
    return tell(to_tell(case, situation.policy), case, situation.received, notice, situation.numbers)


def _others_told(situation: Situation, case: Case) -> tuple[Numbered, ...]:
    """The owners of the cases that the mail refers to hear of the new one."""
    letters: list[Numbered] = []
    for other in situation.related:
        special = Phrase("notice.referred", (case.reference,))
        notice = Notice(LetterKind.NEW_MESSAGE, situation.filing.reason, special, taps=_UNVERIFIED_TAPS[2:])
        people = to_tell(other, situation.policy)
        letters += tell(people, other, situation.received, notice, situation.numbers)
    return tuple(letters)


def _refers(situation: Situation, other: Case, new: Case) -> CaseChange:
    return Author("desk", situation.received.row, situation.now).change(other, (CasesRefer(new.id, new.reference),))


def _sender(situation: Situation) -> str:
    return situation.message.sender.key if situation.message.sender else ""
