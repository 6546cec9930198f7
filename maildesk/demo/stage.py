"""The stage: the daemon, its servers and its clock, and what the players can do on it."""

import asyncio
import secrets
import smtplib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from maildesk import daemon, store
from maildesk.config.settings import Settings
from maildesk.demo.cast import DESK, PLAYERS, WITHOUT_MAILBOX, ZONE, Player, player_at
from maildesk.demo.clock import PushedClock
from maildesk.demo.configuration import configure
from maildesk.demo.mailboxes import HOST, open_mailboxes
from maildesk.demo.post import Carried, Post, open_post
from maildesk.domain.letter import LetterKind
from maildesk.journal import open_journal
from maildesk.store import cases, letters
from maildesk.store.commit import LetterState

Condition = Callable[[], Awaitable[bool]]
LOOK_SECONDS = 0.04
PATIENCE_SECONDS = 30.0
SUBMISSION_SECONDS = 10.0
OPENING = "08:55"
EVE = timedelta(seconds=20)
LONG_WHILE = timedelta(hours=2)
_TUESDAY = 1


class StageError(Exception):
    """The play cannot go on: what it waited for did not come, or the daemon ended."""


def tuesday_before(today: date) -> date:
    """The day that is played: the last Tuesday that is over, so that no mail of the play lies in the future."""
    return today - timedelta(days=(today.weekday() - _TUESDAY - 1) % 7 + 1)


def moment(day: date, clock: str) -> datetime:
    """A wall clock time of the desk on that day."""
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(ZONE))


@dataclass(slots=True)
class Stage:
    """A desk that lives, and the hands of the people who write to it. Mutable, in one event loop only."""

    day: date
    settings: Settings
    world: daemon.World
    running: "asyncio.Task[None]"
    clock: PushedClock
    post: Post

    def now(self) -> datetime:
        """The play's present moment by the desk's wall clock."""
        return self.clock.now().astimezone(ZoneInfo(ZONE))

    async def go_on_to(self, clock: str, days: int = 0) -> None:
        """Let the day go on to this wall clock time. After a long while the desk first looks into its mailbox again."""
        then = moment(self.day + timedelta(days=days), clock)
        eve = then - EVE

        async def has_looked() -> bool:
            return all((health.mailbox_read_at or eve) > eve for health in self.world.healths.values())

        if then - self.clock.now() > LONG_WHILE:
            self.clock.push_to(eve)
            await self._until(has_looked, "the desk did not read its mailbox")
        self.clock.push_to(then)

    async def submit(self, author: Player, mail: EmailMessage, *, logs_in: bool = True) -> None:
        """Hand the mail over by SMTP; who does not log in is a stranger to the server."""
        await asyncio.to_thread(self._submit, author, mail, logs_in)
        await self.settled()

    def _submit(self, author: Player, mail: EmailMessage, logs_in: bool) -> None:
        hello = f"mail.{author.domain}" if logs_in else "vps-77.cheap-hosting.example"
        try:
            with smtplib.SMTP(HOST, self.post.port, local_hostname=hello, timeout=SUBMISSION_SECONDS) as line:
                if logs_in:
                    line.login(author.address, self.post.password)
                line.send_message(mail, from_addr=author.address)
        except OSError as failure:  # smtplib's errors are that too
            raise StageError(
                f"the demo's own mail server does not take the mail of {author.name}: {failure}"
            ) from failure

    async def settled(self) -> None:
        """Wait until every mail to the desk is filed and every letter that may leave has left."""
        await self._until(self._is_quiet, "the desk did not come to rest")

    async def letter(self, kind: LetterKind, to: Player) -> EmailMessage:
        """The newest letter of this kind to this player, once it has been carried."""
        found: list[Carried] = []

        async def has_come() -> bool:
            rows = [row for row in await letters.listing() if row.kind is kind and row.recipient == to.address]
            ids = {row.message_id for row in rows}
            found[:] = [one for one in self.post.carried if str(one.message["Message-ID"]) in ids]
            return bool(found)

        await self._until(has_come, f"no {kind.value} came to {to.address}")
        await self.settled()
        return found[-1].message

    async def letter_about(self, kind: LetterKind, to: Player, complainant: Player) -> EmailMessage:
        """The newest letter of this kind to this player on the case of that complainant. Raises StageError if none."""
        owned = {case.id for case in await cases.find() if case.party(complainant.address)}
        rows = [row for row in await letters.listing() if row.case in owned and row.kind is kind]
        ids = {row.message_id for row in rows if row.recipient == to.address}
        found = [one.message for one in self.post.carried if str(one.message["Message-ID"]) in ids]
        if not found:
            raise StageError(f"there is no {kind.value} to {to.address} about {complainant.name}")
        return found[-1]

    async def _is_quiet(self) -> bool:
        arrived = len([to for one in self.post.carried for to in one.recipients if _is_for_desk(to)])
        queue = await letters.counts()
        in_hand = sum(queue.counts.get(state, 0) for state in (LetterState.QUEUED, LetterState.SENDING))
        filed = await store.connection.run("SELECT COUNT(*) AS n FROM inbox WHERE state = 'done'")
        return bool(filed[0]["n"] >= arrived) and not in_hand

    async def _until(self, holds: Condition, otherwise: str) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_SECONDS
        while not await holds():
            if self.running.done():
                await self.running
                raise StageError("the daemon has ended")
            if loop.time() > end:
                raise StageError(f"{otherwise} within {PATIENCE_SECONDS:.0f} seconds")
            await asyncio.sleep(LOOK_SECONDS)

    async def has_opened(self) -> bool:
        """Whether the daemon has read its mailbox to the end for the first time."""
        healths = self.world.healths.values()
        return bool(healths) and all(health.mailbox_read_at for health in healths)

    async def opened(self) -> None:
        """Wait until the desk takes mail."""
        await self._until(self.has_opened, "the desk did not open")


def _is_for_desk(address: str) -> bool:
    player = player_at(address)
    return player is not None and player.address == DESK.address


@asynccontextmanager
async def set_stage(folder: Path, today: date) -> AsyncIterator[Stage]:
    """Everything running, with the database open; stopped in the reverse order, whatever happens.

    Raises StageError where the desk does not open, and what `daemon.run` raises.
    """
    day = tuesday_before(today)
    clock, password = PushedClock(moment(day, OPENING)), secrets.token_urlsafe(9)
    addresses = [player.address for player in PLAYERS if player.address not in WITHOUT_MAILBOX]
    async with open_mailboxes(addresses, password) as mailboxes, open_post(mailboxes, clock, password) as post:
        settings = configure(folder, mailboxes.port, post.port, password)
        with (folder / "journal.log").open("w", encoding="utf-8") as journal:
            world = daemon.World(clock=clock, log=open_journal("debug", "json", journal))
            stage = Stage(day, settings, world, asyncio.create_task(daemon.run(settings, world)), clock, post)
            try:
                await stage.opened()
                async with store.open(daemon.database_url(settings)):
                    yield stage
            finally:
                world.stopping.set()
                await stage.running
