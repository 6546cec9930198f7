"""The faults of tortoise 1.1.9 that the backends mend: the storms and the three processes fail on its own clients."""

import asyncio
import random
import sys
from pathlib import Path

import asyncpg
import pytest
from store_builders import NOW

from maildesk import store
from maildesk.store import clocks, counter
from maildesk.store.connection import file_of, run, transaction
from maildesk.store.models import OnceRow
from maildesk.store.rows import insert

PAIRS = 400
READ_THEN_WRITE = """
import asyncio, sys
from maildesk import store
from maildesk.store.connection import run, transaction

async def main():
    async with store.open(sys.argv[1]):
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(200):
            async with transaction():
                (row,) = await run('SELECT "next" FROM "counter" WHERE "name" = ?', "shared")
                await run('UPDATE "counter" SET "next" = ? WHERE "name" = ?', row["next"] + 1, "shared")

asyncio.run(main())
"""


async def pair(number):
    async with transaction():
        await insert(OnceRow, ("key", "at"), [(f"{number}/1", NOW)])
        await asyncio.sleep(0)
        await insert(OnceRow, ("key", "at"), [(f"{number}/2", NOW)])


@pytest.mark.usefixtures("db")
async def test_a_storm_of_cancels_neither_hangs_nor_leaves_half_a_transaction():
    chance = random.Random(7)  # noqa: S311 - a reproducible storm
    for start in range(0, PAIRS, 8):
        tasks = [asyncio.create_task(pair(number)) for number in range(start, start + 8)]
        await asyncio.sleep(chance.random() * 0.004)
        for task in chance.sample(tasks, 5):
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)
    keys = {row["key"] for row in await run('SELECT "key" FROM "once"')}
    halves = [key for key in keys if key.replace("/1", "/3").replace("/2", "/1").replace("/3", "/2") not in keys]
    assert halves == []
    assert len(keys) >= PAIRS * 3 // 8 * 2
    assert await clocks.fire_once("after the storm", NOW)


@pytest.mark.usefixtures("db")
async def test_a_cancel_while_waiting_for_a_transaction_lets_the_next_one_in():
    for _ in range(20):
        async with transaction():
            waiting = [asyncio.create_task(pair(f"never {n}")) for n in range(8)]
            await asyncio.sleep(0)
            for task in waiting:
                task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert await asyncio.wait_for(clocks.fire_once("let in", NOW), 10)


@pytest.mark.usefixtures("db")
async def test_an_error_inside_rolls_everything_back():
    async def failing():
        async with transaction():
            await insert(OnceRow, ("key", "at"), [("gone", NOW)])
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await failing()
    assert not await clocks.has_fired("gone")


@pytest.mark.usefixtures("db")
async def test_tasks_started_inside_the_block_see_the_database():
    async def in_thread():
        return await asyncio.to_thread(lambda: store.current().url)

    fired = await asyncio.gather(*(clocks.fire_once("once", NOW) for _ in range(8)))
    assert sorted(fired) == [False] * 7 + [True]
    assert await in_thread() == store.current().url


def test_outside_of_the_block_there_is_no_database():
    with pytest.raises(store.StoreError, match="no database is open"):
        store.current()


async def test_two_databases_in_one_process_do_not_mix(tmp_path):
    first, second = (store.sqlite_url(tmp_path / name) for name in ("one.db", "two.db"))
    async with store.open(first, create=True):
        assert await clocks.fire_once("key", NOW)
        async with store.open(second, create=True):
            assert await clocks.fire_once("key", NOW)
        assert not await clocks.fire_once("key", NOW)


async def test_three_processes_that_read_and_then_write_lose_nothing_and_never_meet_a_lock(sqlite_url):
    async with store.open(sqlite_url, create=True):
        await counter.reserve("shared", 0)
        pipe = asyncio.subprocess.PIPE
        started = [sys.executable, "-c", READ_THEN_WRITE, sqlite_url]
        processes = [
            await asyncio.create_subprocess_exec(*started, stdin=pipe, stdout=pipe, stderr=pipe) for _ in range(3)
        ]
        for process in processes:
            assert await asyncio.wait_for(process.stdout.readline(), 20) == b"ready\n"
        said = await asyncio.wait_for(asyncio.gather(*(process.communicate(b"go\n") for process in processes)), 50)
        assert [errors.decode() for _, errors in said] == ["", "", ""]
        (row,) = await run('SELECT "next" FROM "counter" WHERE "name" = ?', "shared")
        assert row["next"] == 1 + 3 * 200


async def opening_is_refused(url, kind, words):
    with pytest.raises(kind, match=words):
        async with store.open(url, create=True):
            pass


async def test_what_is_no_database_is_said_in_words(tmp_path):
    place = tmp_path / "letter.txt"
    place.write_text("Dear Sir or Madam, " * 100)
    await opening_is_refused(store.sqlite_url(place), store.StoreError, r"letter\.txt cannot be opened")
    await opening_is_refused(store.sqlite_url(place / "x.db"), store.StoreError, "cannot be made")


async def test_a_postgres_that_is_not_there_is_unavailable(postgres, unused_tcp_port):
    await opening_is_refused(postgres.url("no_such_database"), store.Unavailable, "no_such_database")
    await opening_is_refused(f"postgres://desk@127.0.0.1:{unused_tcp_port}/maildesk", store.Unavailable, "Connect")


async def test_sqlite_is_set_up_to_lose_nothing_and_to_forget_what_is_erased(sqlite_url):
    async with store.open(sqlite_url, create=True):
        names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        found = [next(iter((await run(f"PRAGMA {name}"))[0].values())) for name in names]
        assert found == ["wal", 2, 1, 1, 30_000]


async def cut_every_connection(url):
    connection = await asyncpg.connect(url)
    others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
    await connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")  # noqa: S608
    await connection.close()


async def test_commits_are_on_the_disk_even_where_the_server_is_set_to_forget_some(postgres_url):
    other = await asyncpg.connect(postgres_url, timeout=10)
    assert await other.fetchval("SHOW synchronous_commit") == "off"
    await other.close()
    async with store.open(postgres_url, create=True):
        for _ in range(2):
            async with transaction():
                assert await run("SHOW synchronous_commit") == [{"synchronous_commit": "on"}]


async def test_a_lost_postgres_is_said_so_and_comes_back(postgres_url, postgres):
    async with store.open(postgres_url, create=True):
        assert await clocks.fire_once("before", NOW)
        await cut_every_connection(postgres.url("postgres"))
        outcomes = []
        for attempt in range(8):
            try:
                outcomes.append(await clocks.fire_once(f"after {attempt}", NOW))
            except store.Unavailable:
                outcomes.append("unavailable")
        assert outcomes[-1] is True
        await cut_every_connection(postgres.url("postgres"))
        for _ in range(8):
            try:
                outcomes.append(await clocks.has_fired("before"))
            except store.Unavailable:
                outcomes.append("unavailable")
        assert outcomes[-1] is True
        assert set(outcomes) <= {True, "unavailable"}


def test_a_url_names_its_file():
    assert file_of("sqlite:///var/lib/maildesk/maildesk.db") == Path("/var/lib/maildesk/maildesk.db")
    assert file_of(store.sqlite_url(Path("/a b/ü#?%.db"))) == Path("/a b/ü#?%.db")
    assert file_of("postgresql://desk@localhost/maildesk") is None
    for wrong in ("mysql://desk@localhost/maildesk", "sqlite://", "maildesk.db"):
        with pytest.raises(store.StoreError, match="sqlite:///path"):
            file_of(wrong)
