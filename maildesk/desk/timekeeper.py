"""What time brings: held letters leave, and each manager's digest is written once a day."""

import asyncio
from datetime import timedelta

from maildesk.desk.assembly import Assembly
from maildesk.desk.clock import StepsBack, first_of
from maildesk.desk.letterbox import Letterbox
from maildesk.desk.numbering import Numbering
from maildesk.desk.watch import Concern, Surroundings
from maildesk.domain.numbers import Numbered
from maildesk.domain.policy import DeskPolicy, Person
from maildesk.journal import Entry
from maildesk.learning import digest
from maildesk.store import anchors, cases, clocks, inbox, outbox
from maildesk.store.errors import Doubled, LettersLeft

TICK_SECONDS = 30.0
BATCH = 100
UNHEEDED = timedelta(seconds=1)  # a time service corrects so much without harm


class Timekeeper:
    """One desk's clock work. It wakes the dispatch by `queued`."""

    def __init__(
        self, policy: DeskPolicy, mailboxes: tuple[str, ...], letterbox: Letterbox, surroundings: Surroundings
    ) -> None:
        self.queued = asyncio.Event()
        self._policy, self._mailboxes, self._letterbox = policy, mailboxes, letterbox
        self._clock, self._health, self._log = surroundings.clock, surroundings.health, surroundings.log
        self._numbering = Numbering()
        self._steps_back = StepsBack()
        self._has_looked = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Look at the clock until the desk stops."""
        while not stopping.is_set():
            await self.tick()
            await first_of(stopping.wait(), self._clock.wait(await self._seconds_to_next()))

    async def tick(self) -> None:
        """Everything that is due now."""
        await self._heed_a_step_back()
        await self._release()
        for manager in self._policy.managers():
            await self._digest(manager)

    async def _seconds_to_next(self) -> float:
        """Until the next held letter may leave, and at most one tick."""
        release = await outbox.next_release(self._policy.name)
        if release is None:
            return TICK_SECONDS
        return min(TICK_SECONDS, max(0.05, (release - self._clock.now()).total_seconds()))

    async def _heed_a_step_back(self) -> None:
        """Queued letters do not wait until a clock that was set back, now or before we began, is where it was."""
        now = self._clock.now()
        step = self._steps_back.since_last_look(now)
        if not self._has_looked:
            count = await outbox.hurry(self._policy.name, now, created_after=now)
            self._has_looked = True
        elif step > UNHEEDED:
            count = await outbox.hurry(self._policy.name, now)
            seconds = round(step.total_seconds(), 1)
            self._log(Entry.FAILED, desk=self._policy.name, what="the clock of this machine was set back",
                      what_to_do="look after its time service", seconds=seconds, count=count)  # fmt: skip
        else:
            return
        if count:
            self.queued.set()

    async def _release(self) -> None:
        """Letters whose hold is over get their bytes and their place in the queue."""
        now = self._clock.now()
        for held in await outbox.due_for_release(now, BATCH, desk=self._policy.name):
            letter = held.letter
            known = await cases.load([letter.case] if letter.case is not None else [])
            case = known.get(letter.case) if letter.case is not None else None
            octets = await self._letterbox.write(Numbered(held.id, letter), held.message_id, held.address, case, now)
            try:
                await outbox.freeze(held.id, octets, now)
            except LettersLeft:
                continue  # taken back in this very moment
            self.queued.set()

    async def _digest(self, manager: Person) -> None:
        """The digest of the latest morning, unless it was written or lies before the desk's first day."""
        now = self._clock.now()
        morning = digest.morning(now, manager)
        key = digest.key(self._policy.name, manager, morning)
        began = await inbox.began(self._mailboxes)
        if began is None or morning < began or await clocks.has_fired(key):
            return
        await self._numbering.fill(1, now)
        anchor = await anchors.make_anchor(now.date(), now)
        health = await self._mailbox_health()
        before = await clocks.last_fired(digest.key_of_all(self._policy.name, manager))
        letter = await digest.write(self._policy, manager, digest.Morning(morning, now, before), health, anchor)
        assembly = Assembly(self._policy, self._letterbox, self._numbering, now, {})
        await assembly.write(Numbered(next(self._numbering), letter))
        try:
            await cases.commit(assembly.commit(once=(key,)))
        except Doubled:
            return
        self.queued.set()
        self._log(Entry.DIGEST, desk=self._policy.name, staff=manager.key)

    async def _mailbox_health(self) -> digest.MailboxHealth:
        """The desk's health as the digest tells it."""
        mailbox, submission = map(self._health.troubles.get, (Concern.MAILBOX, Concern.SUBMISSION))
        return digest.MailboxHealth(
            read_at=self._health.mailbox_read_at,
            trouble=(mailbox.since, mailbox.why) if mailbox else None,
            submission=(submission.since, submission.why) if submission else None,
            struggling=await inbox.struggling(self._mailboxes),
            others=tuple(
                (f"health.{concern}", trouble.since, trouble.why)
                for concern, trouble in self._health.troubles.items()
                if concern not in (Concern.MAILBOX, Concern.SUBMISSION)
            ),
        )
