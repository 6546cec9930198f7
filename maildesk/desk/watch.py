"""How the desk is: what the loops last managed to do and what stands in their way, for digest, journal and alarm."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from maildesk.desk.clock import Clock
from maildesk.journal import Log


class Concern(StrEnum):
    """What may be in trouble."""

    MAILBOX = "mailbox"
    SUBMISSION = "submission"
    DATABASE = "database"
    ROOM = "room"
    RATE = "rate"
    READING = "reading"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that does not work, since when, and in which words."""

    since: datetime
    why: str


@dataclass(slots=True)
class Health:
    """One desk's health. The loops write it; digest, journal and alarm read it. Mutable, in one process only.

    `changed` is set whenever a trouble begins, ends, or gets other words. `without_database` names the loops that
    the database fails.
    """

    mailbox_read_at: datetime | None = None
    troubles: dict[Concern, Trouble] = field(default_factory=dict)
    notices: dict[str, float] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    without_database: set[str] = field(default_factory=set)

    def fails(self, concern: Concern, now: datetime, why: str) -> None:
        """It does not work; the first moment of a trouble is kept, and its newest words."""
        known = self.troubles.get(concern)
        if known is None or known.why != why:
            self.troubles[concern] = Trouble(known.since if known else now, why)
            self.changed.set()

    def is_well(self, concern: Concern) -> None:
        """It works (again)."""
        if self.troubles.pop(concern, None) is not None:
            self.changed.set()

    def mailbox_was_read(self, now: datetime, *, is_well: bool = True) -> None:
        """The mailbox was read to its end; it may be in trouble all the same, where what is done stays in the inbox."""
        self.mailbox_read_at = now
        if is_well:
            self.is_well(Concern.MAILBOX)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every loop of a desk is handed: time, the desk's health, the journal, chance in [0, 1)."""

    clock: Clock
    health: Health
    log: Log
    random: Callable[[], float]
