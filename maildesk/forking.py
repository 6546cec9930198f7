"""The parent's side of the fork server process: it starts it, has children forked and killed by it, and ends it."""

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maildesk.forkserver import FORK, KILL, PID

MIB = 1 << 20
START_SECONDS = 60.0  # a loaded machine may take its time to import the parsers
END_SECONDS = 5.0
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONHASHSEED")  # no secret reaches a child


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use: address space in bytes, seconds for one item, seconds it may stay without work."""

    memory: int = 768 * MIB
    deadline: float = 30.0
    idle: float = 30.0


class NoChildrenError(Exception):
    """The fork server cannot be started or does not answer. The items are not to blame: try again later."""


class ForkServer:
    """The parent's side of one fork server process."""

    def __init__(self, target: str, limits: Limits, preload: Sequence[str]) -> None:
        self._target, self._limits, self._preload = target, limits, tuple(preload)
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process id, or None while it does not run."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def fork(self) -> tuple[int, socket.socket]:
        """A new child's pid and our end of its socket; starts the server where it does not run.

        NoChildrenError where the server cannot be started, or ends or stays silent twice.
        """
        async with self._turn:
            try:
                return await self._forked()
            except OSError:
                await self._end()  # somebody killed it; a new one has no such past
            try:
                return await self._forked()
            except OSError as failure:
                await self._end()
                raise NoChildrenError(f"no child process can be had: {failure or type(failure).__name__}") from failure

    async def _forked(self) -> tuple[int, socket.socket]:
        control = await self._running()
        try:
            ours, theirs = socket.socketpair()
        except OSError as shortage:  # ours, not the server's: it stays, and with it the children that are at work
            raise NoChildrenError(f"no child process can be had: {shortage}") from shortage
        try:
            with theirs:
                socket.send_fds(control, [FORK], [theirs.fileno()])
            async with asyncio.timeout(START_SECONDS):
                pid = await asyncio.get_running_loop().sock_recv(control, PID.size)
        except BaseException:
            ours.close()
            await self._end()  # an answer that comes late would be taken for the next child's
            raise
        if len(pid) != PID.size:
            ours.close()
            raise ConnectionResetError("the fork server ended at its start")
        return PID.unpack(pid)[0], ours

    async def start(self) -> None:
        """Start the server where it does not run, without waiting for its imports. OSError where it cannot be."""
        async with self._turn:
            await self._running()

    def kill(self, pid: int) -> None:
        """Have a child killed. Only the server may: it alone knows that the pid is still the child's."""
        if self._control is not None:
            try:
                self._control.send(KILL + PID.pack(pid))
            except OSError:
                return  # the server has ended; its children find their sockets closed or their alarm rings

    async def close(self) -> None:
        """End the server and with it every child."""
        async with self._turn:
            await self._end()

    async def _running(self) -> socket.socket:
        if self._control is not None and self.pid is not None:
            return self._control
        await self._end()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        try:
            with theirs:
                self._process = await self._started(theirs)
        except BaseException:
            ours.close()
            raise
        self._control = ours
        return ours

    async def _started(self, theirs: socket.socket) -> asyncio.subprocess.Process:
        limits = (self._target, str(self._limits.memory), str(self._limits.deadline))
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "maildesk.forkserver", str(theirs.fileno()), *limits, *self._preload),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env=environment,
            start_new_session=True,  # a Ctrl-C at the terminal is the parent's to handle
        )

    async def _end(self) -> None:
        process, control = self._process, self._control
        self._process = self._control = None
        if control is not None:
            control.close()
        if process is not None:
            try:
                async with asyncio.timeout(END_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
