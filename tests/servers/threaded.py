"""A loopback server on asyncio streams in a thread of its own, so that a test that blocks does not block it."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any

SECONDS = 5.0


class ThreadedServer:
    """Listens from the beginning on `port`. Subclasses write `serve`, for one connection."""

    def __init__(self) -> None:
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server = self._within(asyncio.start_server(self._meet, "127.0.0.1", 0, limit=2**20))
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def is_at_rest(self) -> bool:
        """Whether nobody is connected: what was sent by those who went has been read."""
        return not self._writers

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; it is closed afterwards."""
        raise NotImplementedError

    def cut(self) -> None:
        """Close every open connection, both sides."""
        self._within(self._cut())

    def stop(self) -> None:
        """Close the port and everything that came by it."""
        self._within(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def _within(self, step: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result(SECONDS)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):  # only by stop
            await self.serve(reader, writer)
        self._writers.discard(writer)
        writer.close()

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.close()

    async def _end(self) -> None:
        self._server.close()
        await self._cut()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
