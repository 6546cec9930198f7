"""The letters as people ask about them: by Message-ID, by case, by state; and how long the queue is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from maildesk.domain.letter import LETTERS, Audience, LetterKind
from maildesk.store.columns import key
from maildesk.store.commit import LetterState
from maildesk.store.letter_models import LetterBodyRow, LetterRow
from maildesk.store.rows import column


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """One letter and what became of it. `code` and `answer` are the SMTP server's last words."""

    id: int
    case: int | None
    desk: str
    kind: LetterKind
    recipient: str
    person: str
    message_id: str
    language: str
    state: LetterState
    attempts: int
    next_at: datetime
    release_at: datetime | None
    due_at: datetime | None
    awaits: int | None
    code: int | None
    answer: str
    created_at: datetime
    accepted_at: datetime | None
    bounced_at: datetime | None


@dataclass(frozen=True, slots=True)
class Queue:
    """How many letters stand in each state, and since when the oldest waits to be sent."""

    counts: dict[LetterState, int]
    oldest: datetime | None


_COLUMNS = (
    *("id", "case_id", "desk", "kind", "recipient", "person", "message_id", "language", "state", "attempts"),
    *("next_at", "release_at", "due_at", "awaits_id", "code", "answer", "created_at", "accepted_at", "bounced_at"),
)
_RENAMED = {"case_id": "case", "awaits_id": "awaits"}
_TO_COMPLAINANTS = [kind.value for kind, rule in LETTERS.items() if rule.audience is Audience.COMPLAINANT]
_WAITING = (LetterState.QUEUED.value, LetterState.SENDING.value)


async def by_message_id(message_id: str) -> StoredLetter | None:
    """The letter with this Message-ID, angle brackets included."""
    found = await _stored(LetterRow.filter(message_id=key(message_id)))
    return found[0] if found else None


async def listing(
    desk: str | None = None,
    *,
    case: int | None = None,
    states: Sequence[LetterState] = (),
    ids: Sequence[int] = (),
    limit: int | None = None,
) -> list[StoredLetter]:
    """Letters in the order in which they were made; what is not given does not narrow."""
    query = LetterRow.all().order_by("created_at", "id")
    if desk is not None:
        query = query.filter(desk=desk)
    if case is not None:
        query = query.filter(case_id=case)
    if states:
        query = query.filter(state__in=[state.value for state in states])
    if ids:
        query = query.filter(id__in=tuple(ids))
    return await _stored(query if limit is None else query.limit(limit))


async def octets(letter: int) -> bytes | None:
    """The frozen bytes of a letter; None while it is not frozen or does not exist."""
    found = await column(LetterBodyRow.filter(letter_id=letter), "octets")
    return found[0] if found else None


async def failed_since(desk: str, since: datetime) -> list[StoredLetter]:
    """Letters to complainants that were refused, or came back, since then."""
    refused = Q(state=LetterState.REFUSED.value, next_at__gte=since) | Q(bounced_at__gte=since)
    return await _stored(LetterRow.filter(refused, desk=desk, kind__in=_TO_COMPLAINANTS).order_by("created_at", "id"))


async def unreachable_of(case: int) -> frozenset[str]:
    """The addresses to which the last letter of a case was refused, or came back."""
    settled = (LetterState.ACCEPTED.value, LetterState.REFUSED.value)
    rows = LetterRow.filter(case_id=case, state__in=settled, kind__in=_TO_COMPLAINANTS).order_by("created_at", "id")
    last = {
        recipient: state == LetterState.REFUSED.value or bounced_at is not None
        for recipient, state, bounced_at in await rows.values_list("recipient", "state", "bounced_at")
    }
    return frozenset(recipient.lower() for recipient, has_failed in last.items() if has_failed)


async def counts(desk: str | None = None) -> Queue:
    """The queue in numbers."""
    query = LetterRow.all() if desk is None else LetterRow.filter(desk=desk)
    rows = await query.annotate(number=Count("id")).group_by("state").values_list("state", "number")
    oldest = await column(query.filter(state__in=_WAITING).order_by("created_at").limit(1), "created_at")
    return Queue({LetterState(state): number for state, number in rows}, oldest[0] if oldest else None)


async def _stored(query: QuerySet[LetterRow]) -> list[StoredLetter]:
    rows = await query.values(*_COLUMNS)
    return [
        StoredLetter(
            **{_RENAMED.get(name, name): value for name, value in row.items()}
            | {"kind": LetterKind(row["kind"]), "state": LetterState(row["state"])}
        )
        for row in rows
    ]
