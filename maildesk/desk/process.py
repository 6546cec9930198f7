"""Kept messages to committed decisions: read, file, decide, write the letters, and one commit for the batch (commit 2).

A batch is decided in order, each message on what the one before left, with no transaction open. A batch whose commit
fails is done again message by message; a message that fails three times becomes a case of its own, without an
automatic letter and with its raw mail, and the others are not delayed.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from maildesk.children import NoChildrenError
from maildesk.desk.assembly import Assembly
from maildesk.desk.clock import first_of
from maildesk.desk.letterbox import Letterbox
from maildesk.desk.lookups import Wanted, look_up
from maildesk.desk.numbering import Numbering
from maildesk.desk.reader import Read, Reader
from maildesk.desk.watch import Concern, Surroundings
from maildesk.domain.case import Case
from maildesk.domain.decide import decide
from maildesk.domain.decision import Decision, Disposition, Situation
from maildesk.domain.filing import Filing, FilingIndex, FilingReason, file, keys_of
from maildesk.domain.letter import LETTERS, LetterKind
from maildesk.domain.opening import Received
from maildesk.domain.policy import DeskPolicy
from maildesk.domain.tokens import Keyring, Use, verify
from maildesk.journal import Entry
from maildesk.mail.parse import unreadable
from maildesk.store import StoreError, cases, inbox
from maildesk.store.errors import AlreadyDone, CaseMoved, Unavailable
from maildesk.store.filing_index import filing_index

MOST_ATTEMPTS = 3
MOST_MOVES = 5
RESTS = (0.2, 1.0, 5.0, 30.0, 60.0, 300.0)  # seconds before what failed is tried again, by its attempts
SHORTAGE_RESTS = 4  # of these: no mail is to blame where no child can be had


@dataclass(frozen=True, slots=True)
class ProcessRules:
    """Which mailboxes' mail, and how much of it at once."""

    mailboxes: tuple[str, ...]
    batch_messages: int = 50
    batch_bytes: int = 16_000_000


@dataclass(frozen=True, slots=True)
class _Mail:
    """A kept message and what was read of it."""

    kept: inbox.Kept
    read: Read

    def received(self, keyring: Keyring) -> Received:
        """The mail as the rules get it: received when our own host had it, else when the server stored it.

        Of the marks that claim it for a letter of ours only the genuine ones stay.
        """
        message = self.read.message
        marks = tuple(mark for mark in message.own_marks if verify(keyring, Use.MARK, mark) is not None)
        at = message.received_at or self.kept.internaldate
        is_partial = self.kept.is_partial
        known = replace(message, received_at=at, is_partial=is_partial, own_marks=marks)
        return Received(known, self.kept.id, at, self.kept.size if is_partial else 0)


