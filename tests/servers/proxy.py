"""A TCP proxy that breaks things on purpose: it passes, cuts, drips byte by byte, or swallows."""

import asyncio
import contextlib
from enum import StrEnum

from servers.threaded import ThreadedServer

DRIP_SECONDS = 0.02


class Mode(StrEnum):
    """What happens to bytes from the server: as they come, one at a time, or never."""

    PASS = "pass"
    DRIP = "drip"
    BLACKHOLE = "blackhole"


class Proxy(ThreadedServer):
    """In front of the loopback port `upstream`; 0 stands for nobody: it takes connections and says nothing."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.mode = Mode.PASS
        self.swapped: dict[bytes, bytes] = {}
        self.sent_by_client = bytearray()
        super().__init__()

    def hide(self, *words: bytes) -> None:
        """Take these words out of what the server says, as a man in the middle strips STARTTLS."""
        self.swap({word: b"X" * len(word) for word in words})

    def swap(self, words: dict[bytes, bytes]) -> None:
        """Say other words to the client than the server did."""
        self.swapped = words

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.upstream == 0:
            await reader.read()
            return
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        self._writers.add(server_writer)
        await asyncio.gather(self._up(reader, server_writer), self._down(server_reader, writer))

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while octets := await reader.read(65536):
                self.sent_by_client += octets
                if self.mode != Mode.BLACKHOLE:
                    writer.write(octets)
                    await writer.drain()
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while octets := await reader.read(65536):
                for word, other in self.swapped.items():
                    octets = octets.replace(word, other)
                await self._give(octets, writer)
        writer.close()

    async def _give(self, octets: bytes, writer: asyncio.StreamWriter) -> None:
        if self.mode == Mode.BLACKHOLE:
            return
        if self.mode == Mode.PASS:
            writer.write(octets)
            await writer.drain()
            return
        for octet in octets:
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(DRIP_SECONDS)
