"""The clock is set back an hour and jumps a day, while mail, deferred letters and held letters are under way."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from living import LivingDesk, living, settings_for
from servers.sink import Sink

from faults.numbered import address, mail
from faults.table import Broken, Ground, Line

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_OF_AN_HOLD = timedelta(minutes=11)
TICK = timedelta(seconds=31)
MAILS = 5  # of each round
ANNA, MIA = "anna@staff.test", "mia@staff.test"
QUESTION = "Which side of the street"


def clock_jumps(ground: Ground, rounds: int) -> Broken:
    """Each round: an hour back, a day ahead, the day back, the day ahead again."""
    lines = asyncio.run(_jump(ground, rounds))
    return Broken("the clock set back an hour, forward a day, and back and forth again", rounds, tuple(lines))


async def _jump(ground: Ground, rounds: int) -> list[Line]:
    sink = Sink()
    settings = settings_for(ground.folder(), ground.dovecot, sink.port, ground.user("complaints"))
    noon = datetime.combine(datetime.now(UTC).date() + DAY, time(12), UTC)  # far from the hour of the digest
    try:
        async with living(settings, ground.dovecot, sink, noon) as desk:
            for number in range(rounds):
                await _round(desk, number * MAILS)
            await desk.settled()
            return list(_counted(desk, rounds))
    finally:
        sink.stop()


async def _round(desk: LivingDesk, first: int) -> None:
    writer = address(first)
    await _write(desk, first)
    await desk.letters(writer)
    notice = await desk.letter(ANNA, "New complaint", f"street {first} ")
    await desk.command(notice, f"#ask {QUESTION} is it?")
    await desk.letter(ANNA, "Your question goes to", QUESTION, f"street {first} ")
    desk.sink.answer(address(first + 1), "451 4.7.1 come again")
    await _write(desk, first + 1)
    await desk.until(lambda: not desk.sink.has_failures_left)
    await _write(desk, first + 2)
    await desk.letters(address(first + 2))
    desk.clock.set_back(HOUR)
    await _write(desk, first + 3)
    desk.clock.push(TICK)
    for number in (first + 1, first + 3):
        await desk.letters(address(number))  # before the hour has gone by again
    desk.clock.push(HOUR + MOST_OF_AN_HOLD)
    await desk.letter(writer, QUESTION)
    digests = desk.count(MIA)
    desk.clock.push(DAY)
    await desk.letters(MIA, digests + 1)
    desk.clock.set_back(DAY)
    desk.clock.push(TICK)
    await _write(desk, first + 4)
    await desk.letters(address(first + 4))
    desk.clock.push(DAY)
    await desk.settled()


async def _write(desk: LivingDesk, number: int) -> None:
    await desk.deliver(mail(number, desk.desk.mailbox.user), address(number))


def _counted(desk: LivingDesk, rounds: int) -> Iterator[Line]:
    count = rounds * MAILS
    receipts = [desk.count(address(number), "received your complaint") for number in range(count)]
    questions = [desk.count(address(number), QUESTION) for number in range(0, count, MAILS)]
    yield Line("complainants with exactly one acknowledgement", receipts.count(1), count)
    yield Line("  of more", sum(number > 1 for number in receipts), 0)
    yield Line("held letters that left exactly once", questions.count(1), rounds)
    yield Line("digests, one for each morning", desk.count(MIA), rounds)
    told = [facts for _, facts in desk.log if facts.get("what") == "the clock of this machine was set back"]
    yield Line("steps back told in the journal", len(told), 2 * rounds)
