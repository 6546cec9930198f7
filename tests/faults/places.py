"""The daemon dies at a named place, once before, inside and after each durable step, and is started again.

Chance alone seldom finds a moment of a millisecond: `dying_daemon` waits for it. The dying one is the real
`maildesk run`; only the launcher of the test knows the place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dying_daemon import PLACES
from running import RunningDesk, running_desk
from servers.dovecot import Dovecot
from servers.sink import Sink

from faults.kill import Found, drain, note_repeatable
from faults.numbered import address, mail
from faults.reckoning import reckon
from faults.table import Broken, Ground, Line, Scale

MAILS = 3
KILLED = -9
SECONDS = 30.0
_TOLD = (
    "deaths at this place",
    "mails in Processed, of these",
    "cases (database)",
    "complainants whose own mail was acknowledged",
    "copies on the wire",
    "copies beyond these",
)
"""What the table tells of a place where every promise was kept; a broken one is told in any case."""


@dataclass(slots=True)
class Deaths:
    """What the deaths of a desk found: how many fell at the place, and what may repeat by them."""

    at_the_place: int = 0
    found: Found = field(default_factory=Found)


def die_at(place: str, times: int, dovecot: Dovecot, user: str, folder: Path) -> list[Line]:
    """So many deaths at the place, each under some new mails; then it runs undisturbed, and all is counted."""
    sink, deaths = Sink(), Deaths()
    try:
        with running_desk(folder, dovecot, user, sink.port) as desk:
            for time in range(times):
                _die_once(place, desk, sink, deaths, range(time * MAILS, (time + 1) * MAILS))
            desk.start()
            drain(desk, times * MAILS)
            stopped = desk.stop()
            lines = reckon(desk, sink, range(times * MAILS), deaths.found.repeatable)
    finally:
        sink.stop()
    return [
        Line("deaths at this place", deaths.at_the_place, times),
        *lines,
        Line("exit status after SIGTERM at the end", stopped, 0),
    ]


def _die_once(place: str, desk: RunningDesk, sink: Sink, deaths: Deaths, numbers: range) -> None:
    dying = desk.start(dies=place)
    desk.until(desk.begun)
    for number in numbers:
        desk.dovecot.deliver(mail(number, desk.user), desk.user, sender=address(number))
    deaths.at_the_place += dying.wait(SECONDS) == KILLED
    desk.until(lambda: sink.is_at_rest)
    note_repeatable(desk, sink, deaths.found)


def section(ground: Ground, scale: Scale) -> Iterator[Broken]:
    """One row for each place, with the counts that matter there and how many were compared in all."""
    for place in PLACES:
        lines = die_at(place, scale.rounds, ground.dovecot, ground.user(), ground.folder())
        told = [line for line in lines if line.what.strip() in _TOLD or not line.is_kept]
        promises = [line for line in lines if line.wanted is not None]
        kept = Line("counts that are as promised", sum(line.is_kept for line in promises), len(promises))
        yield Broken(f"SIGKILL {place}", scale.rounds, (*told, kept))
