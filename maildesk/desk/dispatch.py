"""Committed letters to the SMTP server, and what came of them (commit 3).

A claim is one conditional update with a lease; the word of the server and what follows for the case are written
together, once. A crash between DATA and that commit sends the same bytes again, never others.
"""

import asyncio
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from maildesk.desk.assembly import Assembly
from maildesk.desk.clock import first_of
from maildesk.desk.letterbox import Letterbox
from maildesk.desk.loops import Outage
from maildesk.desk.numbering import Numbering
from maildesk.desk.watch import Concern, Surroundings
from maildesk.domain.decision import Author
from maildesk.domain.delivery import Delivered, Fate, is_told_on_case, settled, warning
from maildesk.domain.pace import WINDOW, Pace, budgets
from maildesk.domain.policy import DeskPolicy
from maildesk.journal import Entry
from maildesk.mail.outgoing import Accepted, Deferred, Outcome, Outgoing, Refused, Whose
from maildesk.mail.submission import Submission
from maildesk.store import Unavailable, cases, outbox, pacing
from maildesk.store.commit import Commit
from maildesk.store.errors import CaseMoved, ClaimLost
from maildesk.store.outbox import Result, Settlement

BATCH = 50
LEASE_SECONDS = 900
LONGEST_QUIET_SECONDS = 30.0
UNSETTLED_SECONDS = 0.02  # what was answered within it is written down together
MOST_MOVES = 10
GIVE_UP_AFTER = timedelta(days=5)  # RFC 5321 section 4.5.4.1
RETRY_MINUTES = (1, 5, 15, 30, 60, 120, 240)


@dataclass(frozen=True, slots=True)
class Attempted:
    """A claimed letter and what the server said to it."""

    letter: outbox.Outgoing
    outcome: Outcome


def next_attempt(attempt: int, now: datetime, random: float) -> datetime:
    """When to try a deferred letter again: later each time, and not all at the same moment. `random` in [0, 1)."""
    minutes = RETRY_MINUTES[min(attempt, len(RETRY_MINUTES)) - 1]
    return now + timedelta(minutes=minutes * (1 + random / 4))


