from datetime import date, timedelta

import pytest
from store_builders import NOW, changed, opened

from maildesk.domain.events import Noted, OwnerNamed
from maildesk.store import cases, history
from maildesk.store.anchors import latest_anchor, make_anchor
from maildesk.store.commit import Commit
from maildesk.store.connection import run
from maildesk.store.verify import verify

pytestmark = pytest.mark.usefixtures("db")
DAY = date(2026, 3, 2)


async def case_with_a_life():
    """A case with six events: three of its opening, then three more."""
    case = (await opened()).changes[0].after
    change = changed(case, OwnerNamed("bo"), Noted(None, "called Ann"), OwnerNamed("cy"))
    await cases.commit(Commit(NOW, (change,)))
    return change.after


async def places(anchor=None):
    return [(fault.case, fault.event, fault.what) for fault in await verify(anchor)]


async def remove_whole(case):
    """Every row that speaks of the case, as somebody with the database's password would remove it."""
    letters = 'SELECT "id" FROM "letter" WHERE "case_id" = ?'
    await run(f'DELETE FROM "letter_body" WHERE "id" IN ({letters})', case)  # noqa: S608 - a constant
    for table in ("letter", "reply_address", "message", "party", "event"):
        await run(f'DELETE FROM "{table}" WHERE "case_id" = ?', case)  # noqa: S608 - a constant
    await run('DELETE FROM "case_file" WHERE "id" = ?', case)


async def test_an_untouched_history_is_whole_with_and_without_anchors():
    await case_with_a_life()
    assert await verify() == []
    first = await make_anchor(DAY, NOW)
    await case_with_a_life()
    second = await make_anchor(DAY + timedelta(days=1), NOW)
    for anchor in (None, first, f" {second.upper()}\n"):
        assert await verify(anchor) == []


@pytest.mark.parametrize(
    "forgery",
    [
        "\"caused_by\" = 'staff:eve'",
        '"facts" = \'{"owner":"eve"}\'',
        "\"kind\" = 'Assessed'",
        '"cause" = 7',
        '"version" = 2',
        '"at" = "at" + interval \'1 hour\'',
        "\"content_digest\" = 'x'",
        "\"hash\" = 'x'",
    ],
)
async def test_a_changed_event_is_named(db, forgery):
    case = await case_with_a_life()
    if not db.is_postgres:
        forgery = forgery.replace("\"at\" + interval '1 hour'", "'2026-03-02 10:30:00+00:00'")
    await run(f'UPDATE "event" SET {forgery} WHERE "case_id" = ? AND "seq" = 4', case.id)  # noqa: S608 - constants
    faults = await verify()
    assert (faults[0].case, faults[0].event, faults[0].what) == (case.reference, 4, "changed or swapped")
    assert faults[0].stored != faults[0].computed


async def test_changed_words_are_named():
    case = await case_with_a_life()
    forged = '{"text":"never called"}'
    await run('UPDATE "event" SET "content" = ? WHERE "case_id" = ? AND "seq" = 5', forged, case.id)
    assert await places() == [(case.reference, 5, "its words were changed")]


async def test_erased_words_leave_the_chain_whole():
    case = await case_with_a_life()
    await make_anchor(DAY, NOW)
    await run('UPDATE "event" SET "content" = NULL, "salt" = NULL WHERE "case_id" = ?', case.id)
    assert await verify() == []
    assert [entry.event for entry in await history.read(case.id)][4] == Noted(None, "")


async def test_the_same_words_twice_have_different_digests():
    case = (await opened()).changes[0].after
    await cases.commit(Commit(NOW, (changed(case, Noted(None, "same"), Noted(None, "same")),)))
    rows = await run('SELECT DISTINCT "content_digest" FROM "event" WHERE "kind" = ?', "Noted")
    assert len(rows) == 2


async def test_a_missing_event_is_named():
    case = await case_with_a_life()
    await run('DELETE FROM "event" WHERE "case_id" = ? AND "seq" = 3', case.id)
    assert await places() == [(case.reference, 3, "missing")]


async def test_two_swapped_events_are_both_named():
    case = await case_with_a_life()
    for before, after in ((4, -1), (6, 4), (-1, 6)):
        await run('UPDATE "event" SET "seq" = ? WHERE "case_id" = ? AND "seq" = ?', after, case.id, before)
    assert {(4, "changed or swapped"), (6, "changed or swapped")} <= {
        (event, what) for _, event, what in await places()
    }


async def test_a_rewritten_event_that_got_a_hash_of_its_own_is_given_away_by_the_next_one():
    case = await case_with_a_life()
    rows, _ = await history.rows_of([case.id])
    before, row = rows[case.id][2:4]
    said = [row["kind"], row["version"], row["at"], "staff:eve", row["cause"], row["facts"]]
    forged = history.chained(before["hash"], case.id, 4, said, row["content_digest"])
    sql = 'UPDATE "event" SET "caused_by" = ?, "hash" = ? WHERE "case_id" = ? AND "seq" = 4'
    await run(sql, "staff:eve", forged, case.id)
    assert await places() == [(case.reference, 5, "changed or swapped")]


