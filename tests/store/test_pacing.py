"""Letters put off, counted and recalled, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from store_builders import NOW, opened

from maildesk.domain.events import LetterRecalled
from maildesk.domain.letter import Letter, LetterKind, Transcript, Written
from maildesk.domain.message import Address
from maildesk.domain.pace import HELD_BACK, HeldBack
from maildesk.store import cases, history, ids, letters, outbox, pacing, rebuild
from maildesk.store.commit import Commit, LetterState, NewLetter
from maildesk.store.outbox import Result, Settlement

pytestmark = pytest.mark.usefixtures("db")
DESK = "complaints"
HELD = HeldBack(NOW + timedelta(hours=1), f"{HELD_BACK}too many")


async def claimed(now=NOW):
    return await outbox.claim(now, 50, "here", 300, desk=DESK)


async def put_off(count=1):
    """The letters of new cases, claimed and put off."""
    for _ in range(count):
        await opened()
    found = await claimed()
    await pacing.put_off([pacing.PutOff(one.id, one.attempt, HELD) for one in found])
    return found


async def test_a_letter_put_off_waits_for_its_time_and_costs_no_attempt():
    (one,) = await put_off()
    (stored,) = await letters.listing()
    assert (stored.state, stored.attempts, stored.answer) == (LetterState.QUEUED, 0, HELD.why)
    assert await claimed(HELD.until - timedelta(seconds=1)) == []
    (again,) = await claimed(HELD.until)
    assert (again.id, again.attempt, again.octets) == (one.id, 1, one.octets)


async def test_a_claim_that_is_not_ours_any_more_is_not_put_off():
    await opened()
    (late,) = await claimed()
    (new,) = await claimed(NOW + timedelta(hours=1))
    await pacing.put_off([pacing.PutOff(late.id, late.attempt, HELD)])
    (stored,) = await letters.listing()
    assert (stored.state, stored.attempts) == (LetterState.SENDING, new.attempt)


async def test_what_is_held_back_is_told_until_its_time_has_come():
    await put_off(3)
    assert await pacing.held_back(DESK, NOW) == pacing.Waiting(3, HELD.until, HELD.why)
    assert await pacing.held_back("other", NOW) is None
    assert await pacing.held_back(DESK, HELD.until) is None


async def test_only_automatic_letters_that_were_accepted_since_then_are_counted():
    await opened()
    (one,) = await claimed()
    assert await pacing.left_since(DESK, NOW - timedelta(hours=1)) == []
    await outbox.settle([Settlement(one.id, one.attempt, Result.ACCEPTED, NOW, 250, "ok")])
    (left,) = await pacing.left_since(DESK, NOW - timedelta(hours=1))
    assert (left.kind, left.recipient, left.at) == (LetterKind.ACKNOWLEDGEMENT, one.recipient, NOW)
    assert await pacing.left_since(DESK, NOW + timedelta(seconds=1)) == []


async def test_a_recalled_letter_never_leaves_and_its_case_says_so():
    one, _ = await put_off(2)
    assert await pacing.recall("ample.com", NOW, only_held_back=True) == 0
    assert await pacing.recall("Example.com", NOW, only_held_back=True) == 2
    assert await claimed(HELD.until) == []
    assert [row.event for row in await history.read(one.case) if row.by == "operator"] == [LetterRecalled(one.id)]
    assert [difference async for difference in rebuild.differences()] == []


async def test_a_letter_that_was_tried_is_not_recalled():
    (one,) = await put_off()
    (again,) = await claimed(HELD.until)
    later = Settlement(again.id, again.attempt, Result.LATER, HELD.until, 451, "busy", HELD.until)
    await outbox.settle([later])
    assert await pacing.recall(one.recipient, NOW, only_held_back=False) == 0


async def test_a_transcript_that_held_letters_wait_for_is_not_recalled():
    numbers = await ids.take(2)
    transcript = Letter(LetterKind.TRANSCRIPT, Address("Ann", "ann@example.com"), "en", "UTC", Transcript(()))
    reply = replace(transcript, kind=LetterKind.REPLY, content=Written("We come on Monday."), hold_seconds=600)
    first = NewLetter(numbers[0], DESK, transcript, "<1@desk.example>", LetterState.QUEUED, NOW, octets=b"t")
    held = NewLetter(numbers[1], DESK, reply, "<2@desk.example>", LetterState.HELD, NOW, awaits=numbers[0])
    await cases.commit(Commit(NOW, letters=(held, first)))
    assert await pacing.recall("example.com", NOW, only_held_back=False) == 0
    assert [one.id for one in await claimed()] == [first.id]
