"""tortoise's SQLite client with BEGIN IMMEDIATE and transactions that a cancelled task cannot leave behind.

tortoise 1.1.9 begins deferred, so that two processes that read and then write meet `database is locked` whatever the
busy timeout (tortoise-orm#1675), and takes its lock before BEGIN, so that a task cancelled in between holds it for
ever. tests/store/test_backend.py names both. tortoise loads this module by name as its `engine`.
"""

import asyncio
import sqlite3
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tortoise.backends.base.client import TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from maildesk.store.unavailable import unavailable


async def through(ending: Coroutine[Any, Any, None]) -> None:
    """Run to its end what must not be left half done, even where the caller is cancelled meanwhile."""
    task = asyncio.ensure_future(ending)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


@contextmanager
def _told_apart(file: str) -> Iterator[None]:
    """Raise Unavailable for what is the database's own failure; other exceptions pass."""
    try:
        yield
    except (OperationalError, sqlite3.Error) as failed:
        cannot = unavailable(failed, file)
        if cannot:
            raise cannot from failed
        raise


class _Transaction(SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as refused:
            raise OperationalError(refused) from refused


class _TransactionContext(SqliteTransactionContext):
    async def __aenter__(self) -> Any:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            await through(self._give_up())
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection

    async def __aexit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        get_connections().reset(self.token)
        await through(self._end(is_committed=exc_type is None))

    async def _give_up(self) -> None:
        # BEGIN may still run in the connection's thread; the rollback queues behind it and is harmless without one
        try:
            if self.connection._connection is not None:  # noqa: SLF001 - tortoise offers no other way to its connection
                await self.connection._connection.rollback()  # noqa: SLF001
        finally:
            self._trxlock.release()

    async def _end(self, *, is_committed: bool) -> None:
        try:
            if is_committed:
                await self.connection.commit()
            else:
                await self.connection.rollback()
        except BaseException:
            await self.connection._connection.rollback()  # noqa: SLF001 - as above
            raise
        finally:
            self._trxlock.release()


class ImmediateClient(SqliteClient):
    """One connection, one lock, every transaction immediate."""

    def _in_transaction(self) -> TransactionContext:
        return _TransactionContext(_Transaction(self), self._lock)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """The rows in a transaction of their own, entered and left as every other."""
        with _told_apart(self.filename):
            async with self._in_transaction() as connection:
                await connection.execute_many(query, values)

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        """As tortoise's; raises Unavailable."""
        with _told_apart(self.filename):
            done: int = await super().execute_insert(query, values)
        return done

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[dict[Any, Any]]]:
        """As tortoise's; raises Unavailable."""
        with _told_apart(self.filename):
            done: tuple[int, Sequence[dict[Any, Any]]] = await super().execute_query(query, values)
        return done

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[Any, Any]]:
        """As tortoise's; raises Unavailable."""
        with _told_apart(self.filename):
            done: list[dict[Any, Any]] = await super().execute_query_dict(query, values)
        return done

    async def execute_script(self, query: str) -> None:
        """As tortoise's; raises Unavailable."""
        with _told_apart(self.filename):
            await super().execute_script(query)


client_class = ImmediateClient
