"""A clock that can be pushed: the demo's day goes by in seconds, and the daemon lives by the same clock."""

import asyncio
from datetime import UTC, datetime, timedelta


class PushedClock:
    """Begins at a moment of one's choice, runs as fast as the machine's clock, and can be pushed ahead."""

    def __init__(self, start: datetime) -> None:
        self._ahead = start - datetime.now(UTC)
        self._pushed = asyncio.Event()

    def now(self) -> datetime:
        """The present moment of this clock, aware, in UTC."""
        return datetime.now(UTC) + self._ahead

    async def wait(self, seconds: float) -> None:
        """Return when so many seconds of this clock have passed, by running or by a push."""
        end = self.now() + timedelta(seconds=seconds)
        while (left := (end - self.now()).total_seconds()) > 0:
            try:
                async with asyncio.timeout(left):  # wait_for can swallow a cancellation that comes with a push
                    await self._pushed.wait()
            except TimeoutError:
                return

    def push_to(self, moment: datetime) -> None:
        """Make it that moment, and wake everybody who waits. A moment that has passed changes nothing."""
        self.push(max(timedelta(), moment - self.now()))

    def push(self, span: timedelta) -> None:
        """Let so much time pass at once, and wake everybody who waits."""
        self._ahead += span
        self._pushed.set()
        self._pushed = asyncio.Event()
