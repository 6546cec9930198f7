"""Mail from staff: whose it is, how well that is proved, what its commands come to, and the answer it gets."""

from dataclasses import dataclass, replace

from maildesk.domain.addressed import to_staff
from maildesk.domain.case import Case
from maildesk.domain.commands.grammar import CommandLine, StaffMail, parse
from maildesk.domain.commands.registry import Standing, find
from maildesk.domain.commands.run import Ran, leaves, needs_strong, run
from maildesk.domain.decision import Author, CaseChange, Decision, Disposition, Situation, shelved
from maildesk.domain.events import MessageFiled, Noted, Undone
from maildesk.domain.filing import FilingReason, ReplyAddress
from maildesk.domain.letter import (
    Challenge,
    Content,
    Enclosure,
    LetterKind,
    Purpose,
    Tap,
    TranscriptLine,
    Verdict,
)
from maildesk.domain.message import Authentic, Message
from maildesk.domain.numbers import Numbered
from maildesk.domain.phrases import Phrase
from maildesk.domain.policy import Person

MOST_CHALLENGES = 10  # to one person in 24 hours without an answer: a forged From must not make us write to them
_UNDO = Tap("tap.undo", "#undo")
_CONFIRM = Tap("tap.confirm", "#confirm")


@dataclass(frozen=True, slots=True)
class Sender:
    """The person a staff mail claims to be from, and the reply address that it came to, if any."""

    person: Person
    row: ReplyAddress | None


def staff_mail(situation: Situation, sender: Sender) -> Decision:
    """The decision on a mail that claims to be from staff."""
    message, row = situation.message, sender.row
    mail = parse(message.visible_text)
    claimed = message.sender.address if message.sender else ""
    if row is None:
        return challenge(situation, sender.person, mail, Phrase("challenge.no_token"))
    if not (message.sender and message.sender_is_from and sender.person.writes_from(message.sender.address)):
        return challenge(situation, sender.person, mail, Phrase("challenge.other_sender", (claimed,)))
    if situation.now > row.expires_at:
        return _refused(situation, sender.person, mail, Phrase("refused.expired"))
    if row.purpose is Purpose.CHALLENGE:
        return _confirmation(situation, sender, mail)
    return _commanded(situation, sender, mail)


def _commanded(situation: Situation, sender: Sender, mail: StaffMail) -> Decision:
    """The commands of somebody who has shown a reply address and the From that belongs to it."""
    message = situation.message
    if situation.is_repeat and not mail.lines:  # a responder without marks that answers every transcript
        standing = f"staff:{sender.person.key}"
        filed = _filed(situation, standing, situation.received.row)
        return _decision(situation, standing, (filed,) if filed else (), ())
    if message.is_partial and needs_strong(mail.lines):
        return _refused(situation, sender.person, mail, Phrase("refused.too_large"))
    ran = run(_standing(situation, sender, situation.received.row, message), mail)
    is_proved = message.authenticity.verdict is Authentic.PASS
    if ran.has_applied and needs_strong(mail.lines) and not is_proved:
        why = Phrase("challenge.not_authentic", (message.authenticity.why,))
        return challenge(situation, sender.person, mail, why)
    return _answered(situation, sender.person, ran, situation.received.row)


def challenge(situation: Situation, person: Person, mail: StaffMail, why: Phrase) -> Decision:
    """Nothing applies until the registered address says so. The answer goes there and nowhere else.

    Who was asked often and never answered is asked no more: the mail waits on the shelf.
    """
    asked = situation.challenges.get(person.key, 0)
    if asked >= MOST_CHALLENGES:
        words = f"claims to be from {person.name}, who was asked {asked} times today and did not answer"
        return shelved(situation, situation.filing.reason, words)
    claimed = situation.message.sender.address if situation.message.sender else ""
    files = tuple(enclosure.filename for enclosure in enclosures(situation.received.row, situation.message))
    content = Challenge(tuple(line.whole for line in mail.lines), claimed, why, files)
    letter = _to(situation, person, LetterKind.CHALLENGE, content)
    about = replace(letter.letter, purpose=Purpose.CHALLENGE, taps=(_CONFIRM,))
    filed = _filed(situation, f"claimed:{person.key}", situation.received.row)
    return _decision(situation, f"claimed:{person.key}", (filed,) if filed else (), (replace(letter, letter=about),))


def _refused(situation: Situation, person: Person, mail: StaffMail, why: Phrase) -> Decision:
    """No line of the mail applies; its prose is kept, for words are never lost."""
    ran = _note_only(situation, person, mail.prose)
    lines = tuple(TranscriptLine(line.written, Verdict.REFUSED, why) for line in mail.lines)
    answered = replace(ran, transcript=replace(ran.transcript, lines=lines))
    return _answered(situation, person, answered, situation.received.row)


def _note_only(situation: Situation, person: Person, prose: str) -> Ran:
    standing = _standing(situation, Sender(person, None), situation.received.row, situation.message)
    return run(standing, StaffMail(prose, ()))


