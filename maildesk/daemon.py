"""The composition root: settings and a clock to adapters and loops, signals, shutdown."""

import asyncio
import contextlib
import os
import random
import secrets
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from maildesk import __version__, store
from maildesk.children import Children, Limits
from maildesk.config.settings import Desk, Mailbox, Settings
from maildesk.config.settings import Submission as SubmissionSettings
from maildesk.desk import health_file
from maildesk.desk.alarm import AlarmRules
from maildesk.desk.checkup import Place
from maildesk.desk.clock import Clock, SystemClock
from maildesk.desk.dispatch import Dispatch
from maildesk.desk.intake import Intake, IntakeRules
from maildesk.desk.letterbox import Letterbox
from maildesk.desk.loops import Loop, kept_alive
from maildesk.desk.opening import answers
from maildesk.desk.process import Process, ProcessRules
from maildesk.desk.reader import Reader
from maildesk.desk.timekeeper import Timekeeper
from maildesk.desk.watch import Health, Surroundings
from maildesk.desk.watching import Watch
from maildesk.domain.policy import DeskPolicy, Person, StaffRole
from maildesk.domain.tokens import Keyring
from maildesk.journal import Entry, Log, silent
from maildesk.letters.folders import template_dir
from maildesk.letters.render import Templates
from maildesk.mail import foreign
from maildesk.mail.accounts import Account, Security
from maildesk.mail.authenticity import profile
from maildesk.mail.identity import ReadPolicy
from maildesk.mail.parse import PRELOAD
from maildesk.mail.submission import Submission

SHUTDOWN_SECONDS = 7.0
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class World:
    """What the daemon takes from outside itself: time, the journal, and somebody who may ask it to stop.

    `started` is set when the loops run; `healths` are by desk.
    """

    clock: Clock = field(default_factory=SystemClock)
    log: Log = silent
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    healths: dict[str, Health] = field(default_factory=dict)


def database_url(settings: Settings) -> str:
    """The database that the settings name."""
    return store.url_for(settings.database, settings.sqlite_file)


def account_of(settings: Mailbox | SubmissionSettings) -> Account:
    """How to log in at one of a desk's two servers."""
    return Account(
        settings.host,
        settings.port,
        Security(settings.security),
        settings.user,
        settings.password,
        str(settings.ca_file) if settings.ca_file else None,
        float(settings.timeout_seconds),
    )


def policy_of(settings: Settings, desk: Desk) -> DeskPolicy:
    """The rules of one desk, as values."""
    own = {address.lower() for other in settings.desks for address in (other.address, *other.also)}
    return DeskPolicy(
        name=desk.name,
        address=desk.address,
        title=desk.title,
        organisation=desk.organisation,
        own_addresses=frozenset(own),
        languages=desk.languages,
        default_language=desk.default_language,
        zone=desk.zone,
        respond_within_days=desk.respond_within_days,
        staff=tuple(
            Person(
                key=person.key,
                name=person.name,
                address=person.address,
                role=StaffRole(person.role),
                language=person.language,
                zone=person.zone,
                also=tuple(address.lower() for address in person.also),
                digest_at=person.digest_at.strftime("%H:%M"),
            )
            for person in settings.staff_of(desk)
        ),
        notify=tuple(person.key for person in settings.told_about_new_cases(desk)),
        contact_name=desk.contact_name,
        contact_phone=desk.contact_phone,
        next_stage=dict(desk.next_stage),
        letters_per_address_per_day=settings.limits.letters_per_address_per_day,
        letters_per_domain_per_hour=settings.limits.letters_per_domain_per_hour,
        letters_per_desk_per_hour=settings.limits.letters_per_desk_per_hour,
        letters_per_person_per_hour=settings.limits.letters_per_person_per_hour,
        hold_seconds=settings.limits.hold_seconds,
        message_bytes=settings.limits.message_bytes,
        token_days=desk.token_days,
    )


def read_policy(settings: Settings, desk: Desk) -> ReadPolicy:
    """What the reader must know of the desk."""
    own = policy_of(settings, desk).own_addresses
    ids = (desk.authenticity.authserv_id,) if desk.authenticity.authserv_id else ()
    hosts = tuple(host.lower() for host in desk.own_hosts)
    return ReadPolicy(hosts, tuple(sorted(own)), profile(desk.authenticity.profile, ids))


def keyring(folder: Path) -> Keyring:
    """The signing keys in `maildesk.keys` (a line each: number, blank, hex); made with mode 0600 at the first start.

    Raises ValueError where the file is there and holds no key.
    """
    file = folder / "maildesk.keys"
    with contextlib.suppress(FileExistsError):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as new:
            new.write(f"1 {secrets.token_hex(_KEY_BYTES)}\n")
            new.flush()
            os.fsync(new.fileno())
    lines = [line.split() for line in file.read_text(encoding="ascii").splitlines() if line.strip()]
    if not lines:
        raise ValueError(f"{file} holds no key; restore it from a backup, or remove it to begin with a new one")
    return Keyring({int(number): bytes.fromhex(key) for number, key in lines})


def templates_of(settings: Settings, log: Log = silent) -> Templates:
    """The user's own templates before ours. A mistake in one of theirs is told to the journal, once."""
    folders = (settings.templates, template_dir()) if settings.templates else (template_dir(),)
    return Templates(folders, lambda mistake: log(Entry.FAILED, what=f"letter template {mistake}"))


