"""How the desk is: what the loops last managed to do and what stands in their way, for the digest and the log."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from maildesk.desk.clock import Clock
from maildesk.journal import Log


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that does not work, since when, and in which words."""

    since: datetime
    why: str


@dataclass(slots=True)
class Health:
    """One desk's health. The loops write it, the digest reads it. Mutable, in one process only."""

    mailbox_read_at: datetime | None = None
    mailbox: Trouble | None = None
    submission: Trouble | None = None
    notices: dict[str, float] = field(default_factory=dict)

    def mailbox_is_well(self, now: datetime) -> None:
        """The mailbox was read to its end."""
        self.mailbox_read_at, self.mailbox = now, None

    def mailbox_fails(self, now: datetime, why: str) -> None:
        """The mailbox cannot be read; the first moment of a trouble is kept."""
        self.mailbox = Trouble(self.mailbox.since if self.mailbox else now, why)

    def submission_is_well(self) -> None:
        """A letter was taken."""
        self.submission = None

    def submission_fails(self, now: datetime, why: str) -> None:
        """No letter leaves, and the fault is not the letter's."""
        self.submission = Trouble(self.submission.since if self.submission else now, why)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every loop of a desk is handed: time, the desk's health, the journal, chance in [0, 1)."""

    clock: Clock
    health: Health
    log: Log
    random: Callable[[], float]
