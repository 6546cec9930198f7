"""Commit 2: everything that a batch decided, in one short transaction, or nothing of it.

The values say what to write; `write` is called by `cases.commit` and, together with what became of letters, by
`outbox.settle`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from maildesk.domain.case import Case, Milestone, Status
from maildesk.domain.decision import CaseChange, Disposition
from maildesk.domain.filing import ReplyAddress, text_digest
from maildesk.domain.letter import LETTERS, Letter
from maildesk.domain.message import Message
from maildesk.store import case_columns, history
from maildesk.store.columns import written
from maildesk.store.errors import AlreadyDone, CaseMoved, LettersLeft
from maildesk.store.inbox import InboxState
from maildesk.store.letter_models import LetterBodyRow, LetterRow, ReplyAddressRow
from maildesk.store.models import CaseRow, CopyRow, EventRow, InboxRow, MessageRow, OnceRow, PartyRow
from maildesk.store.rows import chunks, delete, hold, insert, update

FINISHED = (Status.CLOSED.value, Status.MERGED.value)
OPEN = tuple(status.value for status in Status if status.value not in FINISHED)


class LetterState(StrEnum):
    """Where a letter stands on its way out."""

    DRAFT = "draft"
    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    RECALLED = "recalled"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that was read, and what became of it."""

    id: int
    inbox: int
    desk: str
    case: int | None
    message: Message
    reason: str
    disposition: Disposition
    received_at: datetime
    standing: str = ""
    shelf_reason: str = ""


@dataclass(frozen=True, slots=True)
class NewCopy:
    """A mail that is here already: `message` is the first one's id."""

    message: int
    inbox: int
    at: datetime


