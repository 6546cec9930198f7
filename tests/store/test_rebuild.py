import pytest
from store_builders import NOW, changed, opened

from maildesk.domain.case import Milestone, Outcome, Remedy, Role, Status
from maildesk.domain.events import (
    Assessed,
    Decided,
    MilestoneReached,
    OwnerNamed,
    PartyAdded,
    PartyRemoved,
    StatusMoved,
)
from maildesk.store import cases, rebuild
from maildesk.store.commit import Commit
from maildesk.store.connection import run
from maildesk.store.rebuild import Difference, differences

pytestmark = pytest.mark.usefixtures("db")


async def found():
    return [difference async for difference in differences()]


async def busy_case():
    case = (await opened()).changes[0].after
    change = changed(
        case,
        OwnerNamed("bo"),
        Assessed("high", "no", "low", "wide", "heater lent"),
        PartyAdded(Role.THIRD_PARTY, "dee@example.net", "Dee"),
        PartyRemoved("ann@example.com"),
        Decided(Outcome.UPHELD, (Remedy("refund", "20 EUR", NOW),), "late"),
        MilestoneReached(Milestone.CLOSED, NOW, None),
        StatusMoved(Status.CLOSED),
    )
    await cases.commit(Commit(NOW, (change,)))
    return change.after


async def test_cases_that_follow_from_their_history_differ_in_nothing(monkeypatch):
    monkeypatch.setattr(rebuild, "PAGE", 2)
    for _ in range(5):
        await busy_case()
    assert await found() == []


async def test_a_changed_field_is_named_with_both_values():
    case = await busy_case()
    await run('UPDATE "case_file" SET "owner" = ?, "severity" = ? WHERE "id" = ?', "eve", "low", case.id)
    owner, assessment = await found()
    assert owner == Difference(case.reference, "owner", "eve", "bo")
    assert (assessment.field, '"severity":"low"' in assessment.stored) == ("assessment", True)
    assert '"severity":"high"' in assessment.recomputed


async def test_a_party_that_only_the_look_up_knows_is_named():
    case = await busy_case()
    await run('UPDATE "party" SET "address" = ? WHERE "case_id" = ?', "eve@example.net", case.id)
    (difference,) = await found()
    assert difference.field == "party table"
    assert "eve@example.net" in difference.stored


@pytest.mark.parametrize("forgery", ["\"kind\" = 'Sold'", "\"facts\" = '{}'", "\"facts\" = '['", '"version" = 99'])
async def test_a_history_that_cannot_be_read_is_a_difference_and_the_next_case_is_compared(forgery):
    broken, other = await busy_case(), await busy_case()
    await run(f'UPDATE "event" SET {forgery} WHERE "case_id" = ? AND "seq" = 1', broken.id)  # noqa: S608 - constants
    await run('UPDATE "case_file" SET "owner" = ? WHERE "id" = ?', "eve", other.id)
    assert [(d.case, d.field) for d in await found()] == [(broken.reference, "history"), (other.reference, "owner")]


@pytest.mark.parametrize(
    ("column", "forged", "stored"), [("status", "lost", "lost"), ("outcome", "won", "won"), ("remedies", "zzz", "zzz")]
)
async def test_a_field_with_a_value_that_there_is_not_is_named_with_both(column, forged, stored):
    broken, other = await busy_case(), await busy_case()
    await run(f'UPDATE "case_file" SET "{column}" = ? WHERE "id" = ?', forged, broken.id)  # noqa: S608 - constants
    await run('UPDATE "case_file" SET "owner" = ? WHERE "id" = ?', "eve", other.id)
    differences = await found()
    assert [(d.case, d.field, d.stored) for d in differences] == [
        (broken.reference, column, stored),
        (other.reference, "owner", "eve"),
    ]
    assert differences[0].recomputed not in ("", stored)


@pytest.mark.parametrize(("table", "column", "field"), [("case_file", "due_at", "row"), ("event", "at", "history")])
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # PostgreSQL takes no such value
async def test_a_word_where_a_time_belongs_is_a_difference_and_the_next_case_is_compared(table, column, field):
    broken, other = await busy_case(), await busy_case()
    where = "id" if table == "case_file" else "case_id"
    await run(f'UPDATE "{table}" SET "{column}" = \'soon\' WHERE "{where}" = ?', broken.id)  # noqa: S608 - constants
    await run('UPDATE "case_file" SET "owner" = ? WHERE "id" = ?', "eve", other.id)
    assert [(d.case, d.field) for d in await found()] == [(broken.reference, field), (other.reference, "owner")]
