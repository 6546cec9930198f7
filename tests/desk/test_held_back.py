"""A storm against a desk with small budgets: what is over waits, an operator sees it, and all leave once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from living import LivingDesk, living, mail, settings_for

from maildesk.desk.watch import Concern
from maildesk.domain.events import LetterRecalled
from maildesk.store import cases, history, letters, messages, pacing
from maildesk.store.commit import LetterState

MAILS = 9
BUDGET = 4
BEGIN = datetime(2026, 3, 3, 10, 1, tzinfo=UTC)  # when the mails of `living` come in


@pytest.fixture
async def desk(dovecot, sink, user, tmp_path) -> AsyncIterator[LivingDesk]:
    settings = settings_for(tmp_path, dovecot, sink.port, user)
    limits = replace(settings.limits, letters_per_domain_per_hour=BUDGET)
    async with living(replace(settings, limits=limits), dovecot, sink, BEGIN) as running:
        yield running


async def storm(desk: LivingDesk) -> None:
    """Mails whose sender changes by one byte each time, and their letters sent or held back."""
    mails = (
        mail(f"k{n}@machine.example", f"Bins {n}", f"Not emptied, {n}.", to=desk.desk.address) for n in range(MAILS)
    )
    await desk.append(*mails)
    await desk.until_async(lambda: stands(desk, BUDGET, MAILS - BUDGET))


async def stands(desk: LivingDesk, accepted: int, queued: int) -> bool:
    """So many of the machine's letters have left, and so many wait."""
    async with desk.database():
        states = [one.state for one in await letters.listing() if one.recipient.endswith("@machine.example")]
    return (states.count(LetterState.ACCEPTED), states.count(LetterState.QUEUED)) == (accepted, queued)


def acknowledged(desk: LivingDesk) -> list[int]:
    return [desk.count(f"k{n}@machine.example") for n in range(MAILS)]


def is_troubled(desk: LivingDesk) -> bool:
    return Concern.RATE in desk.world.healths["complaints"].troubles


async def test_a_storm_is_held_back_and_leaves_later_each_letter_once(desk):
    await storm(desk)
    assert len(await desk.cases()) == MAILS
    assert sum(acknowledged(desk)) == BUDGET
    trouble = desk.world.healths["complaints"].troubles[Concern.RATE].why
    assert f"{MAILS - BUDGET} automatic letters held back: more than {BUDGET}" in trouble
    assert "machine.example" in trouble
    desk.clock.push(timedelta(minutes=61))
    await desk.until_async(lambda: stands(desk, 2 * BUDGET, MAILS - 2 * BUDGET))
    desk.clock.push(timedelta(minutes=61))
    await desk.until_async(lambda: stands(desk, MAILS, 0))
    assert acknowledged(desk) == [1] * MAILS
    await desk.until(lambda: not is_troubled(desk))


async def test_a_restart_does_not_forget_what_left(desk):
    await storm(desk)
    await desk.stop()
    desk.world.healths.clear()
    await desk.start()
    await desk.append(mail("new@machine.example", "Late", "Not emptied.", to=desk.desk.address))
    await desk.until_async(lambda: stands(desk, BUDGET, MAILS - BUDGET + 1))
    assert is_troubled(desk)
    assert desk.count("new@machine.example") == 0


async def test_a_letter_held_back_says_why_and_was_not_tried(desk):
    await storm(desk)
    async with desk.database():
        waiting = [one for one in await letters.listing(states=(LetterState.QUEUED,)) if "machine" in one.recipient]
    assert {one.attempts for one in waiting} == {0}
    assert {one.answer for one in waiting} == {
        f"held back: more than {BUDGET} automatic letters in an hour to machine.example"
    }


async def test_recalled_letters_never_leave(desk):
    await storm(desk)
    async with desk.database():
        assert await pacing.recall("chine.example", desk.clock.now(), only_held_back=True) == 0
        assert await pacing.recall("machine.example", desk.clock.now(), only_held_back=True) == MAILS - BUDGET
        recalled = [row for n in await cases.find() for row in await history.read(n.id) if row.by == "operator"]
    assert [type(row.event) for row in recalled] == [LetterRecalled] * (MAILS - BUDGET)
    desk.clock.push(timedelta(hours=3))
    await desk.append(mail("after@other.example", "Late", "Not emptied.", to=desk.desk.address))
    await desk.letter("after@other.example")
    assert sum(acknowledged(desk)) == BUDGET
    await desk.until(lambda: not is_troubled(desk))


async def test_forged_staff_mails_cause_ten_challenges_and_no_more_across_batches(desk):
    anna = desk.settings.staff[0]
    forged = [mail(anna.address, f"Do {n}", f"#show\n{n}", to=desk.desk.address) for n in range(18)]
    await desk.append(*forged[:13])
    await desk.letters(anna.address, 10)
    await desk.append(*forged[13:])
    await desk.until_async(lambda: shelved(desk, 8))
    await desk.settled()
    assert desk.count(anna.address) == 10


async def shelved(desk: LivingDesk, count: int) -> bool:
    """So many mails wait on the shelf because nobody answered for the sender."""
    async with desk.database():
        found = await messages.shelved("complaints")
    return len([one for one in found if "was asked 10 times" in one.shelf_reason]) == count


async def test_a_person_who_confirms_is_asked_again(desk):
    anna = desk.settings.staff[0]
    for n in range(12):
        await desk.append(mail(anna.address, f"Do {n}", f"#show\n{n}", to=desk.desk.address))
        challenge = (await desk.letters(anna.address, 2 * n + 1))[2 * n]
        await desk.command(challenge, "#confirm")
        await desk.letters(anna.address, 2 * n + 2)


async def test_a_handlers_responder_that_hides_what_it_is_falls_silent(desk):
    anna = desk.settings.staff[0]
    await desk.append(mail("kay@example.com", "Bins", "Not emptied.", to=desk.desk.address))
    for count in (1, 2):
        newest = (await desk.letters(anna.address, count))[-1]
        await desk.command(newest, "Thank you for your message. I shall read it.")
    await desk.append(mail("pat@example.com", "Bins", "Not emptied either.", to=desk.desk.address))
    await desk.letter("pat@example.com")
    await desk.settled()
    assert desk.count(anna.address) == 3  # two cases, and one transcript
