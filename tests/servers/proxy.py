"""A TCP proxy that breaks things on purpose: it passes, cuts, drips, delays, swallows, or says something else."""

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from servers.threaded import ThreadedServer

DRIP_SECONDS = 0.02
DELAY_SECONDS = 0.5


class Mode(StrEnum):
    """What happens to bytes from the server: as they come, one at a time, late, or never."""

    PASS = "pass"
    DRIP = "drip"
    DELAY = "delay"
    BLACKHOLE = "blackhole"


class Then(StrEnum):
    """What follows a trick: the conversation goes on, the line is cut, or nothing more comes from the server."""

    GO_ON = "go on"
    CUT = "cut"
    HUSH = "hush"


@dataclass(slots=True)
class Trick:
    """What the client hears in the place of a match, so many times. A template as `re.Match.expand` takes it."""

    pattern: re.Pattern[bytes]
    instead: bytes
    then: Then
    left: int

    def match(self, octets: bytes) -> re.Match[bytes] | None:
        """Whether this is the moment; counts it."""
        found = self.pattern.search(octets) if self.left else None
        self.left -= found is not None
        return found


class Proxy(ThreadedServer):
    """In front of the loopback port `upstream`; 0 stands for nobody: it takes connections and says nothing."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.mode = Mode.PASS
        self.swapped: dict[bytes, bytes] = {}
        self.sent_by_client = bytearray()
        self.drip_seconds = DRIP_SECONDS
        self.played = 0
        self._on_server: list[Trick] = []
        self._on_client: list[Trick] = []
        self._deeds: list[tuple[Trick, Callable[[], object]]] = []
        self._octets_left: int | None = None
        super().__init__()

    def hide(self, *words: bytes) -> None:
        """Take these words out of what the server says, as a man in the middle strips STARTTLS."""
        self.swap({word: b"X" * len(word) for word in words})

    def swap(self, words: dict[bytes, bytes]) -> None:
        """Say other words to the client than the server did."""
        self.swapped = words

    def on_server(self, pattern: bytes, instead: bytes = b"", then: Then = Then.CUT, times: int = 1) -> None:
        """When the server says this (in one piece), the client hears `instead`. `played` counts what was done."""
        self._on_server.append(Trick(re.compile(pattern, re.DOTALL), instead, then, times))

    def on_client(self, pattern: bytes, reply: bytes, then: Then = Then.GO_ON, times: int = 1) -> None:
        """When the client says this, it gets `reply`, and the server hears nothing of it."""
        self._on_client.append(Trick(re.compile(pattern, re.DOTALL), reply, then, times))

    def meanwhile(self, pattern: bytes, deed: Callable[[], object]) -> None:
        """When the client says this, the deed is done before the server hears it; once."""
        self._deeds.append((Trick(re.compile(pattern, re.DOTALL), b"", Then.GO_ON, 1), deed))

    def cut_after(self, octets: int) -> None:
        """Cut the line when the server has said so many more octets, on whatever connection."""
        self._octets_left = octets

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.upstream == 0:
            await reader.read()
            return
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        self._writers.add(server_writer)
        await asyncio.gather(self._up(reader, server_writer, writer), self._down(server_reader, writer))

    async def _up(
        self, reader: asyncio.StreamReader, server_writer: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while octets := await reader.read(65536):
                self.sent_by_client += octets
                await self._do_meanwhile(octets)
                trick, found = _first(self._on_client, octets)
                if trick and found:
                    self.played += 1
                    await self._give(found.expand(trick.instead), writer)
                    if trick.then == Then.CUT:
                        break
                elif self.mode != Mode.BLACKHOLE:
                    server_writer.write(octets)
                    await server_writer.drain()
        server_writer.close()

    async def _do_meanwhile(self, octets: bytes) -> None:
        for trick, deed in self._deeds:
            if trick.match(octets):
                await asyncio.to_thread(deed)
                self.played += 1

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        then = Then.GO_ON
        with contextlib.suppress(ConnectionError, RuntimeError):
            while then != Then.CUT and (octets := await reader.read(65536)):
                if then == Then.HUSH:
                    continue
                for word, other in self.swapped.items():
                    octets = octets.replace(word, other)
                octets, then = self._as_heard(octets)
                await self._give(octets, writer)
        writer.close()

    def _as_heard(self, octets: bytes) -> tuple[bytes, Then]:
        """What the client hears instead of this, and what follows."""
        if self._octets_left is not None:
            if self._octets_left < len(octets):
                octets, self._octets_left = octets[: self._octets_left], None
                self.played += 1
                return octets, Then.CUT
            self._octets_left -= len(octets)
        trick, found = _first(self._on_server, octets)
        if not (trick and found):
            return octets, Then.GO_ON
        self.played += 1
        rest = octets[found.end() :] if trick.then == Then.GO_ON else b""
        return octets[: found.start()] + found.expand(trick.instead) + rest, trick.then

    async def _give(self, octets: bytes, writer: asyncio.StreamWriter) -> None:
        if self.mode == Mode.BLACKHOLE:
            return
        if self.mode == Mode.DELAY:
            await asyncio.sleep(DELAY_SECONDS)
        if self.mode != Mode.DRIP:
            writer.write(octets)
            await writer.drain()
            return
        for octet in octets:
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(self.drip_seconds)


def _first(tricks: list[Trick], octets: bytes) -> tuple[Trick | None, re.Match[bytes] | None]:
    """The first trick whose moment this is."""
    for trick in tricks:
        if found := trick.match(octets):
            return trick, found
    return None, None