@dataclass(frozen=True, slots=True)
class NewAddress:
    """The row behind a signed reply address."""

    desk: str
    address: ReplyAddress


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A letter for the outbox. `octets` are the frozen bytes; without them it is held (or a draft) with its inputs.

    `awaits` is the id of the transcript whose settling starts the hold; `release_at` is known where there is none.
    """

    id: int
    desk: str
    letter: Letter
    message_id: str
    state: LetterState
    created_at: datetime
    octets: bytes | None = None
    address: int | None = None
    awaits: int | None = None
    release_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """All that is written together.

    `inbox_done` are the kept messages that are dealt with by it; `refiled` moves messages to other cases; `bounced`
    are letters that did not arrive (RFC 3464).
    """

    at: datetime
    changes: tuple[CaseChange, ...] = ()
    messages: tuple[NewMessage, ...] = ()
    copies: tuple[NewCopy, ...] = ()
    letters: tuple[NewLetter, ...] = ()
    addresses: tuple[NewAddress, ...] = ()
    recalled: tuple[int, ...] = ()
    spent: tuple[int, ...] = ()
    refiled: tuple[tuple[int, int], ...] = ()
    bounced: tuple[int, ...] = ()
    inbox_done: tuple[int, ...] = ()
    once: tuple[str, ...] = ()


async def write(commit: Commit) -> None:
    """Write it all; to be called inside a transaction, which the errors roll back.

    Raises CaseMoved, AlreadyDone or LettersLeft, and lets the database refuse doubles.
    """
    await _finish_inbox(commit.inbox_done)
    await _recall(commit.recalled)  # letters before cases, as in `outbox.settle`: the two never wait for each other
    await _write_cases(commit.changes)
    await insert(MessageRow, _MESSAGE, [_message_row(new) for new in commit.messages])
    await insert(CopyRow, ("message_id", "inbox_id", "at"), [(c.message, c.inbox, c.at) for c in commit.copies])
    await insert(ReplyAddressRow, _ADDRESS, [_address_row(new) for new in commit.addresses])
    for chunk in chunks(commit.spent):
        await ReplyAddressRow.filter(id__in=chunk).update(is_spent=True)
    await update(MessageRow, ("case_id",), ("id",), [(case, message) for message, case in commit.refiled])
    for chunk in chunks(commit.bounced):
        await LetterRow.filter(id__in=chunk, bounced_at=None).update(bounced_at=commit.at)
    await _write_letters(commit.letters)
    await insert(OnceRow, ("key", "at"), [(key, commit.at) for key in commit.once])


async def _finish_inbox(inbox_ids: Sequence[int]) -> None:
    for chunk in chunks(inbox_ids):
        open_ones = InboxRow.filter(id__in=chunk, state=InboxState.KEPT.value)
        if await open_ones.update(state=InboxState.DONE.value) < len(chunk):
            raise AlreadyDone(tuple(chunk))


async def _write_cases(changes: Sequence[CaseChange]) -> None:
    heads = await _heads([change for change in changes if change.before])
    new = [(change, *_sealed(change, history.NO_HEAD)) for change in changes if change.before is None]
    moved = [(change, *_sealed(change, heads[change.after.id])) for change in changes if change.before]
    new_rows = [(*case_columns.values_of(c.after), _closed_at(c.after), head) for c, _, head in new]
    await insert(CaseRow, (*case_columns.COLUMNS, "closed_at", "head"), new_rows)
    for columns, rows in _by_columns(moved).items():
        await update(CaseRow, (*columns, "closed_at", "head"), ("id", "seq"), rows)
    await insert(EventRow, history.COLUMNS, [row for _, rows, _ in (*new, *moved) for row in rows])
    await _write_parties(changes)


def _sealed(change: CaseChange, head: str) -> tuple[list[tuple[Any, ...]], str]:
    seq = change.before.seq if change.before else 0
    if seq + len(change.events) != change.after.seq:
        raise ValueError(
            f"case {change.after.id}: {len(change.events)} events do not lead from {seq} to {change.after.seq}"
        )
    return history.seal(change.after.id, seq, head, change.events)


async def _heads(changes: Sequence[CaseChange]) -> dict[int, str]:
    """The heads of the chains. Raises CaseMoved where a row is not at the seq at which it was loaded."""
    held = await hold(CaseRow, ("id", "seq", "head"), [change.after.id for change in changes])
    found = {ident: (seq, head) for ident, seq, head in held}
    stale = [c.after.id for c in changes if c.before and found.get(c.after.id, (None, ""))[0] != c.before.seq]
    if stale:
        raise CaseMoved(tuple(stale))
    return {ident: head for ident, (_, head) in found.items()}


def _by_columns(moved: Iterable[tuple[CaseChange, Any, str]]) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for change, _, head in moved:
        before, after = change.before, change.after
        if before is None:
            continue
        columns = case_columns.changed(before, after)
        row = (*case_columns.values_of(after, columns), _closed_at(after), head, after.id, before.seq)
        groups.setdefault(columns, []).append(row)
    return groups


def _closed_at(case: Case) -> datetime | None:
    reached = case.reached(Milestone.CLOSED)
    return reached.at if reached else None


async def _write_parties(changes: Sequence[CaseChange]) -> None:
    gone, here = [], []
    for change in changes:
        before = frozenset(change.before.parties) if change.before else frozenset()
        after = {party.address for party in change.after.parties}
        gone += [(change.after.id, party.address) for party in before if party.address not in after]
        here += [(change.after.id, p.address, p.role.value, p.name) for p in change.after.parties if p not in before]
    await delete(PartyRow, ("case_id", "address"), gone)
    same = '("case_id", "address") DO UPDATE SET "role" = excluded."role", "name" = excluded."name"'
    await insert(PartyRow, ("case_id", "address", "role", "name"), here, on_conflict=same)


_MESSAGE = (
    *("id", "inbox_id", "desk", "case_id", "message_id", "sender", "text_digest", "digest", "kind", "rule"),
    *("reason", "disposition", "standing", "shelf_reason", "received_at", "content"),
)


def _message_row(new: NewMessage) -> tuple[Any, ...]:
    mail = new.message
    sender = mail.sender.key if mail.sender else None
    return (
        *(new.id, new.inbox, new.desk, new.case, mail.message_id, sender, text_digest(mail), mail.digest),
        *(mail.kind.value, mail.rule, new.reason, new.disposition.value, new.standing, new.shelf_reason),
        *(new.received_at, written(mail)),
    )


_ADDRESS = ("id", "desk", "person", "purpose", "case_id", "about_id", "expires_at", "is_spent")


def _address_row(new: NewAddress) -> tuple[Any, ...]:
    row = new.address
    return (row.id, new.desk, row.person, row.purpose.value, row.case, row.about, row.expires_at, row.is_spent)


async def _recall(letter_ids: Sequence[int]) -> None:
    # a letter that was tried once may have arrived although no answer came, so only untouched ones come back
    held = await hold(LetterRow, ("id", "state", "attempts"), letter_ids)
    untouched = {ident for ident, state, attempts in held if state in _RECALLABLE and attempts == 0}
    if untouched < set(letter_ids):
        raise LettersLeft(tuple(sorted(set(letter_ids) - untouched)))
    await update(LetterRow, ("state",), ("id",), [(LetterState.RECALLED.value, ident) for ident in letter_ids])


_RECALLABLE = (LetterState.DRAFT.value, LetterState.HELD.value, LetterState.QUEUED.value)
_LETTER = (
    *("id", "case_id", "desk", "kind", "recipient", "person", "address_id", "message_id", "language", "state", "rank"),
    *("attempts", "next_at", "claimed_by", "release_at", "awaits_id", "hold_seconds", "due_at", "answer"),
    *("created_at", "is_capped"),
)


def _letter_row(new: NewLetter) -> tuple[Any, ...]:
    letter = new.letter
    rule = LETTERS[letter.kind]
    return (
        *(new.id, letter.case, new.desk, letter.kind.value, letter.to.key, letter.person, new.address),
        *(new.message_id, letter.language, new.state.value, rule.rank, 0, new.created_at, "", new.release_at),
        *(new.awaits, letter.hold_seconds, letter.due_at, "", new.created_at, rule.is_capped),
    )


async def _write_letters(letters: Sequence[NewLetter]) -> None:
    ordered = sorted(letters, key=lambda new: new.awaits is not None)  # a transcript stands before what awaits it
    await insert(LetterRow, _LETTER, [_letter_row(new) for new in ordered])
    bodies = [(new.id, new.octets, written(new.letter) if new.octets is None else None) for new in letters]
    await insert(LetterBodyRow, ("letter_id", "octets", "inputs"), bodies)
