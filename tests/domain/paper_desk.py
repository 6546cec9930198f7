"""A desk on paper: it files and decides and keeps everything in memory as the daemon does, for tests without I/O.

After every step it checks what must hold after any step (`_check`): no snapshot without its events, no status outside
the table, no letter to anybody but the complainant and the staff, no phrase without its words.
"""

import dataclasses
import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from maildesk.domain.case import Case
from maildesk.domain.commands.grammar import parse
from maildesk.domain.commands.reading import line_of
from maildesk.domain.commands.registry import Lookups, Unverified
from maildesk.domain.decide import decide
from maildesk.domain.decision import Author, CaseChange, Challenged, Decision, Disposition, Situation
from maildesk.domain.delivery import Delivered, Fate, is_told_on_case, settled, warning
from maildesk.domain.events import Recorded, StatusMoved, Undone, apply, replay
from maildesk.domain.filing import Filing, FilingIndex, FilingReason, ReplyAddress, SentLetter, file
from maildesk.domain.letter import CONTENTS, LETTERS, Audience, Letter, LetterKind, Purpose
from maildesk.domain.lifecycle import TRANSITIONS
from maildesk.domain.message import (
    Address,
    Attachment,
    Authentic,
    Authenticity,
    Bounce,
    BouncedRecipient,
    Kind,
    Message,
)
from maildesk.domain.numbers import Numbered, Numbers
from maildesk.domain.opening import Received
from maildesk.domain.phrases import PHRASES, Phrase
from maildesk.domain.policy import DeskPolicy, Person, StaffRole
from maildesk.domain.tokens import Keyring, Use, mint, pseudo_id, reply_address

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DESK = "complaints@example.org"
PAT = "kay@example.net"
ANNA = Person(
    "anna", "Anna Schmidt", "anna@example.org", StaffRole.HANDLER, "en", "Europe/London", ("a.schmidt@example.org",)
)
BERT = Person("bert", "Bert Müller", "bert@example.org", StaffRole.HANDLER, "de", "Europe/Berlin")
EVA = Person("eva", "Eva Müller", "eva@example.org", StaffRole.HANDLER, "de", "Europe/Berlin")
MIA = Person("mia", "Mia Boss", "mia@example.org", StaffRole.MANAGER, "en", "Europe/London")
POLICY = DeskPolicy(
    name="complaints",
    address=DESK,
    title="Complaints",
    organisation="Example Ltd",
    own_addresses=frozenset({DESK, "help@example.org"}),
    languages=("en", "de"),
    default_language="en",
    zone="Europe/London",
    respond_within_days=14,
    staff=(ANNA, BERT, EVA, MIA),
    notify=("anna", "bert"),
)
KEYRING = Keyring({1: b"k" * 32})
PASS = Authenticity(Authentic.PASS, "signed by example.org")
PHOTO = Attachment("photo.jpg", "image/jpeg", 1000, "00", inline=False, part="2")
LOGO = Attachment("logo.png", "image/png", 900, "11", inline=True, part="1.2")

_SERIAL = itertools.count(1)


def mail(text: str, sender: str | None = PAT, **changes) -> Message:
    """A human mail to the desk with these new words."""
    number = next(_SERIAL)
    made = Message(
        message_id=f"<m{number}@mail.example>",
        in_reply_to=(),
        references=(),
        date=NOW,
        sender=Address("", sender) if sender else None,
        sender_is_from=sender is not None,
        reply_to=(),
        to=(Address("", DESK),),
        cc=(),
        delivered_to=(),
        subject="Complaint",
        text=text,
        visible_text=text,
        quoted_text="",
        attachments=(),
        kind=Kind.HUMAN,
        rule="nothing says otherwise",
        reasons=(),
        may_acknowledge=True,
        is_list=False,
        bounce=None,
        language="en",
        defects=(),
        digest=f"digest {number}",
        size=len(text),
        received_at=NOW,
    )
    return replace(made, **changes)


@dataclass
class Sent:
    """A letter as it left the desk: its Message-ID, its reply address, and what became of it."""

    id: int
    letter: Letter
    message_id: str
    address: str
    row: ReplyAddress | None
    state: str


