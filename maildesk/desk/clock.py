"""The clock that the daemon lives by: handed in, so that the demo and the scenarios pass their own."""

import asyncio
import contextlib
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time in UTC and waits for so many seconds of it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    async def wait(self, seconds: float) -> None:
        """Return when so many seconds of this clock have passed."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)

    async def wait(self, seconds: float) -> None:
        """Sleep."""
        await asyncio.sleep(seconds)


class StepsBack:
    """Notices, by a look now and then, that a clock was set back: what waits for a moment ahead would be late."""

    def __init__(self) -> None:
        self._latest: datetime | None = None

    def since_last_look(self, now: datetime) -> timedelta:
        """By how much at least it was set back since the look before; nothing where it went on."""
        latest, self._latest = self._latest, now
        return max(timedelta(), latest - now) if latest else timedelta()


async def first_of(*waits: Awaitable[object]) -> None:
    """Return when the first of these is over; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
