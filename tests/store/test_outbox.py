import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from store_builders import NOW, changed, opened, opening

from maildesk import store
from maildesk.domain.case import Milestone
from maildesk.domain.events import LetterAccepted, MilestoneReached
from maildesk.domain.letter import Letter, LetterKind, Transcript, Written
from maildesk.domain.message import Address
from maildesk.store import cases, ids, letters, outbox
from maildesk.store.commit import Commit, LetterState, NewLetter
from maildesk.store.outbox import Result, Settlement

pytestmark = pytest.mark.usefixtures("db")
DESK = "complaints"
LEASE = 300


async def claimed(now=NOW, limit=50, by="here"):
    return await outbox.claim(now, limit, by, LEASE, desk=DESK)


def accepted(outgoing, at=NOW):
    return Settlement(outgoing.id, outgoing.attempt, Result.ACCEPTED, at, 250, "2.0.0 ok")


async def letter(kind, content, state, **more):
    (ident,) = await ids.take(1)
    inputs = {name: more.pop(name) for name in ("hold_seconds", "due_at") if name in more}
    said = Letter(kind, Address("Ann", "ann@example.com"), "en", "UTC", content, **inputs)
    return NewLetter(ident, DESK, said, f"<{ident}@desk.example>", state, NOW, **more)


async def transcript_and_held(due_at=None):
    transcript = await letter(LetterKind.TRANSCRIPT, Transcript(()), LetterState.QUEUED, octets=b"transcript")
    written = Written("We come on Monday.")
    held = await letter(
        LetterKind.REPLY, written, LetterState.HELD, awaits=transcript.id, hold_seconds=600, due_at=due_at
    )
    await cases.commit(Commit(NOW, letters=(held, transcript)))
    return transcript, held


async def test_two_claimers_at_once_never_get_the_same_letter():
    for _ in range(20):
        await opened()
    found = await asyncio.gather(*(claimed(limit=3, by=f"claimer {n}") for n in range(8)))
    got = [outgoing.id for batch in found for outgoing in batch]
    assert len(got) == len(set(got)) == 20


async def test_letters_leave_by_rank_and_then_by_age():
    first = await letter(LetterKind.TRANSCRIPT, Transcript(()), LetterState.QUEUED, octets=b"t")
    await cases.commit(Commit(NOW, letters=(first,)))
    later = [(await opened()).letters[0].id for _ in range(2)]
    assert [outgoing.id for outgoing in await claimed()] == [*later, first.id]


async def test_another_desks_letters_are_not_claimed():
    await opened(desk="housing")
    assert await claimed() == []


async def test_a_letter_is_not_claimed_before_its_next_time():
    await opened()
    (outgoing,) = await claimed()
    tomorrow = NOW + timedelta(days=1)
    await outbox.settle([Settlement(outgoing.id, 1, Result.LATER, NOW, 451, "greylisted", tomorrow)])
    assert await claimed(NOW + timedelta(hours=23)) == []
    (again,) = await claimed(tomorrow)
    assert (again.id, again.attempt, again.message_id) == (outgoing.id, 2, outgoing.message_id)


async def test_after_a_step_back_a_deferred_letter_is_due_at_once_and_one_of_an_earlier_day_keeps_its_time():
    await opened()
    (outgoing,) = await claimed()
    soon = NOW + timedelta(minutes=1)
    await outbox.settle([Settlement(outgoing.id, 1, Result.LATER, NOW, 451, "greylisted", soon)])
    assert await outbox.hurry(DESK, NOW, created_after=NOW) == 0
    before = NOW - timedelta(hours=1)
    assert await outbox.hurry("housing", before) == 0
    assert await outbox.hurry(DESK, before, created_after=before) == 1
    assert [again.id for again in await claimed(before)] == [outgoing.id]


