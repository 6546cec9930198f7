"""A TCP proxy that breaks things on purpose: it passes, cuts, drips byte by byte, or swallows.

Runs in a thread with an event loop of its own, so that a blocked test does not block the proxy.
"""

import asyncio
import contextlib
import threading
from enum import StrEnum

DRIP_SECONDS = 0.02


class Mode(StrEnum):
    """What happens to bytes from the server: as they come, one at a time, or never."""

    PASS = "pass"
    DRIP = "drip"
    BLACKHOLE = "blackhole"


class Proxy:
    """In front of the loopback port `upstream`; 0 stands for nobody: it takes connections and says nothing."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.mode = Mode.PASS
        self.hidden: tuple[bytes, ...] = ()
        self.connections = 0
        self.sent_by_client = bytearray()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def hide(self, *words: bytes) -> None:
        """Take these words out of what the server says, as a man in the middle strips STARTTLS."""
        self.hidden = words

    def cut(self) -> None:
        """Close every open connection, both sides."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(5)

    def stop(self) -> None:
        """Close the port and everything that came by it."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

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

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        if self.upstream == 0:
            with contextlib.suppress(ConnectionError):
                await reader.read()
            return
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        self._writers.add(server_writer)
        await asyncio.gather(self._up(reader, server_writer), self._down(server_reader, writer))

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while octets := await reader.read(65536):
                self.sent_by_client += octets
                if self.mode is not Mode.BLACKHOLE:
                    writer.write(octets)
                    await writer.drain()
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while octets := await reader.read(65536):
                for word in self.hidden:
                    octets = octets.replace(word, b"X" * len(word))
                await self._give(octets, writer)
        writer.close()

    async def _give(self, octets: bytes, writer: asyncio.StreamWriter) -> None:
        if self.mode is Mode.BLACKHOLE:
            return
        if self.mode is Mode.PASS:
            writer.write(octets)
            await writer.drain()
            return
        for octet in octets:
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(DRIP_SECONDS)
