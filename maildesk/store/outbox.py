"""Letters on their way out (commit 3): claimed with a lease, settled once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.expressions import Q

from maildesk.domain.letter import Letter, LetterKind
from maildesk.store import commit as commits
from maildesk.store.columns import utc
from maildesk.store.commit import LetterState
from maildesk.store.connection import current, run, transaction
from maildesk.store.errors import ClaimLost, LettersLeft
from maildesk.store.letter_inputs import letter_of
from maildesk.store.letter_models import LetterBodyRow, LetterRow
from maildesk.store.rows import chunks, column, hold, update


class Result(StrEnum):
    """What the SMTP server said (RFC 5321 section 4.2.1): 2yz, 4yz or no answer, 5yz."""

    ACCEPTED = "accepted"
    LATER = "later"
    REFUSED = "refused"


_STATES = {
    Result.ACCEPTED: LetterState.ACCEPTED.value,
    Result.LATER: LetterState.QUEUED.value,
    Result.REFUSED: LetterState.REFUSED.value,
}

_UNSETTLED = (LetterState.SENDING, LetterState.QUEUED)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A claimed letter. `attempt` numbers its claims from 1: with the id it names this claim and no other."""

    id: int
    kind: LetterKind
    case: int | None
    desk: str
    recipient: str
    message_id: str
    attempt: int
    created_at: datetime
    octets: bytes


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one claim. `code` is the reply code, `next_at` when to try again after LATER."""

    letter: int
    attempt: int
    result: Result
    at: datetime
    code: int | None = None
    answer: str = ""
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A letter whose hold is over: to be rendered, and then frozen."""

    id: int
    letter: Letter
    desk: str
    message_id: str
    address: int | None
    created_at: datetime


_CLAIM = (
    'UPDATE "letter" SET "state" = \'sending\', "attempts" = "attempts" + 1, "lease_until" = ?, '
    '"claimed_by" = ? WHERE "id" IN (SELECT "id" FROM "letter" WHERE "state" = \'queued\' AND "desk" = ? '
    'AND "next_at" <= ? ORDER BY "rank", "id" LIMIT ?{lock}) RETURNING "id"'
)


async def claim(now: datetime, limit: int, claimed_by: str, lease_seconds: int, *, desk: str) -> list[Outgoing]:
    """The desk's next letters to send, by rank and age, for this caller alone until the lease ends.

    A letter whose lease ended goes back into the queue first: its sender is gone or stuck.
    """
    skip_locked = " FOR UPDATE SKIP LOCKED" if current().is_postgres else ""
    lease_until = now + timedelta(seconds=lease_seconds)
    async with transaction():
        lapsed = LetterRow.filter(state=LetterState.SENDING.value, lease_until__lt=now)
        await lapsed.update(state=LetterState.QUEUED.value, next_at=now)
        rows = await run(_CLAIM.format(lock=skip_locked), utc(lease_until), claimed_by, desk, utc(now), limit)
        chosen = [row["id"] for row in rows]
        if not chosen:
            return []
        octets = dict(await LetterBodyRow.filter(letter_id__in=chosen).values_list("letter_id", "octets"))
        names = ("id", "kind", "desk", "recipient", "message_id", "created_at")
        ordered = LetterRow.filter(id__in=chosen).order_by("rank", "id")
        claimed = await ordered.values(*names, case="case_id", attempt="attempts")
    return [Outgoing(**{**row, "kind": LetterKind(row["kind"]), "octets": octets[row["id"]]}) for row in claimed]


async def reclaim(desk: str, now: datetime) -> int:
    """Put the desk's letters under way back into the queue: for a daemon that knows that no other works with it.

    What was being sent when its forerunner ended went out or did not; it goes out again with the same bytes. How many.
    """
    async with transaction():
        orphaned = LetterRow.filter(desk=desk, state=LetterState.SENDING.value)
        return await orphaned.update(state=LetterState.QUEUED.value, next_at=now)


async def hurry(desk: str, now: datetime, created_after: datetime | None = None) -> int:
    """Make the desk's queued letters that wait for a moment ahead due now, or those created later only. How many.

    For a clock that was set back. A letter is tried once more than it would be; it is never sent twice by that.
    """
    ahead = LetterRow.filter(desk=desk, state=LetterState.QUEUED.value, next_at__gt=now)
    async with transaction():
        return await (ahead.filter(created_at__gt=created_after) if created_after else ahead).update(next_at=now)