async def test_a_letter_whose_lease_ended_is_claimed_again_and_the_late_settlement_finds_nothing():
    case = (await opened()).changes[0].after
    (first,) = await claimed()
    assert await claimed(NOW + timedelta(seconds=LEASE)) == []
    (second,) = await claimed(NOW + timedelta(seconds=LEASE + 1), by="there")
    late = Commit(NOW, (changed(case, LetterAccepted(first.id, first.kind)),))
    with pytest.raises(store.ClaimLost) as refused:
        await outbox.settle([accepted(first)], late)
    assert refused.value.letter_ids == (first.id,)
    assert (await cases.load([case.id]))[case.id].seq == case.seq
    assert await outbox.still_claimed([(first.id, first.attempt), (second.id, second.attempt)]) == {second.id}


async def test_an_answer_that_comes_after_the_lease_counts_as_long_as_nobody_claimed_anew():
    await opened()
    (outgoing,) = await claimed()
    assert await claimed(NOW + timedelta(seconds=LEASE + 1), limit=0) == []
    await outbox.settle([accepted(outgoing)])
    assert await claimed(NOW + timedelta(days=9)) == []


async def test_a_letter_is_settled_once_together_with_its_case():
    case = (await opened()).changes[0].after
    (outgoing,) = await claimed()
    happened = (LetterAccepted(outgoing.id, outgoing.kind), MilestoneReached(Milestone.ACKNOWLEDGED, NOW, outgoing.id))
    change = changed(case, *happened)
    results = await asyncio.gather(
        *(outbox.settle([accepted(outgoing)], Commit(NOW, (change,))) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["ClaimLost", "NoneType"]
    assert (await cases.load([case.id]))[case.id] == change.after
    stored = await letters.by_message_id(outgoing.message_id)
    assert (stored.state, stored.code, stored.accepted_at) == (LetterState.ACCEPTED, 250, NOW)
    assert await claimed(NOW + timedelta(days=9)) == []


async def test_a_case_that_moved_leaves_the_letter_unsettled():
    case = (await opened()).changes[0].after
    (outgoing,) = await claimed()
    stale = replace(case, seq=case.seq - 1)
    with pytest.raises(store.CaseMoved):
        await outbox.settle([accepted(outgoing)], Commit(NOW, (changed(stale, LetterAccepted(1, outgoing.kind)),)))
    assert await outbox.still_claimed([(outgoing.id, outgoing.attempt)]) == {outgoing.id}


@pytest.mark.parametrize("result", [Result.ACCEPTED, Result.REFUSED])
async def test_the_hold_starts_when_the_transcript_is_settled(result):
    transcript, held = await transcript_and_held()
    far = NOW + timedelta(days=3)
    assert await outbox.due_for_release(far, 10, desk=DESK) == []
    (outgoing,) = await claimed()
    at = NOW + timedelta(minutes=1)
    await outbox.settle([Settlement(outgoing.id, outgoing.attempt, result, at)])
    assert outgoing.id == transcript.id
    assert await outbox.next_release(DESK) == at + timedelta(minutes=10)
    assert await outbox.due_for_release(at + timedelta(seconds=599), 10, desk=DESK) == []
    (due,) = await outbox.due_for_release(at + timedelta(seconds=600), 10, desk=DESK)
    assert (due.id, due.letter, due.message_id) == (held.id, held.letter, held.message_id)


async def test_a_transcript_that_is_only_deferred_starts_no_hold():
    await transcript_and_held()
    (outgoing,) = await claimed()
    await outbox.settle([Settlement(outgoing.id, 1, Result.LATER, NOW, 451, "", NOW)])
    assert await outbox.next_release(DESK) is None


async def test_a_hold_never_lasts_past_the_due_time():
    due_at = NOW + timedelta(minutes=3)
    _, held = await transcript_and_held(due_at)
    assert await outbox.next_release(DESK) == due_at
    assert [due.id for due in await outbox.due_for_release(due_at, 10, desk=DESK)] == [held.id]
    (outgoing,) = await claimed()
    await outbox.settle([accepted(outgoing)])
    (stored,) = await letters.listing(states=[LetterState.HELD])
    assert stored.release_at == due_at


async def test_a_frozen_letter_keeps_its_bytes_and_is_frozen_once():
    _, held = await transcript_and_held()
    await outbox.freeze(held.id, b"the bytes", NOW)
    with pytest.raises(store.LettersLeft):
        await outbox.freeze(held.id, b"other bytes", NOW)
    assert await letters.octets(held.id) == b"the bytes"
    assert {outgoing.octets for outgoing in await claimed()} == {b"transcript", b"the bytes"}


async def test_a_held_letter_is_recalled_once_and_never_leaves():
    _, held = await transcript_and_held()
    await cases.commit(Commit(NOW, recalled=(held.id,)))
    with pytest.raises(store.LettersLeft):
        await outbox.freeze(held.id, b"the bytes", NOW)
    with pytest.raises(store.LettersLeft):
        await cases.commit(Commit(NOW, recalled=(held.id,)))


async def test_a_letter_that_was_claimed_cannot_be_recalled_and_nothing_else_is_written():
    batch = await opened()
    await claimed()
    with pytest.raises(store.LettersLeft) as refused:
        await cases.commit(Commit(NOW, recalled=(batch.letters[0].id,), once=("undo",)))
    assert refused.value.letter_ids == (batch.letters[0].id,)
    await cases.commit(Commit(NOW, once=("undo",)))


async def test_a_letter_is_either_recalled_or_sent_never_both():
    batches = [await opened() for _ in range(6)]
    recalls = [cases.commit(Commit(NOW, recalled=(batch.letters[0].id,))) for batch in batches]
    *refusals, sent = await asyncio.gather(*recalls, claimed(), return_exceptions=True)
    recalled = {batch.letters[0].id for batch, said in zip(batches, refusals, strict=True) if said is None}
    assert recalled | {outgoing.id for outgoing in sent} == {batch.letters[0].id for batch in batches}
    assert recalled & {outgoing.id for outgoing in sent} == set()
    assert {type(said) for said in refusals} <= {type(None), store.LettersLeft}


async def test_a_bounce_is_noted_once_and_only_of_an_accepted_letter():
    await opened()
    (outgoing,) = await claimed()
    assert not await outbox.bounced(outgoing.id, NOW)
    await outbox.settle([accepted(outgoing)])
    assert await outbox.bounced(outgoing.id, NOW)
    assert not await outbox.bounced(outgoing.id, NOW)


async def test_an_address_is_unreachable_while_its_last_letter_came_back():
    case = (await opened()).changes[0].after
    (outgoing,) = await claimed()
    assert await letters.unreachable_of(case.id) == frozenset()
    await outbox.settle([accepted(outgoing)])
    assert await letters.unreachable_of(case.id) == frozenset()
    await outbox.bounced(outgoing.id, NOW)
    assert await letters.unreachable_of(case.id) == {outgoing.recipient}


async def test_a_message_id_is_used_once():
    first, second = await opening(), await opening()
    await cases.commit(first)
    doubled = replace(second.letters[0], message_id=first.letters[0].message_id)
    with pytest.raises(store.Doubled):
        await cases.commit(replace(second, letters=(doubled,)))


async def test_the_next_queued_letter_is_known_and_so_are_the_states_of_a_case():
    batch = await opened()
    assert await outbox.next_due(DESK) == NOW
    (outgoing,) = await claimed()
    assert await outbox.next_due(DESK) is None
    tomorrow = NOW + timedelta(days=1)
    await outbox.settle([Settlement(outgoing.id, 1, Result.LATER, NOW, 451, "", tomorrow)])
    assert await outbox.next_due(DESK) == tomorrow
    assert await outbox.states_of(batch.changes[0].after.id) == {outgoing.id: LetterState.QUEUED}


async def test_the_queue_is_counted_by_state():
    await opened()
    await transcript_and_held()
    queue = await letters.counts(DESK)
    assert queue.counts == {LetterState.QUEUED: 2, LetterState.HELD: 1}
    assert queue.oldest == NOW
    assert (await letters.counts("another")).oldest is None