async def test_a_cut_off_event_is_named():
    case = await case_with_a_life()
    await run('DELETE FROM "event" WHERE "case_id" = ? AND "seq" = 6', case.id)
    assert await places() == [(case.reference, 6, "cut off, or the head was changed")]


async def test_a_cut_that_also_sets_the_head_back_is_found_by_the_anchor():
    case = await case_with_a_life()
    await make_anchor(DAY, NOW)
    await run('DELETE FROM "event" WHERE "case_id" = ? AND "seq" = 6', case.id)
    (last,) = await run('SELECT "hash" FROM "event" WHERE "case_id" = ? AND "seq" = 5', case.id)
    await run('UPDATE "case_file" SET "seq" = 5, "head" = ? WHERE "id" = ?', last["hash"], case.id)
    assert await places() == [(case.reference, 6, f"not as the anchor of {DAY} saw it")]


async def test_a_case_removed_whole_is_named_by_the_anchor():
    gone, stays = await case_with_a_life(), await case_with_a_life()
    await make_anchor(DAY, NOW)
    await remove_whole(gone.id)
    found = await places()
    assert (f"case {gone.id}", gone.seq, "removed whole") in found
    assert stays.reference not in {case for case, *_ in found}


async def test_a_case_removed_before_any_anchor_is_missed_by_its_mail():
    case = await case_with_a_life()
    await remove_whole(case.id)
    ((_, _, what),) = await places()
    assert what.startswith("what became of kept mail")


async def test_a_changed_anchor_and_a_removed_one_are_named():
    for day in range(3):
        await case_with_a_life()
        await make_anchor(DAY + timedelta(days=day), NOW)
    await run('UPDATE "anchor" SET "hash" = ? WHERE "day" = ?', "x", "2026-03-04")
    assert await places() == [("", None, "the anchor of 2026-03-04 was changed, or the one before it is missing")]
    await run('DELETE FROM "anchor_head" WHERE "anchor_id" = ?', "2026-03-03")
    await run('DELETE FROM "anchor" WHERE "day" = ?', "2026-03-03")
    assert len(await places()) == 1


async def test_a_history_rewritten_as_a_whole_is_found_by_an_anchor_from_outside():
    case = await case_with_a_life()
    printed = await make_anchor(DAY, NOW)
    await run('DELETE FROM "anchor_head"')
    await run('DELETE FROM "anchor"')
    recorded = await history.read(case.id)
    rows, head = history.seal(case.id, 0, history.NO_HEAD, recorded[:-1])
    await run('DELETE FROM "event" WHERE "case_id" = ?', case.id)
    from maildesk.store.models import EventRow
    from maildesk.store.rows import insert

    await insert(EventRow, history.COLUMNS, rows)
    await run('UPDATE "case_file" SET "seq" = 5, "head" = ? WHERE "id" = ?', head, case.id)
    forged = await make_anchor(DAY, NOW)
    assert await verify() == []
    assert await verify(forged) == []
    (fault,) = await verify(printed)
    assert "rewritten or cut off" in fault.what


async def test_a_day_has_one_anchor_and_an_earlier_day_gets_none():
    assert await latest_anchor() is None
    await case_with_a_life()
    made = await make_anchor(DAY, NOW)
    await case_with_a_life()
    assert await make_anchor(DAY, NOW) == made
    assert await make_anchor(DAY - timedelta(days=1), NOW) == made
    assert await latest_anchor() == (DAY, made)


async def test_an_anchor_stores_only_the_heads_that_moved():
    case, quiet = await case_with_a_life(), await case_with_a_life()
    await make_anchor(DAY, NOW)
    await cases.commit(Commit(NOW, (changed(case, OwnerNamed("dee")),)))
    await make_anchor(DAY + timedelta(days=1), NOW)
    rows = await run('SELECT "case_id" FROM "anchor_head" WHERE "anchor_id" = ?', "2026-03-03")
    assert [row["case_id"] for row in rows] == [case.id]
    assert quiet.id != case.id


@pytest.mark.parametrize("forgery", ["\"salt\" = 'x'", "\"at\" = 'soon'"])
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # PostgreSQL takes no such value
async def test_a_value_of_the_wrong_kind_is_a_fault_and_the_next_case_is_verified(forgery):
    broken, other = await case_with_a_life(), await case_with_a_life()
    await run(f'UPDATE "event" SET {forgery} WHERE "case_id" = ? AND "seq" = 2', broken.id)  # noqa: S608 - constants
    await run('UPDATE "event" SET "cause" = 7 WHERE "case_id" = ? AND "seq" = 3', other.id)
    assert {case for case, _, _ in await places()} == {broken.reference, other.reference}
