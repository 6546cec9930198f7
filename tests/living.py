"""A living desk for tests: the daemon's own loops in this process, against real servers, by a clock that can be pushed.

When it stops, its history is verified and every case computed anew: whatever the test was about, that must hold.
"""

import asyncio
import contextlib
import email
import email.policy
import email.utils
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from servers.dovecot import PASSWORD, Dovecot
from servers.sink import Sink, Taken

from maildesk import daemon, store
from maildesk.config.settings import Authenticity, Desk, Limits, Mailbox, Settings, Staff, Submission
from maildesk.demo.clock import PushedClock
from maildesk.domain.case import Case
from maildesk.journal import Entry
from maildesk.store import cases, rebuild, verify

SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file that a person attaches."""

    filename: str
    content_type: str
    octets: bytes


class SteppedClock(PushedClock):
    """A clock that can be set back as well. Who waits goes on waiting: a wait is a span, not a moment."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._behind = timedelta()

    def now(self) -> datetime:
        return super().now() - self._behind

    def set_back(self, span: timedelta) -> None:
        self._behind += span

    async def wait(self, seconds: float) -> None:
        end = super().now() + timedelta(seconds=seconds)
        while (left := (end - super().now()).total_seconds()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):  # as in PushedClock
                    await self._pushed.wait()