@dataclass
class Kept:
    """A mail that the desk has, and where it lies."""

    row: int
    message: Message
    decision: Decision
    case: int | None


@dataclass
class PaperDesk:
    """One desk with everything that it remembers."""

    policy: DeskPolicy = POLICY
    now: datetime = NOW
    keyring: Keyring = KEYRING
    cases: dict[int, Case] = field(default_factory=dict)
    history: dict[int, list[Recorded]] = field(default_factory=dict)
    sent: dict[int, Sent] = field(default_factory=dict)
    kept: dict[int, Kept] = field(default_factory=dict)
    index: FilingIndex = field(default_factory=FilingIndex)

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)
        self.numbers = Numbers(self._ids, (f"C-2026-{number:06}" for number in itertools.count(1)))

    # what comes in

    def receive(self, message: Message, *, too_large: int = 0, unreadable: str = "") -> Decision:
        """One mail, filed, decided and kept."""
        message = replace(message, received_at=self.now)
        received = Received(message, next(self._ids), self.now, too_large)
        filing = file(message, self.index, self.policy, self.keyring, self.now)
        if unreadable:
            filing = Filing(FilingReason.UNREADABLE)
        situation = self._situation(received, filing, unreadable)
        decision = decide(situation)
        self._check(decision)
        self._commit(received, decision)
        return decision

    def complaint(self, text: str = "My parcel never came.", sender: str = PAT, **changes) -> Case:
        """A new complaint; its case."""
        decision = self.receive(mail(text, sender, **changes))
        assert decision.disposition is Disposition.OPENED
        return self.cases[decision.case]

    def reply(self, to: Sent, text: str, sender: str | None = None, **changes) -> Decision:
        """An answer to a letter, to its reply address, by the one who got it unless somebody else is named."""
        return self.receive(self.answer(to, text, sender, **changes))

    def answer(self, to: Sent, text: str, sender: str | None = None, **changes) -> Message:
        """That answer as a mail that has not come yet."""
        changes = {"to": (Address("", to.address),), "in_reply_to": (to.message_id,), **changes}
        return mail(text, sender or to.letter.to.address, **changes)

    def command(self, case: Case, text: str, person: Person = ANNA, **changes) -> Decision:
        """A staff mail to the person's own reply address of the case, authentic unless said otherwise."""
        changes = {"authenticity": PASS, "to": (Address("", self.staff_address(case, person)),), **changes}
        changes.setdefault("sender", Address("", person.address))
        return self.receive(replace(mail(text), **changes))

    def bounce(self, of: Sent | None, kind: Kind = Kind.BOUNCE, **changes) -> Decision:
        """A delivery status notification about one of our letters, or about none."""
        recipient = of.letter.to.address if of else "nobody@example.net"
        action = "failed" if kind is Kind.BOUNCE else "delayed"
        report = Bounce(
            of.message_id if of else "<x@elsewhere.example>", (BouncedRecipient(recipient, action, "5.1.1"),)
        )
        return self.receive(
            mail(
                "", "MAILER-DAEMON@mail.example", kind=kind, bounce=report, may_acknowledge=False, rule="DSN", **changes
            )
        )

    def settle(self, of: Sent, fate: Fate = Fate.ACCEPTED) -> None:
        """The SMTP server's word on a letter."""
        of.state = fate.value
        code = "250" if fate is Fate.ACCEPTED else "550"
        delivered = Delivered(of.id, of.letter.kind, of.letter.to.address, fate, code, "so it said")
        case = self.cases.get(of.letter.case)
        if case and is_told_on_case(of.letter.kind):
            change = settled(case, delivered, Author("desk", of.id, self.now))
            self._check_change(change)
            self._change(change)
        if fate is Fate.REFUSED:
            for numbered in warning(case, delivered, self.policy, self.numbers):
                self._check_letter(numbered.letter)
                self._send(numbered)

    def later(self, **span) -> None:
        """Time passes."""
        self.now += timedelta(**span)

    # what there is

    def case(self, case: Case | int) -> Case:
        """The case as it is now."""
        return self.cases[case.id if isinstance(case, Case) else case]

    def letters(self, kind: LetterKind | None = None, to: str | None = None) -> list[Sent]:
        """The letters written so far, oldest first."""
        return [
            one for one in self.sent.values()
            if (kind is None or one.letter.kind is kind) and (to is None or one.letter.to.address == to)
        ]  # fmt: skip

    def last(self, kind: LetterKind, to: str | None = None) -> Sent:
        """The newest letter of the kind."""
        return self.letters(kind, to)[-1]

    def staff_address(self, case: Case, person: Person = ANNA, **changes) -> str:
        """A reply address of this person for this case."""
        row = ReplyAddress(next(self._ids), person.key, Purpose.STAFF, case.id, self.now + timedelta(days=180))
        self.index.addresses[row.id] = replace(row, **changes)
        return reply_address(DESK, mint(self.keyring, Use.ADDRESS, row.id))

    def events(self, case: Case) -> list[str]:
        """The names of the case's events, in order."""
        return [type(row.event).__name__ for row in self.history[case.id]]

    # how it keeps

    def _situation(self, received: Received, filing: Filing, unreadable: str) -> Situation:
        message, case = received.message, self.cases.get(filing.case)
        row = filing.address
        challenged = None
        if row and row.purpose is Purpose.CHALLENGE and row.about in self.kept:
            challenged = Challenged(row.about, self.kept[row.about].message)
        return Situation(
            received=received,
            filing=filing,
            case=case,
            policy=self.policy,
            now=self.now,
            numbers=self.numbers,
            letters_today=self.index.letters_today.get(message.sender.key, 0) if message.sender else 0,
            challenges=self.index.challenges,
            related=tuple(self.cases[other] for other in filing.refers_to),
            lookups=self._lookups(case, row),
            thread=self._thread(case),
            challenged=challenged,
            unreadable=unreadable,
            is_repeat=self.index.is_repeat(message, filing.case),
        )

    def _lookups(self, case: Case | None, row: ReplyAddress | None) -> Lookups:
        mine = [one for one in self.cases.values() if row and one.owner == row.person and one.is_open]
        lying = [k for k in self.kept.values() if case and k.case == case.id and k.decision.standing == "unverified"]
        waiting = [k for k in lying if not (k.message.sender and case.party(k.message.sender.address))]
        last = waiting[-1] if waiting else None
        return Lookups(
            history=tuple(self.history[case.id]) if case else (),
            letter_states={one.id: one.state for one in self.sent.values()},
            mine=tuple(line_of(one, self.policy) for one in mine),
            unverified=Unverified(last.row, last.message, self.now) if last else None,
            unreachable=self._unreachable(case),
        )

    def _unreachable(self, case: Case | None) -> frozenset[str]:
        fates = [one for one in self.sent.values() if case and one.letter.case == case.id]
        last = {o.letter.to.key: o.state for o in fates if o.state in ("accepted", "refused", "bounced")}
        return frozenset(address for address, state in last.items() if state != "accepted")

    def _thread(self, case: Case | None) -> tuple[str, ...]:
        found = [k.message.message_id for k in self.kept.values() if case and k.case == case.id]
        return tuple(reversed(found))

    def _commit(self, received: Received, decision: Decision) -> None:
        for change in decision.changes:
            self._change(change)
        for numbered in decision.letters:
            self._send(numbered)
        for ident in decision.recalls:
            self.sent[ident].state = "recalled"
        for ident in decision.bounced:
            self.sent[ident].state = "bounced"
        self.index.spend(decision.spent)
        self.kept[received.row] = Kept(received.row, received.message, decision, decision.case)
        case = self.cases.get(decision.case)
        parties = frozenset(party.address for party in case.parties) if case else frozenset()
        self.index.remember(received.message, received.row, decision.case, parties)
        for row, target in decision.refiled:
            self.kept[row].case = target
            self.index.messages[self.kept[row].message.message_id] = target

    def _change(self, change: CaseChange) -> None:
        case = change.after
        self.cases[case.id] = case
        rows = self.history.setdefault(case.id, [])
        rows += [replace(row, seq=len(rows) + n) for n, row in enumerate(change.events, start=1)]
        self.index.references[case.reference] = case.id
        self.index.parties[case.id] = frozenset(party.address for party in case.parties)

    def _send(self, numbered: Numbered) -> None:
        letter = numbered.letter
        row, address = None, DESK
        if letter.purpose:
            expires = self.now + timedelta(days=180)
            row = ReplyAddress(next(self._ids), letter.person, letter.purpose, letter.case, expires, letter.about)
            self.index.addresses[row.id] = row
            address = reply_address(DESK, mint(self.keyring, Use.ADDRESS, row.id))
        message_id = f"<letter{numbered.id}@example.org>"
        state = "held" if letter.hold_seconds else "queued"
        self.sent[numbered.id] = Sent(numbered.id, letter, message_id, address, row, state)
        self.index.letters[message_id] = SentLetter(
            numbered.id, letter.kind, letter.case, letter.person, letter.to.address
        )
        if letter.kind is LetterKind.CHALLENGE:
            self.index.challenges[letter.person] = self.index.challenges.get(letter.person, 0) + 1
        if LETTERS[letter.kind].is_capped:
            key = letter.to.key
            self.index.letters_today[key] = self.index.letters_today.get(key, 0) + 1

    def pseudo_id(self, case: Case) -> str:
        """What stands for the case in the References of its letters."""
        return pseudo_id(self.keyring, case.id, "example.org")

    # what must always hold

    def _check(self, decision: Decision) -> None:
        for change in decision.changes:
            self._check_change(change)
        after = {change.after.id: change.after for change in decision.changes}
        for numbered in decision.letters:
            self._check_letter(numbered.letter, after)
        for phrase in phrases_in(decision):
            assert len(PHRASES[phrase.key]) == len(phrase.values), phrase
            assert all(type(value) is str or isinstance(value, str) for value in phrase.values), phrase

    def _check_change(self, change: CaseChange) -> None:
        before, events = change.before, [row.event for row in change.events]
        if before is None:
            assert replay(change.after.id, events) == change.after
            return
        assert before == self.cases[before.id], "decided on a case that is not the newest"
        is_undo = any(isinstance(event, Undone) for event in events)
        case = before
        for event in events:
            if isinstance(event, StatusMoved) and not is_undo:
                assert event.status in {to for (status, _), to in TRANSITIONS.items() if status is case.status}, event
            case = apply(case, event)
        assert case == change.after

    def _check_letter(self, letter: Letter, after: dict[int, Case] | None = None) -> None:
        assert isinstance(letter.content, CONTENTS[letter.kind])
        if LETTERS[letter.kind].audience is Audience.COMPLAINANT:
            case = (after or {}).get(letter.case) or self.cases[letter.case]
            party = case.party(letter.to.address)
            assert party is not None, f"{letter.kind} to a stranger: {letter.to.address}"
            assert letter.person == party.address
            assert letter.purpose is Purpose.COMPLAINANT
        else:
            assert letter.to.address in {person.address for person in self.policy.staff}, letter.to
            assert letter.purpose in (Purpose.STAFF, Purpose.CHALLENGE)


def phrases_in(value: object) -> list[Phrase]:
    """Every phrase anywhere in a value."""
    if isinstance(value, Phrase):
        return [value]
    if isinstance(value, tuple):
        return [phrase for one in value for phrase in phrases_in(one)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [p for f in dataclasses.fields(value) for p in phrases_in(getattr(value, f.name))]
    return []


def transcript_of(decision: Decision):
    """The transcript that a decision answers with."""
    found = [n.letter.content for n in decision.letters if n.letter.kind is LetterKind.TRANSCRIPT]
    assert len(found) == 1, [n.letter.kind for n in decision.letters]
    return found[0]


def verdicts(decision: Decision) -> list[tuple[str, str]]:
    """(verdict, phrase key) of each line of the transcript."""
    return [(line.verdict.value, line.said.key) for line in transcript_of(decision).lines]


def kinds(decision: Decision) -> list[str]:
    """The kinds of the letters that a decision writes."""
    return [numbered.letter.kind.value for numbered in decision.letters]


def words_of(text: str) -> list[str]:
    """The command words that stand in a text."""
    return [line.word for line in parse(text).lines]
