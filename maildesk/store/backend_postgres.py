"""tortoise's asyncpg client whose transactions give their connection back when a task is cancelled while it begins.

tortoise 1.1.9 takes a connection from the pool before BEGIN and returns it only in `__aexit__`, which is never called
when BEGIN is cancelled: after as many cancels as the pool is large everything waits for ever.
"""

import logging
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import PoolConnectionWrapper, TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, OperationalError, TransactionManagementError

from maildesk.store.backend import through
from maildesk.store.unavailable import unavailable

logging.getLogger("asyncpg").setLevel(logging.CRITICAL)  # a trace for each try while the server is away: told by us
LENDING_SECONDS = 60.0  # to get a connection, and to give it back: a server that swallows everything answers neither


class _Lent(PoolConnectionWrapper[Any]):
    """A connection for one statement; tortoise's own waits without end for a server that says nothing."""

    async def __aenter__(self) -> Any:
        await self.ensure_connection()
        self.connection = await self.client._pool.acquire(timeout=LENDING_SECONDS)  # noqa: SLF001 - as below
        return self.connection


class _TransactionContext(TransactionContextPooled):
    async def __aenter__(self) -> Any:
        await self.ensure_connection()
        pool = self.client._parent._pool  # noqa: SLF001 - tortoise offers no other way to its pool
        self.client._connection = await pool.acquire(timeout=LENDING_SECONDS)  # noqa: SLF001
        try:
            await self.client.begin()
        except BaseException:
            await through(self._give_back())
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        get_connections().reset(self.token)
        await through(self._end(is_committed=exc_type is None))

    async def _give_back(self) -> None:
        # the pool resets a connection that is given back inside a transaction
        await self.client._parent._pool.release(self.client._connection)  # noqa: SLF001

    async def _end(self, *, is_committed: bool) -> None:
        try:
            if is_committed:
                await self.client.commit()
            else:
                await self.client.rollback()
        finally:
            await self._give_back()


# after its server was killed asyncpg raises these of its own, which tortoise does not translate; and a deadlock's end
LOST_CONNECTION: tuple[type[Exception], ...] = (
    *(OSError, DBConnectionError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError),
    *(asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, asyncpg.CannotConnectNowError),
    *(asyncpg.TooManyConnectionsError,),
    *(asyncpg.InternalClientError, asyncpg.TransactionRollbackError, asyncpg.InvalidAuthorizationSpecificationError),
)
_FAILURES: tuple[type[Exception], ...] = (
    *(OperationalError, TransactionManagementError, asyncpg.PostgresError),
    *LOST_CONNECTION,
)


class PatientClient(AsyncpgDBClient):
    """A pool whose connections always come back, whose loss has one name, and whose commits are on the disk."""

    async def create_pool(self, **kwargs: Any) -> asyncpg.Pool:
        """The pool. A mail is taken off its server once it is committed, so a commit that may be forgotten is none.

        A server that is set to `synchronous_commit = off` tells of commits that its crash takes back; for our sessions
        that is overruled. A start-up value, as the pool resets what is set later.
        """
        pool = await super().create_pool(**kwargs)
        if await pool.fetchval("SHOW synchronous_commit", timeout=LENDING_SECONDS) != "off":
            return pool
        pool.terminate()
        settings = {**kwargs["server_settings"], "synchronous_commit": "on"}
        return await super().create_pool(**{**kwargs, "server_settings": settings})

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)
        except _FAILURES as failed:
            cannot = unavailable(failed, "the database", LOST_CONNECTION)
            if cannot:
                raise cannot from failed
            raise

    def acquire_connection(self) -> Any:
        """A connection of the pool, or none in time."""
        return _Lent(self, self._pool_init_lock)

    def _in_transaction(self) -> TransactionContext:
        return _TransactionContext(TransactionWrapper(self), self._pool_init_lock)


client_class = PatientClient
