"""The alarm: a command of the operator's that is called when a trouble lasts, for mail may be what does not work.

The text goes to its standard input; MAILDESK_DESK, MAILDESK_CONCERN and MAILDESK_STATE ("trouble" or "well") are in
its environment. It has a deadline, and with it everything that it started is killed.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from maildesk.desk.watch import Concern, Trouble
from maildesk.journal import without_names
from maildesk.visible import visible

SHORT_PATIENCE_SECONDS = 60.0
PATIENCE: Mapping[Concern, float] = MappingProxyType(
    dict.fromkeys((Concern.DATABASE, Concern.ROOM, Concern.RATE, Concern.READING), SHORT_PATIENCE_SECONDS)
)
"""How long these may last before the alarm, in seconds; for the others the operator says how long."""


class State(StrEnum):
    """What an alarm says."""

    TROUBLE = "trouble"
    WELL = "well"


@dataclass(frozen=True, slots=True)
class AlarmRules:
    """The command and its arguments (empty: there is no alarm), the patience, and the deadline, in seconds."""

    command: tuple[str, ...] = ()
    after_seconds: float = 900.0
    deadline_seconds: float = 30.0

    def patience(self, concern: Concern) -> float:
        """How long this may be in trouble before anybody is called."""
        return PATIENCE.get(concern, self.after_seconds)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What there is to say: which desk, what, since when and why, and where it is over, when it ended."""

    desk: str
    concern: Concern
    trouble: Trouble
    ended: datetime | None = None

    @property
    def state(self) -> State:
        """Whether it stands or is over."""
        return State.WELL if self.ended else State.TROUBLE

    @property
    def text(self) -> str:
        """The words, in one line. They may go to strangers: of an address only the domain is told."""
        what = f"in trouble since {moment(self.trouble.since)}: {visible(without_names(self.trouble.why))}"
        over = f"well again since {moment(self.ended)}; it was " if self.ended else ""
        return f"maildesk: desk {self.desk}: {self.concern} is {over}{what}"


def moment(at: datetime) -> str:
    """A moment in UTC, to the minute."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


async def call(rules: AlarmRules, alarm: Alarm) -> str:
    """Call the command; an empty text, or why it cannot be taken as said. Never raises for what the command does."""
    named = {"MAILDESK_DESK": alarm.desk, "MAILDESK_CONCERN": alarm.concern.value, "MAILDESK_STATE": alarm.state.value}
    try:
        process = await asyncio.create_subprocess_exec(
            *rules.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **named},
            start_new_session=True,
        )
    except (OSError, ValueError) as refused:
        return str(refused)
    try:
        await asyncio.wait_for(process.communicate(f"{alarm.text}\n".encode()), rules.deadline_seconds)
    except TimeoutError:
        return f"did not end within {rules.deadline_seconds:.0f} seconds and was killed"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return "" if process.returncode == 0 else f"ended with status {process.returncode}"