@dataclass(slots=True)
class LivingDesk:
    """A desk under test. `log` is what its journal said; times out rather than hang."""

    settings: Settings
    dovecot: Dovecot
    sink: Sink
    clock: SteppedClock
    world: daemon.World
    log: list[tuple[Entry, dict[str, object]]] = field(default_factory=list)
    task: "asyncio.Task[None] | None" = None

    @property
    def desk(self) -> Desk:
        return self.settings.desks[0]

    async def start(self, *, is_well: bool = True) -> None:
        """Start it, and wait until it has visited its mailboxes; or only until its loops run, where it is not well."""
        self.world = replace(self.world, stopping=asyncio.Event(), started=asyncio.Event())
        self.task = asyncio.create_task(daemon.run(self.settings, self.world))
        started = asyncio.create_task(self.world.started.wait())
        await asyncio.wait({self.task, started}, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if self.task.done():
            await self.task
        for health in self.world.healths.values():
            health.mailbox_read_at = None
        await self.until(lambda: self.world.started.is_set() and (self.has_visited() or not is_well))

    def has_visited(self) -> bool:
        return all(health.mailbox_read_at for health in self.world.healths.values())

    async def stop(self) -> None:
        self.world.stopping.set()
        if self.task:
            await asyncio.wait_for(self.task, SECONDS)
            self.task = None

    async def until(self, holds: Callable[[], Any], seconds: float = SECONDS) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while not holds():
            if self.task and self.task.done():
                await self.task
                raise AssertionError("the daemon ended")
            if asyncio.get_running_loop().time() > end:
                raise AssertionError(f"did not come true; the journal's end: {self.log[-8:]}")
            await asyncio.sleep(0.02)

    async def letters(self, recipient: str, count: int = 1) -> list[EmailMessage]:
        """The letters to this address, once there are that many."""
        await self.until(lambda: len(self.sink.to(recipient)) >= count)
        return [parsed(taken) for taken in self.sink.to(recipient)]

    def sent(self, recipient: str, *about: str) -> list[EmailMessage]:
        """The letters to this address that have all these words in subject or text, white space aside."""
        letters = [parsed(taken) for taken in self.sink.to(recipient)]
        return [one for one in letters if all(words in _words_of(one) for words in about)]

    async def letter(self, recipient: str, *about: str) -> EmailMessage:
        """The newest such letter, once there is one."""
        await self.until(lambda: self.sent(recipient, *about))
        return self.sent(recipient, *about)[-1]

    def count(self, recipient: str, *about: str) -> int:
        """How many such letters there are."""
        return len(self.sent(recipient, *about))

    async def deliver(self, raw: bytes, sender: str = "someone@example.com", to: str | None = None) -> None:
        await asyncio.to_thread(self.dovecot.deliver, raw, to or self.desk.mailbox.user, sender=sender)

    async def append(self, *raws: bytes) -> None:
        """Put mails into the desk's mailbox as they are, without a trace of the way."""
        await asyncio.to_thread(self.dovecot.append, self.desk.mailbox.user, *raws)

    async def command(
        self, letter: EmailMessage, words: str, *, sender: str = "", files: Sequence[Enclosed] = ()
    ) -> None:
        """A proved answer of the letter's reader: our own host vouches for the sender."""
        await self.append(proved(answer(letter, words, sender=sender, files=files)))

    async def case_of(self, address: str) -> Case:
        """The one case of this complainant."""
        (case,) = [case for case in await self.cases() if case.party(address)]
        return case

    async def faults(self) -> list[object]:
        """What is wrong with the history, and where a case is not what its history leads to."""
        async with self.database():
            found: list[object] = [*await verify.verify()]
            return [*found, *[difference async for difference in rebuild.differences()]]

    async def settled(self, seconds: float = SECONDS) -> None:
        """Nothing kept waits to be processed and no letter waits to be sent."""
        await self.until_async(self._is_quiet, seconds)

    async def until_async(self, holds: Callable[[], Any], seconds: float = SECONDS) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while not await holds():
            assert asyncio.get_running_loop().time() < end, f"did not come true: {self.log[-8:]}"
            await asyncio.sleep(0.05)

    async def _is_quiet(self) -> bool:
        async with self.database():
            waiting = await store.connection.run("SELECT COUNT(*) AS n FROM inbox WHERE state = 'kept'")
            queued = await store.connection.run("SELECT COUNT(*) AS n FROM letter WHERE state IN ('queued', 'sending')")
        return not waiting[0]["n"] and not queued[0]["n"]

    @asynccontextmanager
    async def database(self) -> AsyncIterator[None]:
        async with store.open(daemon.database_url(self.settings)):
            yield

    async def cases(self) -> list[Case]:
        async with self.database():
            return await cases.find()


def parsed(taken: Taken) -> EmailMessage:
    found = email.message_from_bytes(taken.octets, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def _words_of(letter: EmailMessage) -> str:
    return " ".join(f"{letter['Subject']} {text_of(letter)}".split())


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


STAFF = (
    Staff(key="anna", name="Anna Becker", address="anna@staff.test", language="en", zone="Europe/London"),
    Staff(key="bert", name="Bert Vogel", address="bert@staff.test", language="de", zone="Europe/Berlin"),
    Staff(key="mia", name="Mia Stone", address="mia@staff.test", role="manager", language="en", zone="Europe/London"),
)


def settings_for(
    folder: Path, dovecot: Dovecot, smtp_port: int, user: str, changes: Mapping[str, Any] | None = None
) -> Settings:
    """A desk at this user's mailbox whose letters go to this port; `changes` are of the desk."""
    desk = Desk(
        name="complaints",
        address=user,
        title="Complaints Desk",
        organisation="Example Council",
        contact_name="the complaints team",
        default_language="en",
        zone="Europe/London",
        own_hosts=("mx.example.test",),
        authenticity=Authenticity(profile="rfc8601", authserv_id="mx.example.test"),
        next_stage={"en": "You can go to the Example Ombudsman.", "de": "Sie können zur Schlichtungsstelle gehen."},
        mailbox=Mailbox(
            host="127.0.0.1", security="none", port=dovecot.imap, user=user, password=PASSWORD, poll_seconds=2,
            timeout_seconds=10,
        ),
        submission=Submission(host="127.0.0.1", security="none", port=smtp_port, timeout_seconds=10),
    )  # fmt: skip
    limits = Limits(
        hold_seconds=600,
        letters_per_domain_per_hour=100_000, letters_per_desk_per_hour=100_000, letters_per_person_per_hour=100_000,
    )  # fmt: skip
    return Settings(data=folder, limits=limits, desks=(replace(desk, **(changes or {})),), staff=STAFF)


@asynccontextmanager
async def living(
    settings: Settings, dovecot: Dovecot, sink: Sink, start: datetime | None = None, *, is_well: bool = True
) -> AsyncIterator[LivingDesk]:
    """The desk, running; stopped at the end whatever happened."""
    log: list[tuple[Entry, dict[str, object]]] = []

    def write(entry: Entry, /, **facts: object) -> None:
        log.append((entry, facts))

    clock = SteppedClock(start or datetime.now(UTC))
    desk = LivingDesk(settings, dovecot, sink, clock, daemon.World(clock=clock, log=write), log)
    await desk.start(is_well=is_well)
    try:
        yield desk
    finally:
        await desk.stop()
    assert await desk.faults() == []


def mail(sender: str, subject: str, body: str, *, to: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A plain mail as a person's program writes it."""
    letter = EmailMessage(policy=email.policy.SMTP)
    letter["From"] = sender
    letter["To"] = to
    letter["Subject"] = subject
    letter["Message-ID"] = f"<{abs(hash((sender, subject, body)))}@{sender.rpartition('@')[2].strip('>')}>"
    letter["Date"] = "Tue, 03 Mar 2026 10:00:00 +0000"
    for name, value in (headers or {}).items():
        letter[name] = value
    letter.set_content(body)
    return letter.as_bytes()


def answer(
    letter: EmailMessage, words: str, *, sender: str = "", files: Sequence[Enclosed] = (), to: str = ""
) -> bytes:
    """The reply that a mail program makes of a letter: addressed, threaded, the words above the quoted letter."""
    reply = EmailMessage(policy=email.policy.SMTP)
    reply["From"] = sender or str(letter["To"])
    reply["To"] = to or str(letter["Reply-To"] or letter["From"])
    reply["Subject"] = f"Re: {letter['Subject']}"
    reply["Message-ID"] = email.utils.make_msgid(domain="mail.example")
    reply["Date"] = email.utils.localtime()
    reply["In-Reply-To"] = str(letter["Message-ID"])
    reply["References"] = f"{letter['References'] or ''} {letter['Message-ID']}".strip()
    quoted = "".join(f"> {line}\n" for line in text_of(letter).splitlines())
    reply.set_content(f"{words}\n\nOn Tue, 3 Mar 2026 at 10:00, {letter['From']} wrote:\n\n{quoted}")
    for file in files:
        maintype, _, subtype = file.content_type.partition("/")
        reply.add_attachment(file.octets, maintype=maintype, subtype=subtype, filename=file.filename)
    return reply.as_bytes()


def proved(raw: bytes) -> bytes:
    """The mail as our own host hands it on, with its verdict that the sender is who From says."""
    found = email.message_from_bytes(raw, policy=email.policy.default)
    domain = str(found["From"].addresses[0].domain)
    trace = f"Authentication-Results: mx.example.test; dmarc=pass header.from={domain}\r\n"
    received = "Received: from mail.example by mx.example.test; Tue, 03 Mar 2026 10:00:01 +0000\r\n"
    return (trace + received).encode() + raw
