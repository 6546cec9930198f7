"""The hours after a storm, by a clock that is pushed: what was held back leaves, each letter once, and it is over."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from living import LivingDesk, living, mail, settings_for
from servers.dovecot import Dovecot
from servers.sink import Sink

from faults.table import Broken, Ground, Line
from maildesk.desk.watch import Concern
from maildesk.store import letters
from maildesk.store.commit import LetterState

PER_DOMAIN = 40
HOURS = 4
MOST = PER_DOMAIN * HOURS
HOUR = timedelta(minutes=61)
PATIENCE = 120.0


def hours_after(ground: Ground, count: int) -> Broken:
    """A domain's storm, and its letters hour by hour."""
    few = min(count, MOST - 1)
    sink = Sink()
    try:
        lines = asyncio.run(_stormed(ground.folder(), ground.dovecot, ground.user("later"), sink, few))
    finally:
        sink.stop()
    return Broken("a storm, and the hours after it by a pushed clock", few, tuple(lines))


async def _stormed(folder: Path, dovecot: Dovecot, user: str, sink: Sink, count: int) -> list[Line]:
    settings = settings_for(folder, dovecot, sink.port, user)
    settings = replace(settings, limits=replace(settings.limits, letters_per_domain_per_hour=PER_DOMAIN))
    lines = []
    async with living(settings, dovecot, sink) as desk:
        await desk.append(
            *(mail(f"k{n}@machine.example", f"Bins {n}", f"Not emptied, {n}.", to=user) for n in range(count))
        )
        for hour in range(HOURS):
            most = min(count, PER_DOMAIN * (hour + 1))
            await desk.until_async(partial(_stands, desk, most, count - most), PATIENCE)
            troubled = Concern.RATE in desk.world.healths["complaints"].troubles
            lines += [
                Line(f"letters to the domain at the sink, {hour} hours later", sum(_taken(sink).values()), most),
                Line("  the desk says that letters are held back", int(troubled), int(most < count)),
            ]
            desk.clock.push(HOUR)
        lines += [
            Line("cases (database)", len(await desk.cases()), count),
            Line("complainants with one acknowledgement", sum(n == 1 for n in _taken(sink).values()), count),
            Line("faults of the history", len(await desk.faults()), 0),
        ]
    return lines


async def _stands(desk: LivingDesk, accepted: int, waiting: int) -> bool:
    """So many of the domain's letters have left and so many wait, and the desk has said so."""
    async with desk.database():
        states = Counter(one.state for one in await letters.listing() if one.recipient.endswith("@machine.example"))
    is_troubled = Concern.RATE in desk.world.healths["complaints"].troubles
    is_told = is_troubled is bool(waiting)
    return (states[LetterState.ACCEPTED], states[LetterState.QUEUED]) == (accepted, waiting) and is_told


def _taken(sink: Sink) -> Counter[str]:
    """The letters at the sink to each address of the domain."""
    return Counter(one.recipients[0] for one in list(sink.taken) if one.recipients[0].endswith("@machine.example"))
