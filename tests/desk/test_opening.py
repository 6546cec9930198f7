"""A database server that is not there when the daemon begins is waited for, and spoken of."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from living import settings_for
from servers.places import free_ports

from maildesk import daemon
from maildesk.desk import health_file
from maildesk.desk.watch import Concern
from maildesk.journal import Entry

SECONDS = 20.0


async def until(holds) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110 - a file is no event
            await asyncio.sleep(0.02)


async def test_a_daemon_that_begins_before_its_database_says_so_and_begins_when_it_answers(
    dovecot, sink, proxy, user, tmp_path, *, postgres, postgres_url
):
    wire = proxy(postgres.port)
    (wire.upstream,) = free_ports(1)
    url = postgres_url.replace(f":{postgres.port}/", f":{wire.port}/")
    said: list[tuple[Entry, object]] = []
    world = daemon.World(log=lambda entry, /, **facts: said.append((entry, facts.get("what"))))
    settings = replace(settings_for(tmp_path, dovecot, sink.port, user), database=url)
    task = asyncio.create_task(daemon.run(settings, world))
    try:
        await until(lambda: (Entry.TROUBLE, "database") in said or task.done())
        assert not task.done()
        assert not world.started.is_set()
        report = health_file.read(tmp_path / health_file.NAME)
        assert report
        assert report.written_at <= datetime.now(UTC)
        wire.upstream = postgres.port
        await until(world.started.is_set)
        await until(lambda: world.healths["complaints"].mailbox_read_at)
        assert not world.healths["complaints"].troubles.get(Concern.DATABASE)
        assert (Entry.WELL_AGAIN, "database") in said
    finally:
        world.stopping.set()
        await asyncio.wait_for(task, SECONDS)


async def test_a_daemon_that_waits_for_a_database_that_says_nothing_stops_when_it_is_told(
    dovecot, sink, proxy, user, tmp_path
):
    silent = proxy(0)
    world = daemon.World()
    url = f"postgres://postgres@127.0.0.1:{silent.port}/complaints"
    settings = replace(settings_for(tmp_path, dovecot, sink.port, user), database=url)
    task = asyncio.create_task(daemon.run(settings, world))
    await until(lambda: silent.connections)
    world.stopping.set()
    await asyncio.wait_for(task, 7.0)
    assert not world.started.is_set()
