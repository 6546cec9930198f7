"""Before the daemon begins: a database server that is not there yet is waited for, and spoken of."""

import asyncio
from collections.abc import Callable, Mapping

from maildesk.desk.clock import Clock, first_of
from maildesk.desk.watch import Concern, Health
from maildesk.mail.backoff import next_delay
from maildesk.store.connection import connected, file_of
from maildesk.store.errors import Unavailable


async def answers(
    url: str, healths: Mapping[str, Health], clock: Clock, stopping: asyncio.Event, random: Callable[[], float]
) -> bool:
    """Wait until the server answers; False where the daemon is to stop before. A SQLite file is not waited for.

    Raises StoreError where waiting does not help.
    """
    attempt = 0
    while not stopping.is_set():
        asked = asyncio.ensure_future(_ask(url))
        await first_of(stopping.wait(), asyncio.shield(asked))
        if not asked.done():
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            return False
        cannot = asked.result()
        if cannot is None:
            for health in healths.values():
                health.is_well(Concern.DATABASE)
            return True
        attempt += 1
        for health in healths.values():
            health.fails(Concern.DATABASE, clock.now(), str(cannot))
        await first_of(stopping.wait(), asyncio.sleep(next_delay(attempt, False, random)))
    return False


async def _ask(url: str) -> Unavailable | None:
    """Why the server cannot be asked now, if it cannot."""
    if file_of(url):
        return None
    try:
        async with connected(url):
            return None
    except Unavailable as cannot:
        return cannot
