"""The daemon with one place in it at which it kills itself, as a power cut would: no goodbye, no clean-up.

A place is before or after the first call of a step that has something to do, or inside its transaction: the rows are
written, COMMIT is not yet said.
"""

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from maildesk.mail.mailbox import Mailbox
from maildesk.mail.submission import Submission
from maildesk.store import cases, inbox, outbox
from maildesk.store.connection import run


class Moment(StrEnum):
    """When, seen from the step."""

    BEFORE = "before"
    INSIDE = "inside"
    AFTER = "after"


async def _has_list(*arguments: Any) -> bool:
    return any(isinstance(one, (list, tuple)) and one for one in arguments)


async def _has_messages(batch: Any) -> bool:
    return bool(batch.messages)


async def _has_queued(*_: Any) -> bool:
    return bool(await run("SELECT 1 FROM letter WHERE state = 'queued'"))


async def _always(*_: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """A function of a module or a class, and whether a call of it has something to do."""

    owner: Any
    name: str
    has_work: Callable[..., Awaitable[bool]]


STEPS: MappingProxyType[str, Step] = MappingProxyType(
    {
        "commit 1": Step(inbox, "keep", _has_list),
        "the move": Step(Mailbox, "move", _always),
        "the note of the move": Step(inbox, "moved", _has_list),
        "commit 2": Step(cases, "commit", _has_messages),
        "the claim": Step(outbox, "claim", _has_queued),
        "DATA": Step(Submission, "send", _always),
        "commit 3": Step(outbox, "settle", _has_list),
    }
)
"""The durable steps of a mail and its letters, in order."""

_TRANSACTIONS = ("commit 1", "commit 2", "commit 3")

PLACES: MappingProxyType[str, tuple[Moment, Step]] = MappingProxyType(
    {
        f"{moment} {what}": (moment, step)
        for what, step in STEPS.items()
        for moment in Moment
        if moment is not Moment.INSIDE or what in _TRANSACTIONS
    }
)
"""By the name under which `arm` knows them."""


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _make_deadly(module: Any) -> None:
    """Every transaction that this module begins from now on ends with its last row."""
    original = module.transaction

    @asynccontextmanager
    async def deadly() -> AsyncIterator[None]:
        async with original():
            yield
            _die()

    module.transaction = deadly


def arm(place: str) -> None:
    """From now on the first call with work at this place is the last thing that the process does."""
    moment, step = PLACES[place]
    original: Callable[..., Awaitable[Any]] = getattr(step.owner, step.name)

    async def dying(*arguments: Any, **named: Any) -> Any:
        if await step.has_work(*arguments):
            if moment is Moment.BEFORE:
                _die()
            if moment is Moment.INSIDE:
                _make_deadly(sys.modules[step.owner.__name__])
            await original(*arguments, **named)
            _die()
        return await original(*arguments, **named)

    setattr(step.owner, step.name, dying)


if __name__ == "__main__":
    from maildesk.__main__ import main

    arm(os.environ["MAILDESK_DIES"])
    main()