class Dispatch:
    """One desk's sending. `queued` wakes it. `is_sole`: no other daemon works with this database."""

    def __init__(
        self,
        policy: DeskPolicy,
        submission: Submission,
        letterbox: Letterbox,
        surroundings: Surroundings,
        *,
        is_sole: bool = False,
    ) -> None:
        self.queued = asyncio.Event()
        self._policy, self._submission, self._letterbox = policy, submission, letterbox
        self._clock, self._health = surroundings.clock, surroundings.health
        self._log, self._random = surroundings.log, surroundings.random
        self._numbering = Numbering()
        self._is_sole = is_sole
        self._unsettled: set[int] = set()  # letters of which the server may know more than the database
        self._stopping = asyncio.Event()
        self._outage = Outage("answers of the SMTP server", policy.name, surroundings)
        self._pace: Pace | None = None
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    async def run(self, stopping: asyncio.Event) -> None:
        """Send whatever is queued, until the desk stops. What an earlier run of ours left under way goes first."""
        self._stopping = stopping
        if self._is_sole and not self._unsettled:
            await outbox.reclaim(self._policy.name, self._clock.now())
        await self._tell_pace(self._clock.now())
        try:
            while not stopping.is_set():
                self.queued.clear()
                rest = self._submission.rest_seconds
                if not rest and await self.batch():
                    continue
                quiet = min(rest, LONGEST_QUIET_SECONDS) or LONGEST_QUIET_SECONDS
                bells = [stopping.wait()] if rest else [stopping.wait(), self.queued.wait(), self._until_due()]
                await first_of(*bells, asyncio.sleep(quiet))
        finally:
            await self._submission.close()

    async def batch(self) -> int:
        """Claim and send; how many letters there were. What the server says is written down as it comes.

        A crash repeats the letters whose answers are not yet written down: no slow recipient may make these many.
        """
        claimed = await outbox.claim(self._clock.now(), BATCH, self._name, LEASE_SECONDS, desk=self._policy.name)
        if not claimed:
            return 0
        leaving = await self._within_pace(claimed)
        self._unsettled.update(letter.id for letter in leaving)
        under_way = {asyncio.create_task(self._send(letter)) for letter in leaving}
        try:
            while under_way:
                answered, under_way = await asyncio.wait(under_way, timeout=UNSETTLED_SECONDS)
                if answered:
                    attempted = [one.result() for one in answered]
                    await self._settle(attempted)
                    self._unsettled.difference_update(one.letter.id for one in attempted)
        finally:
            for one in under_way:
                one.cancel()
        return len(claimed)

    async def _within_pace(self, claimed: Sequence[outbox.Outgoing]) -> list[outbox.Outgoing]:
        """Those that may leave now; the others are put off until their budget is free again."""
        now, desk = self._clock.now(), self._policy.name
        if self._pace is None:
            self._pace = Pace(budgets(self._policy), await pacing.left_since(desk, now - WINDOW))
        self._pace.forget(now)
        leaving, put_off = [], []
        for letter in claimed:
            held = self._pace.take(letter.kind, letter.recipient, now)
            if held is None:
                leaving.append(letter)
            else:
                put_off.append(pacing.PutOff(letter.id, letter.attempt, held))
        if put_off:
            await pacing.put_off(put_off)
        if put_off or Concern.RATE in self._health.troubles:
            await self._tell_pace(now, is_over=len(claimed) < BATCH)
        return leaving

    async def _tell_pace(self, now: datetime, *, is_over: bool = True) -> None:
        """What is held back; while a storm lasts, its first words stay."""
        waiting = await pacing.held_back(self._policy.name, now)
        if waiting is None:
            self._health.is_well(Concern.RATE)
        elif is_over or Concern.RATE not in self._health.troubles:
            why = f"{waiting.count} automatic letters {waiting.why}, until {waiting.until:%Y-%m-%d %H:%M} UTC"
            self._health.fails(Concern.RATE, now, why)

    async def _until_due(self) -> None:
        """Wait, by the desk's clock, for the next deferred letter's time."""
        due = await outbox.next_due(self._policy.name)
        seconds = (due - self._clock.now()).total_seconds() if due else LONGEST_QUIET_SECONDS * 1000
        await self._clock.wait(max(0.05, seconds))

    async def _send(self, letter: outbox.Outgoing) -> Attempted:
        outgoing = Outgoing(self._policy.address, letter.recipient, letter.octets, letter.message_id)
        try:
            return Attempted(letter, await self._submission.send(outgoing))
        except Exception as failure:  # noqa: BLE001 - one letter that nobody foresaw must not cost the others' answers
            self._log(Entry.FAILED, desk=self._policy.name, letter=letter.id, what=f"sending: {failure}", exc_info=True)
            return Attempted(letter, Deferred(0, f"{type(failure).__name__}: {failure}", Whose.OURS, unknown=True))

    async def _settle(self, attempted: Sequence[Attempted], *, has_sequel: bool = True) -> None:
        """Write down what the server said for as long as it takes: what it accepted must not be sent again.

        Where it is not the database that fails, each letter is settled by itself, and at last without a sequel.
        """
        while True:
            try:
                await self._write_down(attempted, has_sequel=has_sequel)
            except Exception as failure:  # an answer that is not written down is a letter sent again
                if isinstance(failure, Unavailable) or not has_sequel:
                    if self._stopping.is_set():
                        raise
                    await self._outage.wait_out(failure, self._stopping)
                    continue
                self._log(Entry.FAILED, desk=self._policy.name, what=f"settling: {failure}", count=len(attempted),
                          letter=attempted[0].letter.id, exc_info=True)  # fmt: skip
                for one in attempted:
                    await self._settle([one], has_sequel=len(attempted) > 1)
            self._outage.is_over()
            return

    async def _write_down(self, attempted: Sequence[Attempted], *, has_sequel: bool) -> None:
        """In one transaction. Claims that lapsed meanwhile are left to whoever has them now."""
        for _ in range(MOST_MOVES):
            try:
                now = self._clock.now()
                if has_sequel:
                    follow = partial(self._settlement, attempted, now)
                    await outbox.settle(*await self._numbering.enough_for(len(attempted), now, follow))
                else:
                    await outbox.settle([self._word(one, now) for one in attempted])
            except ClaimLost as lost:
                attempted = [one for one in attempted if one.letter.id not in lost.letter_ids]
                continue
            except CaseMoved:
                continue
            self._report(attempted)
            return
        raise Unavailable("the cases of these letters kept moving")

    async def _settlement(self, attempted: Sequence[Attempted], now: datetime) -> tuple[list[Settlement], Commit]:
        known = await cases.load([one.letter.case for one in attempted if one.letter.case is not None])
        assembly = Assembly(self._policy, self._letterbox, self._numbering, now, known)
        settlements = []
        for one in attempted:
            settlement = self._word(one, now)
            settlements.append(settlement)
            await self._follow(one, settlement, assembly)
        return settlements, assembly.commit()

    def _word(self, one: Attempted, now: datetime) -> Settlement:
        """The server's word as the outbox keeps it; a letter that was deferred for days is given up."""
        letter, outcome = one.letter, one.outcome
        if isinstance(outcome, Accepted):
            return Settlement(letter.id, letter.attempt, Result.ACCEPTED, now, outcome.code, outcome.text)
        if isinstance(outcome, Refused):
            return Settlement(letter.id, letter.attempt, Result.REFUSED, now, outcome.code, outcome.text)
        if outcome.whose is Whose.THEIRS and now - letter.created_at > GIVE_UP_AFTER:
            return Settlement(letter.id, letter.attempt, Result.REFUSED, now, outcome.code, outcome.text)
        next_at = next_attempt(letter.attempt, now, self._random())
        if outcome.wait:
            next_at = now + timedelta(seconds=outcome.wait)
        return Settlement(letter.id, letter.attempt, Result.LATER, now, outcome.code, outcome.text, next_at)

    async def _follow(self, one: Attempted, settlement: Settlement, assembly: Assembly) -> None:
        """What the word means for the case and its people."""
        if settlement.result is Result.LATER:
            return
        letter = one.letter
        fate = Fate.ACCEPTED if settlement.result is Result.ACCEPTED else Fate.REFUSED
        code = str(settlement.code or "")
        delivered = Delivered(letter.id, letter.kind, letter.recipient, fate, code, settlement.answer)
        case = assembly.known.get(letter.case) if letter.case is not None else None
        if case is not None and (is_told_on_case(letter.kind) or fate is Fate.REFUSED):
            assembly.change(settled(case, delivered, Author("desk", letter.id, settlement.at)))
        if fate is Fate.REFUSED:
            for numbered in warning(case, delivered, self._policy, self._numbering.numbers):
                await assembly.write(numbered)

    def _report(self, attempted: Sequence[Attempted]) -> None:
        for one in attempted:
            letter, outcome = one.letter, one.outcome
            facts = {"desk": self._policy.name, "letter": letter.id, "message_id": letter.message_id,
                     "kind": letter.kind.value, "code": outcome.code}  # fmt: skip
            if self._pace and not isinstance(outcome, Accepted):
                self._pace.give_back(letter.kind, letter.recipient)
            if isinstance(outcome, Accepted):
                self._health.is_well(Concern.SUBMISSION)
                self._log(Entry.SENT, **facts)
            elif isinstance(outcome, Refused):
                self._log(Entry.REFUSED, **facts, what=outcome.text)
            else:
                self._deferred(outcome, facts, letter.attempt)

    def _deferred(self, outcome: Deferred, facts: dict[str, object], attempt: int) -> None:
        if outcome.whose is not Whose.THEIRS:
            self._health.fails(Concern.SUBMISSION, self._clock.now(), outcome.text)
        self._log(Entry.DEFERRED, **facts, what=outcome.text, attempt=attempt)
