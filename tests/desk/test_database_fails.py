"""A database that fails under the running desk: what was sent is not sent again, and no mail is lost or blamed."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from living import LivingDesk, living, mail, settings_for
from servers.dovecot import Dovecot
from servers.proxy import Mode, Proxy
from servers.sink import Sink

from maildesk.config.settings import Settings
from maildesk.desk.watch import Concern
from maildesk.domain.case import Milestone
from maildesk.journal import Entry
from maildesk.store import cases, letters, outbox
from maildesk.store.commit import LetterState
from maildesk.store.errors import Unavailable

KAY, LEE = "kay@example.com", "lee@example.com"
MIB = 1 << 20
NO_WORD = "RAISE(ABORT, 'refused on purpose')"


@pytest.fixture(autouse=True)
def soon_steady(monkeypatch):
    """An outage is over soon after it is."""
    monkeypatch.setattr("maildesk.desk.loops.STEADY_SECONDS", 2.0)


@pytest.fixture
async def desk(dovecot, sink, user, tmp_path) -> AsyncIterator[LivingDesk]:
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as running:
        yield running


async def complain(desk: LivingDesk, *senders: str) -> None:
    await desk.append(*(mail(one, f"Bins of {one}", "They were not emptied.", to=desk.desk.address) for one in senders))


async def alter(desk: LivingDesk, statement: str) -> None:
    """Change the database's rules behind the desk's back."""
    await asyncio.to_thread(_alter, desk, statement)


def _alter(desk: LivingDesk, statement: str) -> None:
    with closing(sqlite3.connect(desk.settings.sqlite_file, timeout=20, isolation_level=None)) as database:
        database.execute(statement)


def fails(desk: LivingDesk, concern: Concern = Concern.DATABASE) -> str:
    trouble = desk.world.healths["complaints"].troubles.get(concern)
    return trouble.why if trouble else ""


def tracebacks(desk: LivingDesk) -> list[dict[str, object]]:
    return [facts for entry, facts in desk.log if entry is Entry.FAILED and facts.get("exc_info")]


async def is_acknowledged(desk: LivingDesk, *senders: str) -> bool:
    """Each has one case, which says that its receipt was sent."""
    found = await desk.cases()
    return len(found) == len(senders) and all(case.reached(Milestone.ACKNOWLEDGED) for case in found)


async def test_a_letter_whose_acceptance_cannot_be_written_down_goes_out_once(desk, sink, monkeypatch):
    refused = 0
    settle = outbox.settle

    async def failing(*arguments):
        nonlocal refused
        if refused < 6 and sink.to(KAY):
            refused += 1
            raise Unavailable("the disk is full")
        await settle(*arguments)

    monkeypatch.setattr(outbox, "settle", failing)
    monkeypatch.setattr("maildesk.desk.loops.next_delay", lambda *_: 0.05)
    await complain(desk, KAY)
    await desk.until(lambda: fails(desk))
    await desk.settled()
    assert refused == 6
    assert desk.count(KAY) == 1
    assert await is_acknowledged(desk, KAY)
    assert not fails(desk)
    assert len([1 for entry, facts in desk.log if "disk is full" in str(facts.get("what"))]) <= 2
    assert tracebacks(desk) == []


async def test_a_letter_goes_out_once_though_the_database_refuses_to_have_it_accepted(desk, sink):
    await alter(
        desk, f"CREATE TRIGGER no_word BEFORE UPDATE ON letter WHEN NEW.state = 'accepted' BEGIN SELECT {NO_WORD}; END"
    )
    await complain(desk, KAY)
    await desk.until(lambda: "refused on purpose" in fails(desk))
    await asyncio.sleep(2.5)
    assert desk.count(KAY) == 1
    await alter(desk, "DROP TRIGGER no_word")
    await desk.settled()
    assert desk.count(KAY) == 1
    assert not fails(desk)


async def test_a_case_that_refuses_what_follows_keeps_no_other_letter_from_being_settled(desk, sink):
    sink.always("CONNECT", "drop")
    await complain(desk, KAY, LEE)
    await desk.until_async(lambda: has_cases(desk, 2))
    broken = await desk.case_of(KAY)
    await alter(
        desk,
        f"CREATE TRIGGER no_sequel BEFORE INSERT ON event WHEN NEW.case_id = {broken.id} "
        f"AND NEW.kind LIKE 'letter%' BEGIN SELECT {NO_WORD}; END",
    )
    sink.relent()
    await desk.until_async(lambda: pushed_until_settled(desk))
    assert [desk.count(KAY), desk.count(LEE)] == [1, 1]
    assert (await desk.case_of(LEE)).reached(Milestone.ACKNOWLEDGED)
    assert not (await desk.case_of(KAY)).reached(Milestone.ACKNOWLEDGED)
    assert "refused on purpose" in str(tracebacks(desk))


async def test_a_mail_is_not_given_up_for_failures_that_are_the_databases(desk, sink, monkeypatch):
    failures = [Unavailable("the disk is full")] * 4 + [RuntimeError("on purpose")] * 2
    commit = cases.commit

    async def failing(*arguments):
        if failures:
            raise failures.pop(0)
        await commit(*arguments)

    monkeypatch.setattr(cases, "commit", failing)
    monkeypatch.setattr("maildesk.desk.loops.next_delay", lambda *_: 0.05)
    await complain(desk, KAY)
    await desk.until_async(lambda: is_acknowledged(desk, KAY))
    assert failures == []
    assert desk.count(KAY) == 1


async def has_cases(desk: LivingDesk, count: int) -> bool:
    return len(await desk.cases()) == count


async def pushed_until_settled(desk: LivingDesk) -> bool:
    """Let a few seconds pass on the desk's clock, so that what was put off becomes due."""
    desk.clock.push(timedelta(seconds=10))
    async with desk.database():
        counts = (await letters.counts()).counts
    return not counts.get(LetterState.QUEUED, 0) and not counts.get(LetterState.SENDING, 0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={24 * MIB},mode=700", "tmpfs", str(place)]
    try:
        subprocess.run(words, capture_output=True, check=True, timeout=20)
    except (OSError, subprocess.CalledProcessError) as refused:
        pytest.skip(f"no file system may be mounted here ({refused}); as root it may")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True, timeout=20)


