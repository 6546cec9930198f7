import asyncio
from dataclasses import fields, replace
from datetime import timedelta, timezone

import pytest
from store_builders import NOW, changed, kept, mail, opened, opening

from maildesk import store
from maildesk.domain.case import Assessment, Case, Milestone, Outcome, Party, Reached, Remedy, Role, Status
from maildesk.domain.events import Decided, MilestoneReached, Noted, OwnerNamed, PartyAdded, PartyRemoved, StatusMoved
from maildesk.domain.message import Kind
from maildesk.store import cases, clocks, history, ids, inbox, messages, references
from maildesk.store.case_columns import COLUMNS, case_of, values_of
from maildesk.store.case_columns import changed as changed_columns
from maildesk.store.commit import CaseChange, Commit, Disposition, NewMessage
from maildesk.store.models import PartyRow

pytestmark = pytest.mark.usefixtures("db")
FULL = Case(
    id=1,
    reference="C-2026-000001",
    desk="complaints",
    received_at=NOW,
    seq=3,
    status=Status.RESPONDED,
    channel="phone",
    language="de",
    subject="Heizung",
    what_happened="kalt",
    happened_on="Montag",
    due_at=NOW + timedelta(days=20),
    parties=(Party("ann@example.com", "Ann", Role.COMPLAINANT),),
    milestones=(Reached(Milestone.ACKNOWLEDGED, NOW, 7),),
    owner="bo",
    assessment=Assessment("high", "yes", "low", "wide", "none"),
    product="boiler",
    branch="north",
    category="repairs",
    remedy_sought="repair",
    people_complained_about=("cy",),
    root_cause="age",
    remedies=(Remedy("refund", "20 EUR", NOW, None),),
    outcome=Outcome.PARTLY_UPHELD,
    reasons="late",
    vulnerability="health",
    vulnerability_driver="heating",
    confidential=True,
    legal_hold=True,
    repeat_of=9,
)


def test_every_field_of_a_case_has_a_column_and_comes_back():
    empty = Case(id=1, reference="C-2026-000001", desk="complaints", received_at=NOW)
    assert [f.name for f in fields(Case) if f.name not in ("id", "reference", "desk", "received_at")] == [
        f.name for f in fields(Case) if getattr(FULL, f.name) != getattr(empty, f.name)
    ]
    assert case_of(dict(zip(COLUMNS, values_of(FULL), strict=True))) == FULL
    assert set(changed_columns(empty, FULL)) == set(COLUMNS) - {"id", "reference", "desk", "received_at"}


async def test_a_committed_case_loads_as_it_was_decided():
    batch = await opened()
    case = batch.changes[0].after
    assert await cases.load([case.id, case.id, 999_999]) == {case.id: case}
    assert await cases.by_reference(f" {case.reference.lower()} ") == case
    assert await cases.by_reference("C-2026-999999") is None
    assert [r.event for r in await history.read(case.id)] == [r.event for r in batch.changes[0].events]


async def test_every_kind_of_change_is_stored():
    case = (await opened()).changes[0].after
    change = changed(
        case,
        OwnerNamed("bo"),
        StatusMoved(Status.CLOSED),
        Decided(Outcome.UPHELD, (Remedy("refund", "20 EUR", NOW),), "we were late"),
        MilestoneReached(Milestone.CLOSED, NOW, None),
        Noted(None, "gone home"),
    )
    await cases.commit(Commit(NOW, (change,)))
    assert (await cases.load([case.id]))[case.id] == change.after
    assert [entry.seq for entry in await history.read(case.id)] == list(range(1, change.after.seq + 1))


async def test_parties_are_looked_up_as_the_case_has_them():
    case = (await opened()).changes[0].after
    added = changed(case, PartyAdded(Role.THIRD_PARTY, "dee@example.net", "Dee"), PartyRemoved("ann@example.com"))
    await cases.commit(Commit(NOW, (added,)))
    moved = changed(added.after, PartyAdded(Role.ON_BEHALF, "dee@example.net", "Dee Doe"))
    await cases.commit(Commit(NOW, (moved,)))
    rows = await PartyRow.filter(case_id=case.id).values_list("address", "role", "name")
    assert [tuple(row) for row in rows] == [("dee@example.net", "on behalf", "Dee Doe")]