class Process:
    """One desk's processing. `kept` wakes it; it wakes the dispatch by `queued`."""

    def __init__(
        self, policy: DeskPolicy, rules: ProcessRules, reader: Reader, letterbox: Letterbox, surroundings: Surroundings
    ) -> None:
        self.kept, self.queued = asyncio.Event(), asyncio.Event()
        self._policy, self._rules, self._reader, self._letterbox = policy, rules, reader, letterbox
        self._clock, self._health, self._log = surroundings.clock, surroundings.health, surroundings.log
        self._numbering = Numbering()
        self._failures = 0  # the most attempts at a message that failed since the oldest was last looked for
        self._spared = Counter[int]()  # attempts at a message that came to nothing for the database's sake
        self._after = 0  # the last message of the last batch where one failed: first all others have their turn

    async def run(self, stopping: asyncio.Event) -> None:
        """Process whatever is kept, until the desk stops."""
        self.kept.set()
        while not stopping.is_set():
            rest = [asyncio.sleep(RESTS[min(self._failures, len(RESTS)) - 1])] if self._failures else []
            await first_of(stopping.wait(), self.kept.wait(), *rest)
            self.kept.clear()
            self._failures = self._after = 0
            while not stopping.is_set() and await self.batch():
                pass

    async def batch(self) -> int:
        """The next batch; how many messages it had. What fails is tried again when all others had their turn."""
        rules = self._rules
        claimed = await inbox.claim(rules.mailboxes, rules.batch_messages, rules.batch_bytes, self._after)
        if not claimed:
            return 0
        try:
            return await self._dealt_with(
                [replace(kept, attempts=kept.attempts - self._spared[kept.id]) for kept in claimed]
            )
        except Unavailable:
            self._spared.update(kept.id for kept in claimed)
            raise

    async def _dealt_with(self, claimed: Sequence[inbox.Kept]) -> int:
        """How many of these were dealt with. Raises Unavailable where the database fails, which is no mail's fault."""
        try:
            mails = await self._read(claimed)
        except NoChildrenError as shortage:
            self._health.fails(Concern.READING, self._clock.now(), str(shortage))
            self._failures = min(max(kept.attempts for kept in claimed), SHORTAGE_RESTS)
            return 0
        self._health.is_well(Concern.READING)
        for mail in mails:
            if mail.read.failure:
                await self._failed(mail.kept, mail.read.failure)
        alive = [mail for mail in mails if not mail.read.failure or mail.kept.attempts >= MOST_ATTEMPTS]
        try:
            await self._commit(alive)
        except Unavailable:
            raise
        except Exception as failure:  # noqa: BLE001 - a message that nobody foresaw must not hold up the others
            self._log(Entry.FAILED, desk=self._policy.name, what=f"batch: {failure}", count=len(alive), exc_info=True)
            for mail in alive:
                await self._alone(mail)
        if self._failures:
            self._after = claimed[-1].id
        else:
            self._spared.clear()
        self.queued.set()
        return len(claimed)

    async def _read(self, claimed: Sequence[inbox.Kept]) -> list[_Mail]:
        """What was read of each."""
        read = await self._reader.read([kept.octets for kept in claimed])
        return [_Mail(kept, one) for kept, one in zip(claimed, read, strict=True)]

    async def _alone(self, mail: _Mail) -> None:
        """One message of a batch that failed. Its third failure gives it a case of its own, by a scan of its header.

        Where even that cannot be committed it stays kept, and is tried again for as long as it takes.
        """
        why = await self._tried(mail)
        if why and mail.kept.attempts >= MOST_ATTEMPTS:
            await self._tried(replace(mail, read=Read(unreadable(mail.kept.octets, why), why)))

    async def _tried(self, mail: _Mail) -> str:
        """Why the message cannot be committed; empty where it was. It is kept either way."""
        try:
            await self._commit([mail])
        except Unavailable:
            raise
        except AlreadyDone:
            return ""  # another daemon has dealt with it
        except Exception as failure:  # noqa: BLE001 - the mail is kept, and tried again
            why = f"{type(failure).__name__}: {failure}"
            await self._failed(mail.kept, why)
            return why
        return ""

    async def _failed(self, kept: inbox.Kept, why: str) -> None:
        self._log(Entry.FAILED, desk=self._policy.name, message=kept.id, what=why, attempt=kept.attempts)
        await inbox.failed([kept.id], why)
        self._failures = max(self._failures, kept.attempts)

    async def _commit(self, mails: Sequence[_Mail]) -> None:
        """Decide and write; where a case moved meanwhile, decide again on what it is now."""
        for _ in range(MOST_MOVES):
            try:
                now = self._clock.now()
                assembly = await self._numbering.enough_for(len(mails), now, partial(self._decide, mails, now))
                await cases.commit(assembly.commit())
            except CaseMoved:
                continue
            self._report(assembly)
            return
        raise StoreError("the cases of this batch kept moving")

    async def _decide(self, mails: Sequence[_Mail], now: datetime) -> Assembly:
        keyring = self._letterbox.keyring
        received = [mail.received(keyring) for mail in mails]
        index = await filing_index(
            keys_of([r.message for r in received], keyring), self._policy.name, now, self._policy.staff
        )
        known = await cases.load(list(index.parties))
        assembly = Assembly(self._policy, self._letterbox, self._numbering, now, known)
        for mail, one in zip(mails, received, strict=True):
            await self._decide_one(mail, one, index, assembly)
        return assembly

    async def _decide_one(self, mail: _Mail, received: Received, index: FilingIndex, assembly: Assembly) -> None:
        message, now = received.message, assembly.now
        first = index.digests.get(message.digest)
        if first is not None:
            assembly.copy(received, first)
            return
        if message.probe and verify(self._letterbox.keyring, Use.MARK, message.probe) is not None:
            await assembly.add(received, Decision(Disposition.PROBE, FilingReason.PROBE, "desk"))
            return
        is_fatal = bool(mail.read.failure)
        filing = Filing(FilingReason.UNREADABLE)
        if not is_fatal:
            filing = file(message, index, self._policy, self._letterbox.keyring, now)
        case = assembly.known.get(filing.case) if filing.case is not None else None
        situation = Situation(
            received=received,
            filing=filing,
            case=case,
            policy=self._policy,
            now=now,
            numbers=self._numbering.numbers,
            letters_today=index.letters_today.get(message.sender.key, 0) if message.sender else 0,
            challenges=index.challenges,
            related=tuple(assembly.known[other] for other in filing.refers_to if other in assembly.known),
            unreadable=mail.read.failure,
            is_repeat=index.is_repeat(message, filing.case),
        )
        decision = decide(await look_up(situation, Wanted.of(situation)))
        await assembly.add(received, decision)
        self._remember(received, decision, index, assembly.known)

    def _remember(self, received: Received, decision: Decision, index: FilingIndex, known: dict[int, Case]) -> None:
        """What the messages after it must know."""
        case = known.get(decision.case) if decision.case is not None else None
        parties = frozenset(party.address for party in case.parties) if case else frozenset[str]()
        index.remember(received.message, received.row, decision.case, parties)
        index.spend(decision.spent)
        index.bounce(decision.bounced)
        if case:
            index.references[case.reference] = case.id
        for numbered in decision.letters:
            if LETTERS[numbered.letter.kind].is_capped:
                recipient = numbered.letter.to.key
                index.letters_today[recipient] = index.letters_today.get(recipient, 0) + 1
            if numbered.letter.kind is LetterKind.CHALLENGE:
                person = numbered.letter.person
                index.challenges[person] = index.challenges.get(person, 0) + 1

    def _report(self, assembly: Assembly) -> None:
        for line in assembly.lines():
            self._log(line.entry, **line.facts)
