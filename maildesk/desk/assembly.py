"""The batch's decisions gathered into one commit: cases merged, letters written, addresses minted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from maildesk.desk.letterbox import Letterbox
from maildesk.desk.numbering import Numbering
from maildesk.domain.case import Case
from maildesk.domain.decision import CaseChange, Decision, Disposition
from maildesk.domain.letter import LETTERS, Audience
from maildesk.domain.numbers import Numbered
from maildesk.domain.opening import Received
from maildesk.domain.policy import DeskPolicy
from maildesk.journal import Entry
from maildesk.store.commit import Commit, LetterState, NewAddress, NewCopy, NewLetter, NewMessage


@dataclass(frozen=True, slots=True)
class Line:
    """One line for the journal."""

    entry: Entry
    facts: dict[str, object]


_ENTRIES = {Disposition.SHELVED: Entry.SET_ASIDE}


@dataclass(slots=True)
class Assembly:
    """One batch under way. `known` are the cases as the decisions so far left them; it grows and moves on."""

    policy: DeskPolicy
    letterbox: Letterbox
    numbering: Numbering
    now: datetime
    known: dict[int, Case]
    _changes: dict[int, CaseChange] = field(default_factory=dict)
    _messages: list[NewMessage] = field(default_factory=list)
    _copies: list[NewCopy] = field(default_factory=list)
    _letters: list[NewLetter] = field(default_factory=list)
    _addresses: list[NewAddress] = field(default_factory=list)
    _recalled: list[int] = field(default_factory=list)
    _spent: list[int] = field(default_factory=list)
    _refiled: list[tuple[int, int]] = field(default_factory=list)
    _bounced: list[int] = field(default_factory=list)
    _lines: list[Line] = field(default_factory=list)

    def copy(self, received: Received, first: int) -> None:
        """A mail that is here already does nothing more."""
        self._copies.append(NewCopy(first, received.row, self.now))
        self._lines.append(Line(Entry.COPY, {"desk": self.policy.name, "message": received.row}))

    async def add(self, received: Received, decision: Decision) -> None:
        """One message with everything that follows from it."""
        for change in decision.changes:
            self._change(change)
        self._messages.append(
            NewMessage(
                id=received.row,
                inbox=received.row,
                desk=self.policy.name,
                case=decision.case,
                message=received.message,
                reason=decision.reason.value,
                disposition=decision.disposition,
                received_at=received.at,
                standing=decision.standing,
                shelf_reason=decision.shelf_reason,
            )
        )
        for numbered in decision.letters:
            await self.write(numbered, decision.transcript)
        self._recalled += decision.recalls
        self._spent += decision.spent
        self._refiled += decision.refiled
        self._bounced += decision.bounced
        self._note(received, decision)

    async def write(self, numbered: Numbered, transcript: int | None = None) -> None:
        """A letter with its reply address; held until some time after its transcript, or frozen now."""
        letter = numbered.letter
        address = self.letterbox.new_address(letter, next(self.numbering), self.now) if letter.purpose else None
        if address:
            self._addresses.append(NewAddress(self.policy.name, address))
        case = self.known.get(letter.case) if letter.case is not None else None
        is_held = letter.hold_seconds > 0 and LETTERS[letter.kind].audience is Audience.COMPLAINANT
        message_id = self.letterbox.message_id(numbered.id)
        ident = address.id if address else None
        octets = None if is_held else await self.letterbox.write(numbered, message_id, ident, case, self.now)
        self._letters.append(
            NewLetter(
                id=numbered.id,
                desk=self.policy.name,
                letter=letter,
                message_id=message_id,
                state=LetterState.HELD if is_held else LetterState.QUEUED,
                created_at=self.now,
                octets=octets,
                address=ident,
                awaits=transcript if is_held else None,
                release_at=self.now + timedelta(seconds=letter.hold_seconds)
                if is_held and transcript is None
                else None,
            )
        )

    def change(self, change: CaseChange) -> None:
        """A case moved on by something other than a message."""
        self._change(change)

    def commit(self, *, once: tuple[str, ...] = ()) -> Commit:
        """Everything, to be written together."""
        return Commit(
            at=self.now,
            changes=tuple(self._changes.values()),
            messages=tuple(self._messages),
            copies=tuple(self._copies),
            letters=tuple(self._letters),
            addresses=tuple(self._addresses),
            recalled=tuple(self._recalled),
            spent=tuple(self._spent),
            refiled=tuple(self._refiled),
            bounced=tuple(self._bounced),
            inbox_done=(*(m.inbox for m in self._messages), *(c.inbox for c in self._copies)),
            once=once,
        )

    def lines(self) -> Iterator[Line]:
        """What the journal should say once the commit stands."""
        return iter(self._lines)

    def _change(self, change: CaseChange) -> None:
        """Several changes of one case in a batch become one, from its first snapshot to its last."""
        before = self._changes.get(change.after.id)
        if before:
            change = CaseChange(before.before, change.after, (*before.events, *change.events))
        self._changes[change.after.id] = change
        self.known[change.after.id] = change.after

    def _note(self, received: Received, decision: Decision) -> None:
        case = self.known.get(decision.case) if decision.case is not None else None
        facts: dict[str, object] = {
            "desk": self.policy.name,
            "case": case.reference if case else None,
            "message": received.row,
            "rule": decision.reason.value,
            "what": decision.disposition.value,
        }
        self._lines.append(Line(_ENTRIES.get(decision.disposition, Entry.FILED), facts))
