"""From the mailbox to committed raw bytes: commit 1, and only then the mark on the server (DESIGN section 4).

The mailbox is polled always; IDLE only makes the next poll come sooner. Messages are taken by UID above the high-water
mark, oldest first, in batches bounded by number and bytes.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maildesk.desk.clock import first_of
from maildesk.desk.watch import Concern, Surroundings
from maildesk.journal import Entry
from maildesk.mail.accounts import Account, CommandRefused, WireTrouble
from maildesk.mail.backoff import next_delay
from maildesk.mail.idle import Idler
from maildesk.mail.mailbox import Mailbox
from maildesk.mail.uids import Sized
from maildesk.store import inbox

HEAD_BYTES = 200_000
CALENDARS_DIFFER = timedelta(days=1)  # SINCE counts days by the server's calendar (RFC 3501 section 6.4.4)


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """What to read and how much at once. Sizes in bytes.

    `free_bytes`: what the disk must have left for more to be read; 0: it is not looked at.
    """

    desk: str
    inbox: str = "INBOX"
    processed: str = "Processed"
    poll_seconds: float = 60.0
    message_bytes: int = 40_000_000
    batch_messages: int = 50
    batch_bytes: int = 16_000_000
    free_bytes: int = 0


def batches(sizes: Mapping[int, Sized], rules: IntakeRules) -> Iterator[list[int]]:
    """The UIDs in order, cut into batches that keep to the number and the bytes; a big mail weighs what is fetched."""
    batch: list[int] = []
    octets = 0
    for uid in sorted(sizes):
        size = min(sizes[uid].size, rules.message_bytes)
        if batch and (len(batch) >= rules.batch_messages or octets + size > rules.batch_bytes):
            yield batch
            batch, octets = [], 0
        batch.append(uid)
        octets += size
    if batch:
        yield batch


class Intake:
    """One desk's mailbox, read until `stopping` is set. `kept` is set whenever there is something to process.

    `room` gives the bytes that the disk has left.
    """

    def __init__(
        self,
        account: Account,
        rules: IntakeRules,
        surroundings: Surroundings,
        *,
        room: Callable[[], int] = lambda: sys.maxsize,
    ) -> None:
        self.kept = asyncio.Event()
        self.mailbox_name = f"{rules.desk}/{rules.inbox}"
        self._account, self._rules, self._room = account, rules, room
        self._clock, self._health = surroundings.clock, surroundings.health
        self._log, self._random = surroundings.log, surroundings.random
        self._mailbox = Mailbox(account)
        self._cannot_move = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Read the mailbox for as long as the desk lives; trouble on the wire is waited out."""
        idler = Idler(self._account, self._rules.inbox, random=self._random)
        idler.start()
        attempt = 0
        try:
            while not stopping.is_set():
                if not self._has_room():
                    await first_of(stopping.wait(), asyncio.sleep(self._rules.poll_seconds))
                    continue
                try:
                    await self._visit()
                    attempt = 0
                    self._health.mailbox_was_read(self._clock.now(), is_well=not self._cannot_move)
                    hint = await self._next_visit(idler, stopping)
                    if hint is not None:
                        self._health.notices["idle"] = hint
                except WireTrouble as trouble:
                    attempt += 1
                    await self._wait_out(trouble, attempt, stopping)
        finally:
            await idler.stop()
            await self._mailbox.close()

    def _has_room(self) -> bool:
        """Whether the disk has room for more mail; it waits at the server until then."""
        wanted = self._rules.free_bytes
        free = self._room() if wanted else 0
        if free >= wanted:
            self._health.is_well(Concern.ROOM)
            return True
        if Concern.ROOM not in self._health.troubles:
            why = f"the disk has room for {free} more bytes, {wanted} must be free: no mail is read until then"
            self._health.fails(Concern.ROOM, self._clock.now(), why)
            self._log(Entry.FAILED, desk=self._rules.desk, what=why, what_to_do="make room on the disk of the data")
        return False

    async def _next_visit(self, idler: Idler, stopping: asyncio.Event) -> float | None:
        """Wait for a hint, the next poll or the end."""
        hint = asyncio.ensure_future(idler.hint(self._rules.poll_seconds))
        await first_of(stopping.wait(), asyncio.shield(hint))
        if hint.done():
            return hint.result()
        hint.cancel()
        return None

    async def _wait_out(self, trouble: WireTrouble, attempt: int, stopping: asyncio.Event) -> None:
        self._health.fails(Concern.MAILBOX, self._clock.now(), str(trouble))
        delay = next_delay(attempt, trouble.refused, self._random)
        self._log(Entry.RECONNECTING, desk=self._rules.desk, what=trouble.what, what_to_do=trouble.what_to_do,
                  attempt=attempt, seconds=round(delay, 1))  # fmt: skip
        if not isinstance(trouble, CommandRefused):
            await self._mailbox.close()
        await first_of(stopping.wait(), asyncio.sleep(delay))

    async def _visit(self) -> None:
        """Everything that lies above the high-water mark, batch by batch, and what an earlier run left unmoved."""
        self._cannot_move = False
        if self._mailbox.is_stale or not self._mailbox.is_open:
            await self._mailbox.open()
            await self._mailbox.ensure_folders([self._rules.processed])
        mark = await self._enter()
        if mark.restored_from:
            await self._find_again(mark.restored_from)
            mark = await self._enter()
        await self._move(mark, await inbox.unmoved(self.mailbox_name, mark.uidvalidity, 1000))
        while uids := await self._mailbox.uids_above(mark.high_uid):
            sizes = await self._mailbox.sizes(uids[:1000])
            if not sizes:
                break
            for batch in batches(sizes, self._rules):
                if not self._has_room():
                    return
                await self._take(mark, batch, sizes)
            mark = await self._enter()

    async def _enter(self) -> inbox.Mark:
        """Select the folder and fetch its mark; the first visit of all takes only mail from now on."""
        selected = await self._mailbox.select(self._rules.inbox)
        return await inbox.mailbox_mark(self.mailbox_name, selected.uidvalidity, selected.uidnext, self._clock.now())

    async def _find_again(self, since: datetime) -> None:
        """Put back into the inbox what a lost database had kept after the backup that ours comes from.

        Octets that the ledger has stay where they are. A crash in between begins anew: what is back is taken once.
        """
        rules = self._rules
        count = 0
        if rules.processed != rules.inbox:
            await self._mailbox.select(rules.processed)
            uids = await self._mailbox.uids_since((since - CALENDARS_DIFFER).date())
            for start in range(0, len(uids), 1000):
                sizes = await self._mailbox.sizes(uids[start : start + 1000])
                for batch in batches(sizes, rules):
                    count += await self._put_back(batch, sizes)
        await inbox.all_found_again(self.mailbox_name)
        self._log(Entry.KEPT, desk=rules.desk, count=count, what="found again after a backup was restored")

    async def _put_back(self, batch: Sequence[int], sizes: Mapping[int, Sized]) -> int:
        """Those of the batch that the ledger lacks; what is too big to fetch is put back too, and known by its text."""
        whole = [uid for uid in batch if sizes[uid].size <= self._rules.message_bytes]
        found = await self._mailbox.fetch(whole, sum(sizes[uid].size for uid in whole)) if whole else []
        lacking = await inbox.unknown([mail.raw for mail in found])
        back = [mail.uid for mail, is_lacking in zip(found, lacking, strict=True) if is_lacking]
        back += [uid for uid in batch if uid not in whole]
        if back:
            await self._mailbox.move(back, self._rules.inbox)
        return len(back)

    async def _take(self, mark: inbox.Mark, uids: Sequence[int], sizes: dict[int, Sized]) -> None:
        """One batch: fetch, commit 1, move."""
        wanted = [uid for uid in uids if not self._is_old(mark, uid, sizes[uid])]
        whole = [uid for uid in wanted if sizes[uid].size <= self._rules.message_bytes]
        octets = sum(sizes[uid].size for uid in whole)
        found = await self._mailbox.fetch(whole, octets) if whole else []
        arrived = {
            mail.uid: inbox.Arrived(mail.uid, len(mail.raw), mail.internaldate or self._clock.now(), mail.raw)
            for mail in found
        }
        left = [uid for uid in wanted if uid not in arrived]
        still_there = await self._mailbox.sizes(left) if left else {}
        for uid, sized in still_there.items():
            # too big, or the server will not give it out: its head is kept, for no mail may hold up the others
            head = await self._mailbox.fetch_head(uid, HEAD_BYTES)
            at = sized.internaldate or self._clock.now()
            arrived[uid] = inbox.Arrived(uid, sized.size, at, head, is_partial=True)
        kept = [arrived[uid] for uid in sorted(arrived)]
        await inbox.keep(self.mailbox_name, mark.uidvalidity, kept, max(uids))
        if kept:
            self.kept.set()
            self._log(Entry.KEPT, desk=self._rules.desk, count=len(kept), octets=octets, uid=max(uids))
        await self._move(mark, sorted(arrived))

    @staticmethod
    def _is_old(mark: inbox.Mark, uid: int, sized: Sized) -> bool:
        """Mail from before the desk began is left alone when the mailbox is read anew (a changed UIDVALIDITY)."""
        began = mark.started_at.replace(microsecond=0)  # INTERNALDATE knows whole seconds
        return bool(uid < mark.anew_below and sized.internaldate and sized.internaldate < began)

    async def _move(self, mark: inbox.Mark, uids: Sequence[int]) -> None:
        """Out of people's sight into the folder for what is done; a server that refuses leaves it where it is."""
        if not uids or self._rules.processed == self._rules.inbox:
            return
        try:
            await self._mailbox.move(uids, self._rules.processed)
        except CommandRefused as refused:
            self._cannot_move = True
            self._health.fails(Concern.MAILBOX, self._clock.now(), str(refused))
            self._log(Entry.FAILED, desk=self._rules.desk, what=refused.what, what_to_do=refused.what_to_do)
            return
        await inbox.moved(self.mailbox_name, mark.uidvalidity, uids)