def _confirmation(situation: Situation, sender: Sender, mail: StaffMail) -> Decision:
    """`#confirm` runs the challenged mail's commands, once; any other line is refused and any other word a note."""
    challenged, row = situation.challenged, sender.row
    confirms = tuple(line for line in mail.lines if (found := find(line.word)) and found.name == "confirm")
    if row is None or challenged is None:
        return _refused(situation, sender.person, _answering(mail), Phrase("refused.not_a_challenge"))
    if confirms and row.is_spent:
        return _refused(situation, sender.person, mail, Phrase("refused.already", ("#confirm",)))
    if not confirms:
        return _refused(situation, sender.person, _answering(mail), Phrase("refused.only_confirm"))
    original = parse(challenged.mail.visible_text)
    if challenged.mail.is_partial and needs_strong(original.lines):
        return _refused(situation, sender.person, original, Phrase("refused.too_large"))
    prose = "\n\n".join(words for words in (original.prose, mail.prose) if words)
    proved = _standing(situation, Sender(sender.person, None), challenged.message, challenged.mail)
    ran = run(proved, replace(original, prose=prose))
    beside = tuple(
        TranscriptLine(line.written, Verdict.NOT_APPLIED, Phrase("refused.only_confirm"))
        for line in mail.lines
        if line not in confirms
    )
    transcript = replace(ran.transcript, lines=(*ran.transcript.lines, *beside))
    decision = _answered(situation, sender.person, replace(ran, transcript=transcript), challenged.message)
    return replace(decision, spent=(row.id,))


def _answering(mail: StaffMail) -> StaffMail:
    """The mail with a line to answer even where it has none."""
    return mail if mail.lines else replace(mail, lines=(CommandLine("confirm", "", ""),))


def _standing(situation: Situation, sender: Sender, message: int, mail: Message) -> Standing:
    return Standing(
        case=situation.case,
        person=sender.person,
        policy=situation.policy,
        now=situation.now,
        message=message,
        numbers=situation.numbers,
        lookups=situation.lookups,
        enclosures=enclosures(message, mail),
        thread=situation.thread,
        undo_of=sender.row.about if sender.row else None,
    )


def enclosures(row: int, mail: Message) -> tuple[Enclosure, ...]:
    """The attachments that travel with a handler's letter: what was attached, not the pictures of a signature."""
    return tuple(Enclosure(row, a.part, a.filename, a.content_type, a.size) for a in mail.attachments if not a.inline)


def _answered(situation: Situation, person: Person, ran: Ran, cause: int) -> Decision:
    """The decision that a run comes to, with its transcript to the registered address."""
    author = Author(f"staff:{person.key}", cause, situation.now)
    transcript = _to(situation, person, LetterKind.TRANSCRIPT, ran.transcript)
    letter = replace(transcript.letter, taps=_next_taps(ran), about=cause)
    changes: list[CaseChange] = []
    if situation.case:
        filed = MessageFiled(
            situation.received.row, situation.filing.reason, f"staff:{person.key}", person.address.lower()
        )
        changes.append(author.change(situation.case, (filed, *ran.events)))
    changes += [CaseChange(None, o.case, author.records(o.events)) for o in ran.openings]
    opened = tuple(numbered for opening in ran.openings for numbered in opening.letters)
    decision = _decision(
        situation, f"staff:{person.key}", tuple(changes), (replace(transcript, letter=letter), *ran.letters, *opened)
    )
    refiled = tuple((opening.message, opening.case.id) for opening in ran.openings)
    return replace(decision, transcript=transcript.id, recalls=ran.recalls, refiled=refiled)


def _next_taps(ran: Ran) -> tuple[Tap, ...]:
    """What one may want to do after a transcript: take it back, send the note after all."""
    has_undone = any(isinstance(event, Undone) for event in ran.events) and not ran.letters
    has_left = any(leaves(numbered) and not numbered.letter.hold_seconds for numbered in ran.letters)
    has_moved = any(not isinstance(event, Noted) for event in ran.events)
    can_undo = ran.has_applied and has_moved and not (has_undone or has_left or ran.openings or ran.recalls)
    can_send = bool(ran.transcript.note and ran.case and ran.case.is_open)
    undo = (_UNDO,) if can_undo else ()
    return (*undo, Tap("tap.send_note", f"#reply\n{ran.transcript.note}")) if can_send else undo


def _filed(situation: Situation, standing: str, row: int) -> CaseChange | None:
    if situation.case is None:
        return None
    sender = situation.message.sender.key if situation.message.sender else ""
    author = Author("desk", row, situation.now)
    return author.change(situation.case, (MessageFiled(row, situation.filing.reason, standing, sender),))


def _decision(
    situation: Situation, standing: str, changes: tuple[CaseChange, ...], letters: tuple[Numbered, ...]
) -> Decision:
    case: Case | None = situation.case
    return Decision(
        Disposition.FILED if case else Disposition.NOTED,
        situation.filing.reason if case else FilingReason.STAFF_FORWARD,
        standing,
        case=case.id if case else None,
        changes=changes,
        letters=letters,
    )


def _to(situation: Situation, person: Person, kind: LetterKind, content: Content) -> Numbered:
    """A letter to the person's registered address, whatever address the mail claims to come from."""
    message, case = situation.message, situation.case
    letter = replace(
        to_staff(person, kind, content, case),
        subject=case.subject if case else message.subject,
        in_reply_to=message.message_id,
        references=(message.message_id,) if message.message_id else (),
        about=situation.received.row,
    )
    return Numbered(next(situation.numbers.ids), letter)
