from dataclasses import replace
from datetime import timedelta

import pytest

from maildesk import store
from maildesk.domain.case import Case, Outcome, Remedy, Role, Status
from maildesk.domain.events import Assessed, Decided, OwnerNamed, PartyAdded, PartyRemoved, StatusMoved
from maildesk.store import cases, history, inbox, messages
from maildesk.store.commit import Change, Commit
from store_builders import NOW, changed, mail, opened, opening


async def test_a_committed_case_loads_as_it_was_decided(db):
    batch = await opened()
    case = batch.changes[0].after
    assert (await cases.load([case.id]))[case.id] == case
    assert await cases.by_reference(case.reference.lower()) == case
    assert [r.event for r in await history.read(case.id)] == [r.event for r in batch.changes[0].events]


async def test_a_case_that_moved_meanwhile_is_refused_and_nothing_is_written(db):
    case = (await opened()).changes[0].after
    await cases.commit(Commit(NOW, (changed(case, OwnerNamed("bo")),)))
    other = await opening()
    with pytest.raises(store.CaseMoved) as refused:
        await cases.commit(replace(other, changes=(*other.changes, changed(case, OwnerNamed("cy")))))
    assert refused.value.case_ids == (case.id,)
    assert (await cases.load([case.id]))[case.id].owner == "bo"
    assert await cases.load([other.changes[0].after.id]) == {}
    assert await messages.message(other.messages[0].id) is None
    assert await inbox.waiting(["INBOX"]) == 1
