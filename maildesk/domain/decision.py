"""What the rules get and what they give back: one message's situation, and the decision on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from maildesk.domain.case import Case
from maildesk.domain.commands.registry import Lookups
from maildesk.domain.events import Event, Recorded, apply
from maildesk.domain.filing import Filing, FilingReason
from maildesk.domain.message import Message
from maildesk.domain.numbers import Numbered, Numbers
from maildesk.domain.opening import Received
from maildesk.domain.policy import DeskPolicy


class Disposition(StrEnum):
    """What became of a message."""

    OPENED = "opened"
    FILED = "filed"
    SHELVED = "shelved"
    NOTED = "noted"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Challenged:
    """The mail that a challenge speaks of: its row, what was read, and whether its commands already ran."""

    message: int
    mail: Message


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that the decision on one message may depend on.

    `related` are the cases that the filing refers to. `letters_today` counts the automatic letters that the sender got
    in the last 24 hours, `challenges` by person those that nobody answered. `unreadable` is why the
    message could not be read, where it could not. `is_repeat`: the sender wrote the same to this case not long ago.
    """

    received: Received
    filing: Filing
    case: Case | None
    policy: DeskPolicy
    now: datetime
    numbers: Numbers
    letters_today: int = 0
    challenges: Mapping[str, int] = field(default_factory=dict)
    related: tuple[Case, ...] = ()
    lookups: Lookups = field(default_factory=Lookups)
    thread: tuple[str, ...] = ()
    challenged: Challenged | None = None
    unreadable: str = ""
    is_repeat: bool = False

    @property
    def message(self) -> Message:
        """What was read."""
        return self.received.message


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A case before and after, with the events between; `before` none where it is new."""

    before: Case | None
    after: Case
    events: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one message. It is written in one commit or not at all.

    `standing` says in which role the sender wrote. `transcript` is the id of the letter whose settling starts the hold
    of the held ones. `refiled` moves kept messages to another case; `bounced` are letters that did not arrive; `spent`
    are reply addresses that have served their purpose.
    """

    disposition: Disposition
    reason: FilingReason
    standing: str
    case: int | None = None
    changes: tuple[CaseChange, ...] = ()
    letters: tuple[Numbered, ...] = ()
    transcript: int | None = None
    recalls: tuple[int, ...] = ()
    refiled: tuple[tuple[int, int], ...] = ()
    bounced: tuple[int, ...] = ()
    spent: tuple[int, ...] = ()
    shelf_reason: str = ""


@dataclass(frozen=True, slots=True)
class Author:
    """Who causes events, from which message or letter, and when."""

    by: str
    cause: int | None
    at: datetime

    def records(self, events: tuple[Event, ...]) -> tuple[Recorded, ...]:
        """The events with their author; their place in the history follows from the case."""
        return tuple(Recorded(event, self.at, self.by, self.cause) for event in events)

    def change(self, before: Case, events: tuple[Event, ...]) -> CaseChange:
        """The case moved on by these events."""
        after = before
        for event in events:
            after = apply(after, event)
        return CaseChange(before, after, self.records(events))


def shelved(situation: Situation, reason: FilingReason, why: str) -> Decision:
    """The mail waits on the shelf for a person to look at."""
    standing = "automatic" if situation.message.is_automatic else "unknown"
    return Decision(Disposition.SHELVED, reason, standing, shelf_reason=why)
