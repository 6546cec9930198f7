"""Child processes with limits, in which foreign bytes are read: bytes in, bytes out, many items a round trip.

`Children` keeps one fork server (see `forking`) and up to `count` children of it. They are forked on demand and go
when they were idle. Whatever a child does (raise, hang, use up its memory, die), `run` returns one result per item:
the items before it are kept, the item is `Failed` with the reason, the rest goes on in a fresh child.
It imports no room: what runs in a child is a dotted name handed in.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from maildesk.forking import MIB, ForkServer, Limits, NoChildrenError
from maildesk.forkserver import DONE, FRAME

__all__ = ["Children", "Done", "Failed", "Limits", "NoChildrenError", "Result"]

CHUNK_ITEMS = 8
CHUNK_BYTES = 4 * MIB


@dataclass(frozen=True, slots=True)
class Done:
    """What the function returned for an item."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """Why an item has no value, in words for the operator."""

    reason: str


Result = Done | Failed


class ChildDiedError(Exception):
    """A child ended or was ended before it answered; the text says why."""


class Lane:
    """One child at a time, and the stream to it."""

    def __init__(self, server: ForkServer, limits: Limits) -> None:
        self._server, self._limits = server, limits
        self._pid = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._leaving: asyncio.TimerHandle | None = None

    async def run(self, items: Sequence[bytes]) -> list[Result]:
        """The results of the first items, at least one: where the child died, the last of them is Failed."""
        self._stay()
        results: list[Result] = []
        try:
            reader, writer = await self._child()
            feeding = asyncio.create_task(feed(writer, items))
            try:
                for _ in items:
                    results.append(await self._answer(reader))  # noqa: PERF401  those before a death are kept
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)
        except (ChildDiedError, OSError) as death:
            results.append(Failed(str(death)))
            self.leave()
        except BaseException:
            self.leave()  # cancelled in the middle: the stream is out of step
            raise
        return results

    def leave(self) -> None:
        """Let the child go: an idle one ends by itself, a busy one is killed."""
        self._stay()
        if self._streams is not None:
            self._streams[1].close()
            self._server.kill(self._pid)
            self._streams = None

    def leave_later(self) -> None:
        """Let the child go unless it gets work before its idle time is over."""
        self._stay()
        self._leaving = asyncio.get_running_loop().call_later(self._limits.idle, self.leave)

    def _stay(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    async def _child(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is not None and self._streams[0].at_eof():
            self.leave()  # it died without work: no item is to blame
        if self._streams is None:
            self._pid, channel = await self._server.fork()
            self._streams = await asyncio.open_unix_connection(sock=channel)
        return self._streams

    async def _answer(self, reader: asyncio.StreamReader) -> Result:
        try:
            async with asyncio.timeout(self._limits.deadline):
                head = await reader.readexactly(FRAME.size + 1)
                value = await reader.readexactly(FRAME.unpack_from(head)[0])
        except TimeoutError:
            raise ChildDiedError(f"it took longer than {self._limits.deadline:g} seconds") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            raise ChildDiedError("the child reading it died") from None
        return Done(value) if head[FRAME.size :] == DONE else Failed(value.decode("utf-8", "replace"))


async def feed(writer: asyncio.StreamWriter, items: Sequence[bytes]) -> None:
    """Write items as frames, at the child's pace."""
    for item in items:
        writer.write(FRAME.pack(len(item)))
        writer.write(item)
        await writer.drain()


class Children:
    """Up to `count` children that run the function `target` ("package.module:name", bytes to bytes)."""

    def __init__(
        self, target: str, *, count: int = 2, limits: Limits | None = None, preload: Sequence[str] = ()
    ) -> None:
        limits = limits or Limits()
        self._server = ForkServer(target, limits, preload)
        self._lanes = [Lane(self._server, limits) for _ in range(count)]
        self._free: asyncio.LifoQueue[Lane] = asyncio.LifoQueue()
        for lane in self._lanes:
            self._free.put_nowait(lane)

    @property
    def server_pid(self) -> int | None:
        """The fork server's process id, or None while it does not run."""
        return self._server.pid

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Start the fork server ahead of the first item, so that item does not wait for the imports.

        NoChildrenError where it cannot be started.
        """
        try:
            await self._server.start()
        except OSError as failure:
            raise NoChildrenError(f"no child process can be had: {failure}") from failure

    async def run(self, items: Sequence[bytes]) -> list[Result]:
        """One result per item, in order. Never raises for what an item does to a child.

        NoChildrenError where no child can be had; then no item was judged.
        """
        results: list[Result] = [Failed("it was not read")] * len(items)
        waiting = deque(range(len(items)))
        lanes = min(len(self._lanes), -(-len(items) // CHUNK_ITEMS))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(lanes):
                    group.create_task(self._drain(items, waiting, results))
        except BaseExceptionGroup as failures:  # not `except*`: in Python 3.11.2 what that raises comes in a group
            without_children, others = failures.split(NoChildrenError)
            if without_children is None or others is not None:
                raise
            raise NoChildrenError(str(without_children.exceptions[0])) from failures
        return results

    async def close(self) -> None:
        """End the children and the fork server."""
        for lane in self._lanes:
            lane.leave()
        await self._server.close()

    async def _drain(self, items: Sequence[bytes], waiting: deque[int], results: list[Result]) -> None:
        lane = await self._free.get()
        try:
            while waiting:
                chunk = take(waiting, items)
                answers = await lane.run([items[index] for index in chunk])
                for index, result in zip(chunk, answers, strict=False):
                    results[index] = result
                waiting.extendleft(reversed(chunk[len(answers) :]))
        finally:
            lane.leave_later()
            self._free.put_nowait(lane)


def take(waiting: deque[int], items: Sequence[bytes]) -> list[int]:
    """The next few items that are waiting: one at least, bounded by number and bytes."""
    chunk, size = [waiting.popleft()], 0
    while waiting and len(chunk) < CHUNK_ITEMS and size < CHUNK_BYTES:
        chunk.append(waiting.popleft())
        size += len(items[chunk[-1]])
    return chunk