def is_sole(settings: Settings) -> bool:
    """Whether one daemon alone works with the database: a SQLite file is held by a lock."""
    return store.connection.file_of(database_url(settings)) is not None


@contextmanager
def sole_daemon(settings: Settings) -> Iterator[None]:
    """Hold the lock of a SQLite file. Raises `store.LockHeld` where another daemon works with it."""
    file = store.connection.file_of(database_url(settings))
    with store.lock(file) if file else contextlib.nullcontext():
        yield


async def run(settings: Settings, world: World) -> None:
    """Run every desk until `world.stopping` is set, or SIGTERM or SIGINT comes. Ends within ten seconds."""
    settings.data.mkdir(parents=True, exist_ok=True)
    _listen_to_signals(world.stopping)
    url = database_url(settings)
    with sole_daemon(settings):
        async with watched(settings, world):
            if await answers(url, world.healths, world.clock, world.stopping, random.random):
                async with store.open(url, create=True), children_of(settings) as children:
                    await _run_desks(settings, world, children)


@asynccontextmanager
async def watched(settings: Settings, world: World) -> AsyncIterator[None]:
    """Within this block the watch says what is wrong: it begins before the database, which may be what is wrong."""
    for desk in settings.desks:
        world.healths.setdefault(desk.name, Health())
    rules = AlarmRules(settings.alarm.command, float(settings.alarm.after_seconds))
    watch = Watch(world.healths, settings.data / health_file.NAME, rules, world.clock, world.log)
    task = asyncio.create_task(_kept_alive(Loop("watch", "", watch.run), world), name="watch")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def children_of(settings: Settings) -> AsyncIterator[Children]:
    """The child processes in which foreign bytes are read, for the block."""
    limits = Limits(memory=settings.limits.read_memory, deadline=float(settings.limits.read_seconds))
    children = Children(foreign.TARGET, count=settings.limits.children, limits=limits, preload=(foreign.ROOM, *PRELOAD))
    async with children:
        await children.start()
        yield children


async def _run_desks(settings: Settings, world: World, children: Children) -> None:
    shared = Shared(children, keyring(settings.data), templates_of(settings, world.log))
    loops = [loop for desk in settings.desks for loop in _loops(settings, desk, world, shared)]
    tasks = [asyncio.create_task(_kept_alive(loop, world), name=loop.name) for loop in loops]
    world.log(Entry.STARTED, count=len(settings.desks), version=__version__)
    world.started.set()
    try:
        await world.stopping.wait()
        world.log(Entry.STOPPING)
        await asyncio.wait(tasks, timeout=SHUTDOWN_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all desks of an installation share."""

    children: Children
    keyring: Keyring
    templates: Templates


async def _kept_alive(loop: Loop, world: World) -> None:
    health = world.healths.get(loop.desk) or Health()
    await kept_alive(loop, Surroundings(world.clock, health, world.log, random.random), world.stopping)


def letterbox_of(settings: Settings, desk: Desk, shared: Shared) -> Letterbox:
    """The desk's writing desk."""
    reader = Reader(shared.children, read_policy(settings, desk))
    return Letterbox(policy_of(settings, desk), shared.templates, shared.keyring, reader, secrets.token_hex)


def place_of(settings: Settings, desk: Desk) -> Place:
    """What `check` looks at."""
    folders = (desk.mailbox.inbox, desk.mailbox.processed)
    return Place(policy_of(settings, desk), account_of(desk.mailbox), account_of(desk.submission), folders)


def _loops(settings: Settings, desk: Desk, world: World, shared: Shared) -> list[Loop]:
    """The four loops of a desk, wired to each other by two bells: mail was kept, letters are queued."""
    health = world.healths.setdefault(desk.name, Health())
    policy, limits = policy_of(settings, desk), settings.limits
    reader = Reader(shared.children, read_policy(settings, desk))
    letterbox = letterbox_of(settings, desk, shared)
    surroundings = Surroundings(world.clock, health, world.log, random.random)
    intake = Intake(
        account_of(desk.mailbox),
        IntakeRules(
            desk.name,
            desk.mailbox.inbox,
            desk.mailbox.processed,
            desk.mailbox.poll_seconds,
            limits.message_bytes,
            limits.batch_messages,
            limits.batch_bytes,
            limits.free_bytes,
        ),
        surroundings,
        room=lambda: shutil.disk_usage(settings.data).free,
    )
    rules = ProcessRules((intake.mailbox_name,), limits.batch_messages, limits.batch_bytes)
    process = Process(policy, rules, reader, letterbox, surroundings)
    submission = Submission(account_of(desk.submission), desk.submission.connections)
    dispatch = Dispatch(policy, submission, letterbox, surroundings, is_sole=is_sole(settings))
    timekeeper = Timekeeper(policy, rules.mailboxes, letterbox, surroundings)
    process.kept, process.queued = intake.kept, dispatch.queued
    timekeeper.queued = dispatch.queued
    named = {"intake": intake.run, "process": process.run, "dispatch": dispatch.run, "timekeeper": timekeeper.run}
    return [Loop(name, desk.name, run) for name, run in named.items()]


def _listen_to_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # not in the main thread
            loop.add_signal_handler(number, stopping.set)
