"""Cases: loading snapshots, finding them, and commit 2."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.queryset import QuerySet

from maildesk.domain.case import Case, Status
from maildesk.store import commit as commits
from maildesk.store.case_columns import COLUMNS, case_of
from maildesk.store.columns import key
from maildesk.store.commit import FINISHED, OPEN
from maildesk.store.connection import transaction
from maildesk.store.models import CaseRow
from maildesk.store.rows import chunks


async def commit(batch: commits.Commit) -> None:
    """Commit 2. All or nothing.

    Raises CaseMoved (decide these again), AlreadyDone (mails somebody has dealt with), LettersLeft (too late to
    recall) and Doubled (a digest, an id or a once-key that exists).
    """
    async with transaction():
        await commits.write(batch)


async def load(case_ids: Sequence[int]) -> dict[int, Case]:
    """The snapshots by id; ids without a case are left out."""
    found: dict[int, Case] = {}
    for chunk in chunks(tuple(dict.fromkeys(case_ids))):
        found |= {case.id: case for case in await _cases(CaseRow.filter(id__in=chunk))}
    return found


async def by_reference(reference: str) -> Case | None:
    """The case with this reference, as people write it."""
    found = await _cases(CaseRow.filter(reference=key(reference.strip().upper())))
    return found[0] if found else None


async def find(
    desk: str | None = None,
    *,
    statuses: Sequence[Status] = (),
    owner: str | None = None,
    is_open: bool | None = None,
    limit: int | None = None,
) -> list[Case]:
    """Cases in order of receipt; what is not given does not narrow."""
    query = CaseRow.all().order_by("received_at", "id")
    if desk is not None:
        query = query.filter(desk=desk)
    if statuses:
        query = query.filter(status__in=[status.value for status in statuses])
    if owner is not None:
        query = query.filter(owner=owner)
    if is_open is not None:
        query = query.filter(status__in=OPEN if is_open else FINISHED)
    return await _cases(query if limit is None else query.limit(limit))


async def open_of(owner: str) -> list[Case]:
    """The open cases of a handler."""
    return await find(owner=owner, is_open=True)


async def received_since(desk: str, since: datetime) -> list[Case]:
    """The cases that the desk received from then on."""
    return await _cases(CaseRow.filter(desk=desk, received_at__gte=since).order_by("received_at", "id"))


async def closed_since(desk: str, since: datetime) -> list[Case]:
    """The cases that were closed from then on."""
    return await _cases(CaseRow.filter(desk=desk, closed_at__gte=since).order_by("closed_at", "id"))


async def overdue(desk: str, now: datetime) -> list[Case]:
    """Open cases whose response was due before `now`, the longest overdue first."""
    query = CaseRow.filter(desk=desk, status__in=OPEN, due_at__lt=now).order_by("due_at", "id")
    return await _cases(query)


async def _cases(query: QuerySet[CaseRow]) -> list[Case]:
    return [case_of(row) for row in await query.values(*COLUMNS)]
