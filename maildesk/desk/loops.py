"""Keeping a desk's loops alive: what nobody foresaw begins a loop anew, and a database that fails is waited out.

Every loop works from committed rows alone, so that beginning anew loses and doubles nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from maildesk.desk.clock import first_of
from maildesk.desk.watch import Concern, Surroundings
from maildesk.journal import Entry
from maildesk.mail.backoff import next_delay
from maildesk.store.connection import run
from maildesk.store.errors import Unavailable

CALM_SECONDS = 300.0
STEADY_SECONDS = 10.0  # a loop that has lived so long after an outage has the database again, if this answers


class Outage:
    """What one loop meets while the database fails. The journal tells it once, the health for as long as it lasts."""

    def __init__(self, name: str, desk: str, surroundings: Surroundings) -> None:
        self.attempt = 0
        self._name, self._desk = name, desk
        self._health, self._clock = surroundings.health, surroundings.clock
        self._log, self._random = surroundings.log, surroundings.random

    async def wait_out(self, cannot: Exception, stopping: asyncio.Event) -> None:
        """Wait before the next attempt, longer each time."""
        self.attempt += 1
        words = str(cannot)
        known = self._health.troubles.get(Concern.DATABASE)
        self._health.without_database.add(self._name)
        self._health.fails(Concern.DATABASE, self._clock.now(), words)
        if known is None or known.why != words:
            self._log(Entry.RECONNECTING, desk=self._desk, what=f"{self._name}: {words}", attempt=self.attempt)
        await first_of(stopping.wait(), asyncio.sleep(next_delay(self.attempt, False, self._random)))

    def is_over(self) -> None:
        """The database did it; it is well when every loop can say so."""
        self.attempt = 0
        self._health.without_database.discard(self._name)
        if not self._health.without_database:
            self._health.is_well(Concern.DATABASE)


@dataclass(frozen=True, slots=True)
class Loop:
    """One of a desk's loops, and how to begin it anew."""

    name: str
    desk: str
    run: Callable[[asyncio.Event], Awaitable[None]]


async def kept_alive(loop: Loop, surroundings: Surroundings, stopping: asyncio.Event) -> None:
    """Run the loop until the daemon stops. What nobody foresaw is logged, and the loop begins anew after a while."""
    outage = Outage(loop.name, loop.desk, surroundings)
    attempt = 0
    while not stopping.is_set():
        began = asyncio.get_running_loop().time()
        try:
            await _run(loop, outage, stopping)
        except Unavailable as cannot:
            await outage.wait_out(cannot, stopping)
        except Exception as failure:  # noqa: BLE001 - one desk's trouble never stops the others
            attempt = 1 if asyncio.get_running_loop().time() - began > CALM_SECONDS else attempt + 1
            delay = next_delay(attempt, False, surroundings.random)
            surroundings.log(Entry.FAILED, desk=loop.desk, what=f"{loop.name}: {failure}", attempt=attempt,
                             seconds=round(delay, 1), exc_info=True)  # fmt: skip
            await first_of(stopping.wait(), asyncio.sleep(delay))


async def _run(loop: Loop, outage: Outage, stopping: asyncio.Event) -> None:
    """The loop itself; after an outage it is watched until it lives with a database that answers."""
    running = asyncio.ensure_future(loop.run(stopping))
    try:
        while outage.attempt and not running.done():
            await asyncio.wait([running], timeout=STEADY_SECONDS)
            if not running.done() and await _answers():
                outage.is_over()
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _answers() -> bool:
    try:
        await run("SELECT 1")
    except Unavailable:
        return False
    return True
