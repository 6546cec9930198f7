"""tortoise's asyncpg client whose transactions give their connection back when a task is cancelled while it begins.

tortoise 1.1.9 takes a connection from the pool before BEGIN and returns it only in `__aexit__`, which is never called
when BEGIN is cancelled: after as many cancels as the pool is large everything waits for ever.
"""

from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError

from maildesk.store.backend import through
from maildesk.store.errors import Unreachable


class _TransactionContext(TransactionContextPooled):
    async def __aenter__(self) -> Any:
        await self.ensure_connection()
        pool = self.client._parent._pool  # noqa: SLF001 - tortoise offers no other way to its pool
        self.client._connection = await pool.acquire()  # noqa: SLF001
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
    *(asyncpg.InternalClientError, asyncpg.TransactionRollbackError, asyncpg.InvalidAuthorizationSpecificationError),
)


class PatientClient(AsyncpgDBClient):
    """A pool whose connections always come back, and whose loss has one name."""

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)
        except LOST_CONNECTION as lost:
            raise Unreachable(f"the database did not do it: {lost}") from lost

    def _in_transaction(self) -> TransactionContext:
        return _TransactionContext(TransactionWrapper(self), self._pool_init_lock)


client_class = PatientClient
