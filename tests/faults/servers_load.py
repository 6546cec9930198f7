"""Servers stopped and started again while mails come in: Dovecot, Postfix, PostgreSQL; and an hour without SMTP."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from living import STAFF, LivingDesk, living, settings_for
from running import RunningDesk
from servers import dovecot as dovecot_server
from servers import postfix as postfix_server
from servers.dovecot import Dovecot
from servers.postgres import Postgres
from servers.sink import Sink

from faults.numbered import Post, address, mail
from faults.reckoning import letters
from faults.stand import Stand, Wiring, standing, suffer
from faults.table import Broken, Ground, Line, Scale

MAILS = 20  # a round
GAP_SECONDS = 0.02
DOWN_SECONDS = 3.0
DELIVERY_SECONDS = 120.0
HOUR_MAILS = 10
HOUR = timedelta(hours=1)
STEP = timedelta(minutes=2)


@dataclass(slots=True)
class PostgresDesk(RunningDesk):
    """A running desk whose database is on a server."""

    postgres: Postgres | None = None
    database: str = ""

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of one statement; none while there is no such table or no server."""
        assert self.postgres
        return self.postgres.ask(self.database, sql)


def _while_mails_come_in(stand: Stand, break_it: Callable[[], None]) -> None:
    """Break it in the middle of so many mails; returns when all are delivered."""
    begin = stand.count
    post = Post(stand.desk.dovecot, stand.desk.user, MAILS, lambda: MAILS, GAP_SECONDS, begin=begin)
    post.start()
    try:
        stand.until(lambda: len(post.accepted) >= MAILS // 3)
        break_it()
        post.join(DELIVERY_SECONDS)
    finally:
        post.end()
        stand.count += len(post.accepted)
    stand.until_at_rest()


def _down_and_up(halt: Callable[[], None], resume: Callable[[], None]) -> Callable[[], None]:
    def break_it() -> None:
        halt()
        time.sleep(DOWN_SECONDS)
        resume()

    return break_it


def _dovecot(ground: Ground, rounds: int) -> Broken:
    """Its own instance, that nobody else misses; mail is delivered before it goes and after it came back."""
    dovecot = dovecot_server.start()

    def torment(stand: Stand) -> None:
        for _ in range(rounds):
            stand.deliver(MAILS)
            _down_and_up(dovecot.halt, dovecot.resume)()
            stand.deliver(MAILS // 2)
            stand.until_at_rest()

    try:
        with standing(ground.folder(), dovecot, ground.user(), Wiring(hurried=True)) as stand:
            return Broken("Dovecot stopped and started", rounds, tuple(suffer(stand, torment)))
    finally:
        dovecot.stop()


def _postfix(ground: Ground, rounds: int) -> Broken:
    """A relay between us and the sink, which has letters in its queue when it is stopped."""
    with standing(ground.folder(), ground.dovecot, ground.user(), Wiring(hurried=True)) as stand:
        postfix = postfix_server.start(ground.dovecot.lmtp, sink=stand.sink.port)
        try:
            stand.smtp.upstream = postfix.smtp
            break_it = _down_and_up(postfix.halt, postfix.resume)
            lines = suffer(stand, lambda stand: _relayed(stand, rounds, break_it))
        finally:
            postfix.stop()
    return Broken("Postfix stopped and started, as our relay", rounds, tuple(lines))


def _relayed(stand: Stand, rounds: int, break_it: Callable[[], None]) -> None:
    for _ in range(rounds):
        _while_mails_come_in(stand, break_it)
        stand.until(lambda: len(letters(stand.sink)) >= 2 * stand.count)


def _postgres(ground: Ground, rounds: int, how: signal.Signals) -> Broken:
    """The database goes away while mails come in: shut down in order, or as by a crash of the server."""
    postgres = ground.postgres
    place, user, name = ground.folder(), ground.user(), f"faults_{how.name.lower()}"
    desk = PostgresDesk(place, ground.dovecot, user, postgres=postgres, database=name)
    wiring = Wiring((("[limits]", f'database = "{postgres.create(name)}"\n[limits]'),), hurried=True)

    def torment(stand: Stand) -> None:
        for _ in range(rounds):
            _while_mails_come_in(stand, _down_and_up(lambda: postgres.halt(how), postgres.resume))

    with standing(place, ground.dovecot, user, wiring, desk) as stand:
        lines = suffer(stand, torment)
    what = "shut down" if how is signal.SIGINT else "crashed (immediate shutdown)"
    return Broken(f"PostgreSQL {what} and started", rounds, tuple(lines))


def _an_hour_without_smtp(ground: Ground) -> Broken:
    """By a pushed clock: mails come in all the hour, nothing can be sent; then each is acknowledged once."""
    return asyncio.run(_hour(ground.dovecot, ground))


async def _hour(dovecot: Dovecot, ground: Ground) -> Broken:
    sink, user = Sink(), ground.user()
    sink.always("MAIL", "451 4.3.2 not now")
    try:
        settings = replace(settings_for(ground.folder(), dovecot, sink.port, user), staff=STAFF[:1])
        async with living(settings, dovecot, sink) as desk:
            await _through_the_hour(desk, user)
            before = len(sink.taken)
            sink.relent()
            with contextlib.suppress(AssertionError):
                await desk.until(lambda: _pushed(desk) and len(sink.taken) >= 2 * HOUR_MAILS)
                await desk.settled()
            cases, told = len(await desk.cases()), letters(sink)
    finally:
        sink.stop()
    acknowledged = sum(len(sink.to(address(number))) == 1 for number in range(HOUR_MAILS))
    lines = (
        Line("letters that went out in that hour", before, 0),
        Line("cases (database)", cases, HOUR_MAILS),
        Line("complainants who were acknowledged once", acknowledged, HOUR_MAILS),
        Line("letters at the sink, by Message-ID", len(told), 2 * HOUR_MAILS),
        Line("copies on the wire", sum(one.times - 1 for one in told), 0),
    )
    return Broken("SMTP says 451 for an hour (of a clock that is pushed)", 1, lines)


async def _through_the_hour(desk: LivingDesk, user: str) -> None:
    end = desk.clock.now() + HOUR
    for number in range(HOUR_MAILS):
        await desk.deliver(mail(number, user), address(number))
    while desk.clock.now() < end:
        await asyncio.sleep(0.05)
        desk.clock.push(STEP)


def _pushed(desk: LivingDesk) -> bool:
    """Let time pass until the last retry is due."""
    desk.clock.push(STEP)
    return True


def broken(ground: Ground, scale: Scale) -> Iterator[Broken]:
    """One row for each server, and the hour."""
    yield _dovecot(ground, scale.rounds)
    yield _postfix(ground, scale.rounds)
    for how in (signal.SIGINT, signal.SIGQUIT):
        yield _postgres(ground, scale.rounds, how)
    yield _an_hour_without_smtp(ground)