async def settle(settlements: Sequence[Settlement], commit: commits.Commit | None = None) -> None:
    """Commit 3: what became of the letters, together with what follows for their cases. All or nothing.

    Raises ClaimLost where a claim is not ours any more (leave these out and decide again), and what `cases.commit`
    raises. A settled transcript starts the hold of the letters that await it.
    """
    async with transaction():
        await _demand_claims(settlements)
        await update(LetterRow, _SETTLED, ("id",), [_settled_row(settled) for settled in settlements])
        await _start_holds(settlements)
        if commit is not None:
            await commits.write(commit)


_SETTLED = ("state", "code", "answer", "accepted_at", "next_at", "lease_until", "claimed_by")


def _settled_row(settled: Settlement) -> tuple[object, ...]:
    accepted_at = settled.at if settled.result is Result.ACCEPTED else None
    next_at = settled.next_at or settled.at
    return (_STATES[settled.result], settled.code, settled.answer, accepted_at, next_at, None, "", settled.letter)


async def still_claimed(claims: Sequence[tuple[int, int]]) -> set[int]:
    """Of these (letter, attempt) the letters whose claim still holds: no other came after it.

    A lease that lapsed while the answer could not be written down changes nothing as long as nobody claimed anew.
    """
    attempts = dict(claims)
    held = await hold(LetterRow, ("id", "state", "attempts"), attempts)
    return {ident for ident, state, attempt in held if state in _UNSETTLED and attempts[ident] == attempt}


async def _demand_claims(settlements: Sequence[Settlement]) -> None:
    ours = await still_claimed([(settled.letter, settled.attempt) for settled in settlements])
    lost = tuple(settled.letter for settled in settlements if settled.letter not in ours)
    if lost:
        raise ClaimLost(lost)


async def _start_holds(settlements: Sequence[Settlement]) -> None:
    ended = {settled.letter: settled.at for settled in settlements if settled.result is not Result.LATER}
    rows = []
    for chunk in chunks(tuple(ended)):
        awaiting = LetterRow.filter(awaits_id__in=chunk, state=LetterState.HELD.value, release_at=None)
        for ident, awaits, hold_seconds, due_at in await awaiting.values_list(
            "id", "awaits_id", "hold_seconds", "due_at"
        ):
            release_at = ended[awaits] + timedelta(seconds=hold_seconds)
            rows.append((min(release_at, due_at) if due_at else release_at, ident))
    await update(LetterRow, ("release_at",), ("id",), rows)


async def due_for_release(now: datetime, limit: int, *, desk: str) -> list[Held]:
    """The desk's held letters whose time has come, the earliest first; past its due time a letter is held no longer."""
    is_due = Q(release_at__lte=now) | Q(due_at__lte=now)
    held = LetterRow.filter(is_due, desk=desk, state=LetterState.HELD.value).order_by("release_at", "id").limit(limit)
    rows = await held.values_list("id", "desk", "message_id", "address_id", "created_at")
    if not rows:
        return []
    chosen = [row[0] for row in rows]
    inputs = dict(await LetterBodyRow.filter(letter_id__in=chosen).values_list("letter_id", "inputs"))
    return [
        Held(ident, letter_of(inputs[ident]), desk, message_id, address, created_at)
        for ident, desk, message_id, address, created_at in rows
    ]


async def next_release(desk: str) -> datetime | None:
    """When the desk's next held letter may leave; None where none is held with a known time."""
    held = LetterRow.filter(desk=desk, state=LetterState.HELD.value)
    moments = [moment for row in await held.values_list("release_at", "due_at") for moment in row if moment]
    return min(moments, default=None)


async def next_due(desk: str) -> datetime | None:
    """When the desk's next queued letter may be tried; None where none waits."""
    queued = LetterRow.filter(desk=desk, state=LetterState.QUEUED.value)
    found = await column(queued.order_by("next_at").limit(1), "next_at")
    return found[0] if found else None


async def states_of(case: int) -> dict[int, str]:
    """The state of each letter of a case."""
    return dict(await LetterRow.filter(case_id=case).values_list("id", "state"))


async def freeze(letter: int, octets: bytes, now: datetime) -> None:
    """Fix the bytes of a held letter or draft for ever and queue it. Raises LettersLeft where it is neither."""
    async with transaction():
        waiting = LetterRow.filter(id=letter, state__in=(LetterState.HELD.value, LetterState.DRAFT.value))
        if not await waiting.update(state=LetterState.QUEUED.value, next_at=now):
            raise LettersLeft((letter,))
        await update(LetterBodyRow, ("octets", "inputs"), ("letter_id",), [(octets, None, letter)])


async def bounced(letter: int, at: datetime) -> bool:
    """Note that an accepted letter did not arrive (RFC 3464). Whether this was the first such report of it."""
    async with transaction():
        accepted = LetterRow.filter(id=letter, state=LetterState.ACCEPTED.value, bounced_at=None)
        return bool(await accepted.update(bounced_at=at))