def fill(disk: Path, left: int) -> Path:
    """Take the room on the disk, but for so many bytes."""
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free.f_bavail * free.f_frsize - left))
    return ballast


def on_disk(disk: Path, dovecot: Dovecot, sink: Sink, user: str, free_bytes: int) -> Settings:
    settings = settings_for(disk, dovecot, sink.port, user)
    return replace(settings, limits=replace(settings.limits, free_bytes=free_bytes))


async def test_no_mail_is_taken_while_the_disk_has_too_little_room(small_disk, dovecot, sink, user):
    settings = on_disk(small_disk, dovecot, sink, user, 8 * MIB)
    async with living(settings, dovecot, sink) as desk:
        ballast = fill(small_disk, 4 * MIB)
        await desk.until(lambda: fails(desk, Concern.ROOM))
        await complain(desk, KAY, LEE)
        await asyncio.sleep(2 * settings.desks[0].mailbox.poll_seconds)
        assert await desk.cases() == []
        ballast.unlink()
        await desk.until_async(lambda: is_acknowledged(desk, KAY, LEE))
        await desk.settled()
        assert [desk.count(KAY), desk.count(LEE)] == [1, 1]
        assert not fails(desk, Concern.ROOM)


async def test_a_disk_that_is_full_loses_and_doubles_nothing_and_no_mail_is_blamed(small_disk, dovecot, sink, user):
    settings = on_disk(small_disk, dovecot, sink, user, 0)
    async with living(settings, dovecot, sink) as desk:
        ballast = fill(small_disk, 0)
        await complain(desk, KAY, LEE)
        await desk.until(lambda: "make room" in fails(desk))
        await asyncio.sleep(3)
        ballast.unlink()
        await desk.until_async(lambda: is_acknowledged(desk, KAY, LEE))
        await desk.settled()
        await desk.until(lambda: not fails(desk))
        assert [desk.count(KAY), desk.count(LEE)] == [1, 1]
        assert tracebacks(desk) == []


@pytest.mark.parametrize("how", ["cut", Mode.BLACKHOLE, Mode.DRIP])
async def test_a_postgres_connection_that_breaks_loses_and_doubles_nothing(
    *, how, tmp_path, dovecot, sink, user, postgres, postgres_url, monkeypatch
):
    monkeypatch.setattr("maildesk.store.connection._POSTGRES_SECONDS", {"timeout": 2, "command_timeout": 2})
    monkeypatch.setattr("maildesk.store.backend_postgres.LENDING_SECONDS", 3.0)
    proxy = Proxy(postgres.port)
    url = postgres_url.replace(f":{postgres.port}/", f":{proxy.port}/")
    assert url != postgres_url
    settings = replace(settings_for(tmp_path, dovecot, sink.port, user), database=url)
    senders = [f"kay{number}@example.com" for number in range(6)]
    try:
        async with living(settings, dovecot, sink) as desk:
            await complain(desk, *senders[:2])
            if how == "cut":
                proxy.cut_after(2000)
            else:
                proxy.mode = how
            await complain(desk, *senders[2:4])
            await desk.until(lambda: fails(desk))
            proxy.mode = Mode.PASS
            proxy.cut()
            await complain(desk, *senders[4:])
            await desk.until_async(lambda: is_acknowledged(desk, *senders))
            await desk.settled()
            assert [desk.count(one) for one in senders] == [1] * 6
            assert tracebacks(desk) == []
    finally:
        proxy.stop()
