"""What time brings, by a clock that is pushed: digests once a morning, held letters after their hold."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from living import LivingDesk, living, mail, settings_for, text_of

from maildesk.desk.watch import Concern
from maildesk.store import verify

MIA = "mia@staff.test"
NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def at(dovecot, sink, user, tmp_path) -> Callable[[datetime], AbstractAsyncContextManager[LivingDesk]]:
    """A desk whose first day is this one."""
    settings = settings_for(tmp_path, dovecot, sink.port, user)
    return lambda start: living(settings, dovecot, sink, start)


async def looked_at_the_clock(desk: LivingDesk) -> None:
    """Until every loop has seen what the clock says now: a letter of ours goes the whole way."""
    sender = f"kay{len(desk.sink.taken)}@example.com"
    await desk.append(mail(sender, "Bins", f"They smell, says {sender}.", to=desk.desk.address))
    await desk.letter(sender)
    await desk.settled()


async def to(desk: LivingDesk, moment: datetime) -> None:
    desk.clock.push(moment - desk.clock.now())
    await looked_at_the_clock(desk)


async def test_the_first_start_writes_no_digest_of_a_morning_that_was_before_it(at):
    async with at(NOON) as desk:
        await looked_at_the_clock(desk)
        assert desk.count(MIA) == 0


async def test_the_digest_comes_at_the_managers_own_hour_and_once(at):
    async with at(NOON) as desk:
        await to(desk, datetime(2026, 7, 2, 6, 25, tzinfo=UTC))  # 07:25 in London
        assert desk.count(MIA) == 0
        desk.clock.push(timedelta(minutes=10))
        await desk.letter(MIA, "Thursday, 2 July 2026")
        desk.clock.push(timedelta(hours=1))
        await looked_at_the_clock(desk)
        assert desk.count(MIA) == 1


@pytest.mark.parametrize(
    ("concern", "words"),
    [(Concern.DATABASE, "The database has not worked"), (Concern.READING, "Mails cannot be read as they should")],
)
async def test_the_digest_says_what_does_not_work_and_since_when(at, concern, words):
    async with at(NOON) as desk:
        desk.world.healths["complaints"].fails(concern, NOON, "no answer")
        desk.clock.push(timedelta(hours=20))
        digest = " ".join(text_of(await desk.letter(MIA)).split())
    assert f"{words} since 1 Jul 2026, 13:00: no answer." in digest


async def test_a_restart_writes_no_second_digest(at):
    async with at(NOON) as desk:
        desk.clock.push(timedelta(hours=20))
        await desk.letter(MIA)
        await desk.stop()
        await desk.start()
        await looked_at_the_clock(desk)
        assert desk.count(MIA) == 1


async def test_a_day_of_downtime_is_followed_by_one_digest_of_the_latest_morning(at):
    async with at(NOON) as desk:
        desk.clock.push(timedelta(hours=20))
        await desk.letter(MIA, "Thursday, 2 July 2026")
        await desk.stop()
        desk.clock.push(timedelta(days=2))
        await desk.start()
        await desk.letter(MIA, "Saturday, 4 July 2026")
        await looked_at_the_clock(desk)
        assert desk.count(MIA) == 2
        assert desk.count(MIA, "Friday, 3 July 2026") == 0


async def test_what_came_before_a_downtime_of_days_is_still_new_in_the_digest_after_it(at):
    async with at(NOON) as desk:
        await to(desk, datetime(2026, 7, 2, 12, 0, tzinfo=UTC))
        received = {"Received": "from relay.example by mx.example.test; Thu, 02 Jul 2026 13:00:00 +0000"}
        raw = mail("kim@example.com", "Lamp", "It is dark.", to=desk.desk.address, headers=received)
        await desk.append(raw)
        await desk.letter("kim@example.com")
        await desk.settled()
        await desk.stop()
        desk.clock.push(timedelta(days=3))
        await desk.start()
        digest = text_of(await desk.letter(MIA, "Sunday, 5 July 2026"))
        assert "Lamp" in digest.partition("New:")[2].partition("Open cases")[0]


async def test_the_digest_names_what_nobody_owns_and_its_anchor_stands_in_the_history(at):
    async with at(NOON) as desk:
        await looked_at_the_clock(desk)
        (case,) = await desk.cases()
        desk.clock.push(timedelta(hours=20))
        digest = text_of(await desk.letter(MIA))
        assert "Nobody owns these yet: 1" in digest
        assert case.reference in digest
        anchor = digest.rpartition("Anchor of the history:")[2].split()[0]
        async with desk.database():
            assert await verify.verify(anchor) == []
            assert await verify.verify("0" * 64) != []


async def test_two_managers_get_their_digests_each_at_their_hour(dovecot, sink, user, tmp_path):
    settings = settings_for(tmp_path, dovecot, sink.port, user)
    mia = next(person for person in settings.staff if person.key == "mia")
    kim = replace(mia, key="kim", name="Kim Ito", address="kim@staff.test", zone="Asia/Tokyo")
    async with living(replace(settings, staff=(*settings.staff, kim)), dovecot, sink, NOON) as desk:
        await to(desk, datetime(2026, 7, 1, 23, 0, tzinfo=UTC))  # 08:00 in Tokyo, midnight in London
        await desk.letter("kim@staff.test", "Thursday, 2 July 2026")
        assert desk.count(MIA) == 0
        desk.clock.push(timedelta(hours=8))
        await desk.letter(MIA, "Thursday, 2 July 2026")


async def test_a_held_letter_waits_for_its_hold_and_not_for_more(dovecot, sink, user, tmp_path):
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as desk:
        await desk.append(mail("kay@example.com", "Bins", "They smell.", to=user))
        notice = await desk.letter("anna@staff.test", "New complaint")
        await desk.command(notice, "#reply We come on Friday.")
        await desk.letter("anna@staff.test", "It leaves in 10 minutes")
        await desk.settled()
        desk.clock.push(timedelta(minutes=9))
        await looked_at_the_clock(desk)
        assert desk.count("kay@example.com", "We come on Friday.") == 0
        desk.clock.push(timedelta(minutes=2))
        await desk.letter("kay@example.com", "We come on Friday.")


async def test_a_hold_survives_a_restart(dovecot, sink, user, tmp_path):
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as desk:
        await desk.append(mail("kay@example.com", "Bins", "They smell.", to=user))
        notice = await desk.letter("anna@staff.test", "New complaint")
        await desk.command(notice, "#reply We come on Friday.")
        await desk.letter("anna@staff.test", "It leaves in 10 minutes")
        await desk.settled()
        await desk.stop()
        desk.clock.push(timedelta(hours=1))
        await desk.start()
        await desk.letter("kay@example.com", "We come on Friday.")
        await desk.settled()
        assert desk.count("kay@example.com", "We come on Friday.") == 1


async def test_a_letter_held_for_a_transcript_that_is_refused_still_leaves(dovecot, sink, user, tmp_path):
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as desk:
        await desk.append(mail("kay@example.com", "Bins", "They smell.", to=user))
        notice = await desk.letter("anna@staff.test", "New complaint")
        await desk.settled()
        sink.answer("anna@staff.test", "550 5.2.2 mailbox full")
        await desk.command(notice, "#reply We come on Friday.")
        await desk.letter(MIA, "A letter was not delivered")
        await desk.settled()
        desk.clock.push(timedelta(minutes=11))
        await desk.letter("kay@example.com", "We come on Friday.")