async def test_a_case_that_moved_meanwhile_is_refused_and_nothing_is_written():
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


async def test_of_many_that_change_one_case_at_once_one_succeeds_and_all_others_are_told():
    case = (await opened()).changes[0].after
    commits = [cases.commit(Commit(NOW, (changed(case, OwnerNamed(f"handler {n}")),))) for n in range(6)]
    results = await asyncio.gather(*commits, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["CaseMoved"] * 5 + ["NoneType"]
    assert (await cases.load([case.id]))[case.id].seq == case.seq + 1
    assert len(await history.read(case.id)) == case.seq + 1


async def test_events_that_do_not_lead_to_the_snapshot_are_refused():
    case = (await opened()).changes[0].after
    change = changed(case, OwnerNamed("bo"))
    with pytest.raises(ValueError, match="do not lead"):
        await cases.commit(Commit(NOW, (CaseChange(case, change.after, ()),)))


async def test_cases_are_found_by_what_they_are():
    first, second = (await opened()).changes[0].after, (await opened(desk="housing")).changes[0].after
    late = replace(second, due_at=None)
    closed = changed(first, OwnerNamed("bo"), StatusMoved(Status.CLOSED))
    owned = changed(late, OwnerNamed("bo"))
    await cases.commit(Commit(NOW, (closed, owned)))
    assert await cases.find("complaints") == [closed.after]
    assert await cases.find(is_open=True) == [owned.after]
    assert await cases.find(statuses=[Status.CLOSED]) == [closed.after]
    assert await cases.open_of("bo") == [owned.after]
    assert len(await cases.find(limit=1)) == 1


async def test_only_open_cases_past_their_due_time_are_overdue_the_longest_first():
    due = [NOW + timedelta(days=days) for days in (3, 1, 2, 1)]
    soon, first, second, closed = [(await opened(due_at=at)).changes[0].after for at in due]
    await cases.commit(Commit(NOW, (changed(closed, StatusMoved(Status.CLOSED)),)))
    await opened()
    await opened(due_at=due[1], desk="housing")
    assert await cases.overdue("complaints", due[2]) == [first]
    assert await cases.overdue("complaints", due[0] + timedelta(seconds=1)) == [first, second, soon]


async def test_cases_are_found_by_the_day_they_came_and_the_day_they_closed():
    early, late = [(await opened(at=NOW + timedelta(days=days))).changes[0].after for days in (0, 2)]
    closed = changed(early, MilestoneReached(Milestone.CLOSED, NOW + timedelta(days=1), None))
    await cases.commit(Commit(NOW, (closed,)))
    assert await cases.received_since("complaints", NOW + timedelta(days=2)) == [late]
    assert await cases.closed_since("complaints", NOW + timedelta(days=1)) == [closed.after]
    assert await cases.closed_since("complaints", NOW + timedelta(days=1, seconds=1)) == []
    assert await cases.received_since("housing", NOW) == []


async def test_times_come_back_in_utc_and_compare_across_offsets():
    summer = NOW.astimezone(timezone(timedelta(hours=2)))
    case = (await opened(at=summer)).changes[0].after
    stored = (await cases.load([case.id]))[case.id]
    assert stored.received_at == NOW
    assert stored.received_at.utcoffset() == timedelta(0)
    (entry, *_) = await history.read(case.id)
    assert entry.at.isoformat() == NOW.isoformat()


async def test_words_that_no_database_takes_are_kept_as_well_as_they_can():
    strange = "before\x00after \ud800 \\u0000 end"
    sender = "x" * 5_000 + "@example.com"
    batch = await opened(message=mail(sender, subject=strange, visible_text=strange, message_id=f"<{'i' * 9_000}>"))
    case = batch.changes[0].after
    stored = (await cases.load([case.id]))[case.id]
    assert stored.subject == "before\ufffdafter \ufffd \\u0000 end"
    (opening_event, *_) = await history.read(case.id)
    assert opening_event.event.subject == stored.subject
    (message,) = await messages.messages_of(case.id)
    assert message.message.subject == stored.subject


async def test_messages_are_found_on_their_case_and_on_the_shelf():
    batch = await opened()
    assert [m.message for m in await messages.messages_of(batch.changes[0].after.id)] == [batch.messages[0].message]
    other = await opening()
    shelved = replace(other.messages[0], case=None, disposition=Disposition.SHELVED, shelf_reason="a list")
    await cases.commit(Commit(NOW, messages=(shelved,), inbox_done=other.inbox_done))
    (on_shelf,) = await messages.shelved("complaints")
    assert (on_shelf.id, on_shelf.shelf_reason, on_shelf.case) == (shelved.id, "a list", None)
    assert await messages.shelved("housing") == []


async def on_case(case, standing, days, **more):
    (row,) = await kept()
    (ident,) = await ids.take(1)
    at = NOW + timedelta(days=days)
    filed = NewMessage(ident, row.id, "complaints", case, mail(**more), "why", Disposition.FILED, at, standing)
    await cases.commit(Commit(NOW, messages=(filed,), inbox_done=(row.id,)))
    return filed


async def test_a_letter_answers_the_last_human_mail_of_the_complainant_and_its_ancestors():
    case = (await opened()).changes[0].after
    assert await messages.thread_of(case.id) == ()
    await on_case(case.id, "complainant", 1, message_id="<first@example.com>")
    await on_case(case.id, "complainant", 2, message_id="<last@example.com>", references=("<a@x>", "<b@x>"))
    await on_case(case.id, "complainant", 3, kind=Kind.AUTO_REPLY)
    await on_case(case.id, "unverified", 4)
    assert await messages.thread_of(case.id) == ("<last@example.com>", "<b@x>", "<a@x>")


async def test_the_newest_unverified_mail_of_a_case_is_found():
    case = (await opened()).changes[0].after
    assert await messages.unverified_of(case.id) is None
    await on_case(case.id, "unverified", 1)
    newest = await on_case(case.id, "unverified", 2)
    await on_case(case.id, "complainant", 3)
    assert (await messages.unverified_of(case.id)).id == newest.id


async def test_what_fires_once_fires_once():
    assert await clocks.fire_once("digest:bo:2026-03-02", NOW)
    assert not await clocks.fire_once("digest:bo:2026-03-02", NOW)
    with pytest.raises(store.Doubled):
        await cases.commit(Commit(NOW, once=("digest:bo:2026-03-02",)))
    assert await clocks.has_fired("digest:bo:2026-03-02")
    assert not await clocks.has_fired("digest:bo:2026-03-03")


async def test_ids_and_references_are_given_out_once():
    taken = await asyncio.gather(*(ids.take(n) for n in (1, 999, 1_500, 3, 700, 1_000)))
    flat = [ident for batch in taken for ident in batch]
    assert [len(batch) for batch in taken] == [1, 999, 1_500, 3, 700, 1_000]
    assert len(set(flat)) == len(flat)
    assert await references.take(2026, 2) == ["C-2026-000001", "C-2026-000002"]
    assert await references.take(2027, 1) == ["C-2027-000001"]
    assert await references.take(2026, 1) == ["C-2026-000003"]


async def test_ids_end_where_a_token_ends():
    from maildesk.domain.tokens import LARGEST_ID
    from maildesk.store.models import CounterRow
    from maildesk.store.rows import insert

    await insert(CounterRow, ("name", "next"), [("row", LARGEST_ID - 5)])
    with pytest.raises(store.StoreError, match="used up"):
        await ids.take(1)
