"""Letters that must wait because too many left: put off, counted, and recalled by the operator after a storm."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q

from maildesk.domain.decision import Author
from maildesk.domain.delivery import is_told_on_case
from maildesk.domain.events import Event, LetterRecalled
from maildesk.domain.letter_kinds import LetterKind
from maildesk.domain.pace import HELD_BACK, HeldBack, Left, is_paced
from maildesk.store import cases
from maildesk.store.columns import key
from maildesk.store.commit import Commit, LetterState
from maildesk.store.connection import transaction
from maildesk.store.errors import CaseMoved, LettersLeft, StoreError
from maildesk.store.letter_models import LetterRow
from maildesk.store.rows import column, update

AT_ONCE = 50
MOST_MOVES = 10
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


async def recall(to: str, now: datetime, *, only_held_back: bool) -> int:
    """Recall queued automatic letters to an address, or to a whole domain, that were never tried. How many.

    The history of their cases says so. A letter that others wait for (the transcript before held letters) is not
    recalled: they would never leave. A daemon may be at work: what it has tried meanwhile is left to it.
    """
    whom = to.strip().lower()
    is_to = Q(recipient=key(whom)) if "@" in whom else Q(recipient__endswith=f"@{whom}")
    waiting = LetterRow.filter(is_to, state=LetterState.QUEUED.value, attempts=0, kind__in=_PACED)
    if only_held_back:
        waiting = waiting.filter(answer__startswith=HELD_BACK)
    awaited = set(await column(LetterRow.filter(state=LetterState.HELD.value, awaits_id__isnull=False), "awaits_id"))
    found = [row for row in await waiting.order_by("id").values_list("id", "case_id", "kind") if row[0] not in awaited]
    return sum([await _recalled(found[start : start + AT_ONCE], now) for start in range(0, len(found), AT_ONCE)])


async def _recalled(letters: list[tuple[int, int | None, str]], now: datetime) -> int:
    """How many of these were still untouched, and are recalled now. Raises StoreError where cases keep moving."""
    for _ in range(MOST_MOVES):
        known = await cases.load([case for _, case, _ in letters if case is not None])
        told = defaultdict[int, list[Event]](list)
        for letter, case, kind in letters:
            if case is not None and is_told_on_case(LetterKind(kind)):
                told[case].append(LetterRecalled(letter))
        author = Author("operator", None, now)
        changes = tuple(author.change(known[case], tuple(events)) for case, events in told.items())
        try:
            await cases.commit(Commit(now, changes=changes, recalled=tuple(letter for letter, _, _ in letters)))
        except LettersLeft as left:
            letters = [row for row in letters if row[0] not in left.letter_ids]
        except CaseMoved:
            continue
        else:
            return len(letters)
    raise StoreError("the cases of these letters keep moving; try again")
