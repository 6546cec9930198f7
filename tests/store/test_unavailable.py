"""What the database cannot do whatever is asked has one name; what is about the asking keeps its own."""

import asyncio
import sqlite3
from contextlib import closing

import asyncpg
import pytest
from store_builders import NOW

from maildesk import store
from maildesk.store import clocks
from maildesk.store.connection import run, transaction
from maildesk.store.unavailable import unavailable


async def fill():
    for number in range(2000):
        await clocks.fire_once(f"{number} {'x' * 200}", NOW)


async def test_a_sqlite_that_may_grow_no_more_is_unavailable_and_comes_back(sqlite_url):
    async with store.open(sqlite_url, create=True):
        (pages,) = await run("PRAGMA page_count")
        await run(f"PRAGMA max_page_count = {pages['page_count']}")
        with pytest.raises(store.Unavailable, match=r"make room where .*\.db lies"):
            await fill()
        await run("PRAGMA max_page_count = 1000000")
        assert await clocks.fire_once("room again", NOW)


async def test_a_sqlite_that_may_not_be_written_is_unavailable_to_a_statement_and_to_a_transaction(sqlite_url):
    async with store.open(sqlite_url, create=True):
        await run("PRAGMA query_only = 1")
        with pytest.raises(store.Unavailable, match="read-only"):
            await clocks.fire_once("never", NOW)
        with pytest.raises(store.Unavailable, match="read-only"):
            await run("DELETE FROM once")
        assert not await clocks.has_fired("never")


async def test_a_sqlite_that_another_holds_is_unavailable(sqlite_url):
    async with store.open(sqlite_url, create=True) as opened:
        await run("PRAGMA busy_timeout = 50")
        with closing(sqlite3.connect(opened.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(store.Unavailable, match="another process holds"):
                await clocks.fire_once("never", NOW)
        assert await clocks.fire_once("let in", NOW)


@pytest.mark.usefixtures("db")
async def test_a_statement_that_is_wrong_is_not_the_databases_failure():
    with pytest.raises(Exception, match="no_such_table") as wrong:
        await run("SELECT 1 FROM no_such_table")
    assert not isinstance(wrong.value, store.Unavailable)
    with pytest.raises(store.StoreError) as refused:
        async with transaction():
            await run("SELECT 1 FROM no_such_table")
    assert not isinstance(refused.value, store.Unavailable)


async def test_a_postgres_that_takes_no_writes_is_unavailable(postgres_url):
    async with store.open(postgres_url, create=True):
        pass
    connection = await asyncpg.connect(postgres_url)
    database = postgres_url.rpartition("/")[2]
    await connection.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    await connection.close()
    async with store.open(postgres_url):
        with pytest.raises(store.Unavailable, match="read-only"):
            await clocks.fire_once("never", NOW)
        with pytest.raises(store.Unavailable, match="read-only"):
            await run("DELETE FROM once")


async def test_a_statement_without_an_answer_ends_as_unavailable_and_the_pool_goes_on(postgres_url, monkeypatch):
    monkeypatch.setattr("maildesk.store.connection._POSTGRES_SECONDS", {"timeout": 2, "command_timeout": 0.3})
    async with store.open(postgres_url, create=True):
        for _ in range(12):
            with pytest.raises(store.Unavailable):
                await run("SELECT pg_sleep(20)")
        assert await asyncio.wait_for(clocks.fire_once("after", NOW), 10)


@pytest.mark.parametrize(
    "failure", [asyncpg.DiskFullError, asyncpg.CannotConnectNowError, asyncpg.DeadlockDetectedError]
)
def test_postgres_says_in_its_codes_that_it_cannot(failure):
    assert isinstance(unavailable(failure("x"), "the database"), store.Unavailable)


def test_a_refused_value_is_no_reason_to_try_again():
    assert unavailable(asyncpg.NotNullViolationError("x"), "the database") is None
    assert unavailable(asyncpg.UndefinedTableError("x"), "the database") is None
