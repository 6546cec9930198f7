"""Letters that must wait because too many left: put off, counted, and recalled by the operator after a storm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q

from maildesk.domain.letter_kinds import LetterKind
from maildesk.domain.pace import HELD_BACK, HeldBack, Left, is_paced
from maildesk.store.columns import key
from maildesk.store.commit import LetterState
from maildesk.store.connection import transaction
from maildesk.store.letter_models import LetterRow
from maildesk.store.rows import column, update

_PACED = [kind.value for kind in LetterKind if is_paced(kind)]
_PUT_OFF = ("state", "attempts", "next_at", "lease_until", "answer")


@dataclass(frozen=True, slots=True)
class PutOff:
    """A claimed letter that is not sent now. The claim does not count as an attempt."""

    letter: int
    attempt: int
    held: HeldBack


@dataclass(frozen=True, slots=True)
class Waiting:
    """The letters held back: how many, until when the first, and the reason of that one."""

    count: int
    until: datetime
    why: str


async def put_off(letters: Sequence[PutOff]) -> None:
    """Back into the queue until the budget is free again; claims that are not ours any more stay as they are."""
    queued, sending = LetterState.QUEUED.value, LetterState.SENDING.value
    rows = [
        (queued, one.attempt - 1, one.held.until, None, one.held.why, one.letter, one.attempt, sending)
        for one in letters
    ]
    async with transaction():
        await update(LetterRow, _PUT_OFF, ("id", "attempts", "state"), rows)


async def left_since(desk: str, since: datetime) -> list[Left]:
    """The desk's automatic letters that were accepted since then."""
    accepted = LetterRow.filter(desk=desk, state=LetterState.ACCEPTED.value, accepted_at__gte=since, kind__in=_PACED)
    rows = await accepted.values_list("kind", "recipient", "accepted_at")
    return [Left(LetterKind(kind), recipient, at) for kind, recipient, at in rows]


async def held_back(desk: str, now: datetime) -> Waiting | None:
    """The desk's letters that wait for a budget; None where there are none."""
    query = LetterRow.filter(desk=desk, state=LetterState.QUEUED.value, next_at__gt=now, answer__startswith=HELD_BACK)
    first = await query.order_by("next_at").limit(1).values_list("next_at", "answer")
    return Waiting(await query.count(), *first[0]) if first else None


async def recall(to: str, *, only_held_back: bool) -> int:
    """Recall queued automatic letters to an address, or to a whole domain, that were never tried. How many.

    A letter that others wait for (the transcript before held letters) is not recalled: they would never leave.
    """
    whom = to.strip().lower()
    is_to = Q(recipient=key(whom)) if "@" in whom else Q(recipient__endswith=f"@{whom}")
    waiting = LetterRow.filter(is_to, state=LetterState.QUEUED.value, attempts=0, kind__in=_PACED)
    if only_held_back:
        waiting = waiting.filter(answer__startswith=HELD_BACK)
    count = 0
    async with transaction():
        held = await column(LetterRow.filter(state=LetterState.HELD.value, awaits_id__isnull=False), "awaits_id")
        for ident in await column(waiting, "id"):
            if ident not in held:
                untouched = LetterRow.filter(id=ident, state=LetterState.QUEUED.value, attempts=0)
                count += await untouched.update(state=LetterState.RECALLED.value)
    return count
