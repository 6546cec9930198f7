"""The watch: looks at every desk's health, and says what is wrong to the journal, to `health.json`, and by the alarm.

It needs no database and no mail, for these may be what is wrong. One watch serves all desks of an installation.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from maildesk.desk import alarm, health_file
from maildesk.desk.alarm import Alarm, AlarmRules, State
from maildesk.desk.clock import Clock, first_of
from maildesk.desk.watch import Concern, Health, Trouble
from maildesk.journal import Entry, Log

LOOK_SECONDS = 60.0
MOST_CALLS = 3
CALLS_AT_ONCE = 4


@dataclass(slots=True)
class Watched:
    """One trouble from its beginning until there is no more to say of it. `said` is what the alarm last said of it.

    `calls` counts those that failed since; no call is made before `not_before`, nor while one is under way.
    """

    desk: str
    concern: Concern
    trouble: Trouble
    not_before: datetime
    ended: datetime | None = None
    said: State | None = None
    calls: int = 0
    call: "asyncio.Task[None] | None" = None

    def wants_alarm(self) -> bool:
        """Whether there is something that the alarm has not said, and has not failed to say too often."""
        has_more = self.said is State.TROUBLE if self.ended else self.said is None
        return has_more and self.call is None and self.calls < MOST_CALLS

    def is_over(self) -> bool:
        """Whether it ended, and nobody waits to hear of it."""
        return self.ended is not None and self.call is None and not self.wants_alarm()


class Watch:
    """All desks of an installation, watched until `stopping` is set. `file` is where the health is written to."""

    def __init__(self, healths: Mapping[str, Health], file: Path, rules: AlarmRules, clock: Clock, log: Log) -> None:
        self._healths, self._file, self._rules = healths, file, rules
        self._clock, self._log = clock, log
        self._watched: list[Watched] = []
        self._answered = asyncio.Event()
        self._at_once = asyncio.Semaphore(CALLS_AT_ONCE)
        self._is_written = True

    async def run(self, stopping: asyncio.Event) -> None:
        """Look whenever a desk's health changes, when an alarm is due, and once a minute."""
        bells = [self._answered, *(health.changed for health in self._healths.values())]
        try:
            while not stopping.is_set():
                for bell in bells:
                    bell.clear()
                self._look()
                await self._write()
                waits = [bell.wait() for bell in bells]
                await first_of(stopping.wait(), *waits, self._until_next())
        finally:
            await self._end()

    def _look(self) -> None:
        """Journal what began and what ended, and call for what has lasted too long."""
        now = self._clock.now()
        for watched in self._watched:
            self._follow(watched, now)
        for name, health in self._healths.items():
            standing = {one.concern for one in self._watched if one.desk == name and not one.ended}
            for concern, trouble in health.troubles.items():
                if concern not in standing:
                    self._begin(name, concern, trouble)
        if self._rules.command:
            for watched in self._watched:
                if watched.wants_alarm() and watched.not_before <= now:
                    watched.call = asyncio.create_task(self._call(watched))
        self._watched = [one for one in self._watched if not one.is_over()]

    def _follow(self, watched: Watched, now: datetime) -> None:
        """The newest words of a trouble that stands, or its end: also where the next one has begun already."""
        if watched.ended:
            return
        present = self._healths[watched.desk].troubles.get(watched.concern)
        if present is not None and present.since == watched.trouble.since:
            watched.trouble = present
            return
        watched.ended = now
        if watched.said:
            watched.calls, watched.not_before = 0, now
        seconds = round((now - watched.trouble.since).total_seconds(), 1)
        self._log(Entry.WELL_AGAIN, desk=watched.desk, what=watched.concern.value, seconds=seconds)

    def _begin(self, desk: str, concern: Concern, trouble: Trouble) -> None:
        due = trouble.since + timedelta(seconds=self._rules.patience(concern))
        self._watched.append(Watched(desk, concern, trouble, due))
        self._log(Entry.TROUBLE, desk=desk, what=concern.value, since=trouble.since.isoformat(), why=trouble.why)

    async def _call(self, watched: Watched) -> None:
        """One call of the alarm; one that failed is made again at a later look."""
        said = Alarm(watched.desk, watched.concern, watched.trouble, watched.ended)
        facts = {"desk": said.desk, "what": f"alarm: {said.concern}", "status": said.state.value}
        async with self._at_once:
            failure = await alarm.call(self._rules, said)
        watched.call = None
        watched.calls += 1
        if failure:
            watched.not_before = self._clock.now() + timedelta(seconds=LOOK_SECONDS)
            self._log(Entry.FAILED, **facts, why=failure, attempt=watched.calls)
        else:
            watched.said, watched.calls = said.state, 0
            self._log(Entry.ALARMED, **facts)
        self._answered.set()

    async def _write(self) -> None:
        """Write `health.json`; a folder that takes no file is journalled once, and tried again."""
        try:
            await asyncio.to_thread(health_file.write, self._file, health_file.report(self._healths, self._clock.now()))
        except OSError as refused:
            if self._is_written:
                self._log(Entry.FAILED, what=f"{self._file.name} cannot be written", why=str(refused))
            self._is_written = False
        else:
            self._is_written = True

    async def _until_next(self) -> None:
        """Wait until the next alarm is due, and at most one look."""
        now = self._clock.now()
        due = [one.not_before for one in self._watched if one.wants_alarm()] if self._rules.command else []
        seconds = [max(0.05, (moment - now).total_seconds()) for moment in due]
        await self._clock.wait(min([LOOK_SECONDS, *seconds]))

    async def _end(self) -> None:
        """Kill what is under way, and take the file away: no daemon, no word."""
        calls = [one.call for one in self._watched if one.call]
        for one in calls:
            one.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        for watched in self._watched:
            watched.call = None
        try:
            self._file.unlink(missing_ok=True)
        except OSError as refused:
            self._log(Entry.FAILED, what=f"{self._file.name} cannot be taken away", why=str(refused))
