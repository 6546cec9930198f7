"""`maildesk check`: every step that a desk depends on, tried for real, with a line each: right, or what to do."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from maildesk.desk import health_file
from maildesk.desk.alarm import moment
from maildesk.desk.letterbox import Letterbox
from maildesk.domain.letter import Letter, LetterKind, Probed
from maildesk.domain.message import Address
from maildesk.domain.numbers import Numbered
from maildesk.domain.policy import DeskPolicy
from maildesk.domain.tokens import Use, mint, reply_address
from maildesk.letters.render import Templates
from maildesk.mail.accounts import Account, FolderMissing, WireTrouble
from maildesk.mail.mailbox import Mailbox
from maildesk.mail.outgoing import Accepted, Outgoing
from maildesk.mail.submission import Submission
from maildesk.store import StoreError, inbox, migrate
from maildesk.store.connection import file_of

LOOK_SECONDS = 0.5
PROBE_BYTES = 200_000
FRESH = timedelta(minutes=2)
_PROBE_IDS = 2**39
_NO_WAY_BACK = "does the address lead to this mailbox, and does its server deliver addresses with a plus here?"
_FIRST_START = "the first start leaves alone what is there and takes what arrives after it"
_SMTP_SETTINGS = "Check host, port, security, user and password in [desk.submission]."


@dataclass(frozen=True, slots=True)
class Finding:
    """One step: what was looked at, whether it is right, and what was seen or what to do."""

    desk: str
    what: str
    is_right: bool
    words: str


@dataclass(frozen=True, slots=True)
class Place:
    """One desk's servers and folders. `folders` are the inbox and the folder for what is done."""

    policy: DeskPolicy
    mailbox: Account
    submission: Account
    folders: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Way:
    """What a probe needs: a writing desk, chance in [0, 1), the present moment, and the seconds that it may take.

    `has_database` is false where no database is open.
    """

    letterbox: Letterbox
    chance: Callable[[], float]
    now: datetime
    seconds: float
    has_database: bool


async def database(url: str) -> AsyncIterator[Finding]:
    """Whether the database opens and has this version's schema; a SQLite file that is not there yet is no fault."""
    if is_new(url):
        yield Finding("", "database", True, "is not there yet: the first `maildesk run` makes it")
        return
    try:
        lacking = await migrate.pending(url)
    except StoreError as refused:
        yield Finding("", "database", False, str(refused))
        return
    words = f"lacks {', '.join(lacking)}: run `maildesk db migrate`" if lacking else "opens, with this version's schema"
    yield Finding("", "database", not lacking, words)


def is_new(url: str) -> bool:
    """Whether the URL names a SQLite file that is not there yet."""
    file = file_of(url)
    return file is not None and not file.exists()


def letters(templates: Templates) -> list[Finding]:
    """Whether every letter can be written in every language."""
    problems = templates.check()
    if problems:
        return [Finding("", "letters", False, str(problem)) for problem in problems]
    return [Finding("", "letters", True, f"every kind renders in {', '.join(sorted(templates.languages))}")]


def daemon(folder: Path, now: datetime) -> list[Finding]:
    """What the running daemon says of each desk: a trouble is wrong, and so is silence. That none runs is no fault."""
    file = folder / health_file.NAME
    try:
        said = health_file.read(file)
    except (OSError, ValueError) as refused:
        return [Finding("", "daemon", False, f"{file} cannot be read: {refused}")]
    if said is None or not health_file.is_alive(said.pid):
        return [Finding("", "daemon", True, "none runs here")]
    if now - said.written_at > FRESH:
        words = f"has said nothing since {moment(said.written_at)}: none runs here, it hangs, or {folder} is full"
        return [Finding("", "daemon", False, words)]
    return [finding for name, one in said.desks.items() for finding in _said_of(name, one)]


def _said_of(name: str, one: health_file.DeskHealth) -> list[Finding]:
    """A line for each trouble of the desk, or one that it runs well."""
    if one.troubles:
        return [
            Finding(name, "daemon", False, f"the daemon says: {concern} since {moment(trouble.since)}: {trouble.why}")
            for concern, trouble in one.troubles.items()
        ]
    read = f"the mailbox was read last at {moment(one.mailbox_read_at)}" if one.mailbox_read_at else "it has just begun"
    return [Finding(name, "daemon", True, f"runs well; {read}")]


def alarm(command: tuple[str, ...]) -> Finding:
    """Whether there is a command that can be called when mail does not work; none is no fault."""
    if not command:
        words = "none is set: [alarm] command is called when something does not work for too long"
        return Finding("", "alarm", True, words)
    if shutil.which(command[0]) is None:
        return Finding("", "alarm", False, f"{command[0]} is no command that can be called; see [alarm] command")
    return Finding("", "alarm", True, f"calls {command[0]}")


async def desk(place: Place, way: Way) -> AsyncIterator[Finding]:
    """The desk's mailbox, folders, old mail, SMTP server, and a probe's way there and back."""
    async with _closing(Mailbox(place.mailbox)) as mailbox:
        can_read = True
        async for finding in _reading(place, mailbox, has_database=way.has_database):
            can_read = can_read and finding.is_right
            yield finding
        greeted = await _greet(place)
        yield greeted
        if can_read and greeted.is_right and way.seconds > 0:
            yield await _there_and_back(place, mailbox, way)


@asynccontextmanager
async def _closing(mailbox: Mailbox) -> AsyncIterator[Mailbox]:
    try:
        yield mailbox
    finally:
        await mailbox.close()


async def _reading(place: Place, mailbox: Mailbox, *, has_database: bool) -> AsyncIterator[Finding]:
    """The login and the folders."""
    name = place.policy.name
    try:
        await mailbox.open()
        yield Finding(name, "mailbox", True, f"logged in as {place.mailbox.name}")
        async for finding in _folders(place, mailbox, has_database=has_database):
            yield finding
    except WireTrouble as trouble:
        yield Finding(name, "mailbox", False, str(trouble))


async def _folders(place: Place, mailbox: Mailbox, *, has_database: bool) -> AsyncIterator[Finding]:
    """The two folders, and how many mails lie in the inbox that nobody will read."""
    name, (box, done) = place.policy.name, place.folders
    try:
        selected = await mailbox.select(box)
    except FolderMissing as missing:
        yield Finding(name, "inbox", False, str(missing))
        return
    has_idle = await mailbox.has_idle()
    idle = "tells of news by itself (IDLE)" if has_idle else "has no IDLE, so new mail waits for the next poll"
    yield Finding(name, "inbox", True, f"{box}: the server {idle}")
    try:
        await mailbox.ensure_folders([done])
        yield Finding(name, "folder", True, f"{done}: {await mailbox.count(done)} mails")
    except WireTrouble as trouble:
        yield Finding(name, "folder", False, str(trouble))
    is_read = await _is_read(place, has_database=has_database)
    taken = "what arrived since the first start is taken" if is_read else _FIRST_START
    lie = "1 mail lies" if selected.exists == 1 else f"{selected.exists} mails lie"
    yield Finding(name, "old mail", True, f"{lie} in the inbox; {taken}")


async def _is_read(place: Place, *, has_database: bool) -> bool:
    """Whether a daemon has ever looked into the inbox: what comes to it is then its to take."""
    return has_database and await inbox.began([f"{place.policy.name}/{place.folders[0]}"]) is not None


async def _greet(place: Place) -> Finding:
    submission = Submission(place.submission, 1)
    try:
        outcome = await submission.greet()
    finally:
        await submission.close()
    is_right = isinstance(outcome, Accepted)
    how = "as" if place.submission.user else "without a login at"
    words = f"takes letters {how} {place.submission.name}" if is_right else f"{outcome.text} {_SMTP_SETTINGS}"
    return Finding(place.policy.name, "sending", is_right, words)


async def _there_and_back(place: Place, mailbox: Mailbox, way: Way) -> Finding:
    try:
        return await _probe(place, mailbox, way)
    except WireTrouble as trouble:
        return Finding(place.policy.name, "probe", False, str(trouble))


async def _probe(place: Place, mailbox: Mailbox, way: Way) -> Finding:
    """A mail to the desk itself, seen again in the inbox or, where the daemon runs, in the folder for what is done."""
    name, address = place.policy.name, place.policy.address
    before = {folder: (await mailbox.select(folder)).uidnext - 1 for folder in place.folders}
    number = int(way.chance() * _PROBE_IDS)
    recipient = reply_address(address, mint(way.letterbox.keyring, Use.ADDRESS, number))
    message_id = way.letterbox.message_id(number)
    letter = Letter(
        kind=LetterKind.PROBE,
        to=Address(place.policy.title, recipient),
        language=place.policy.default_language,
        zone=place.policy.zone,
        content=Probed(mint(way.letterbox.keyring, Use.MARK, number)),
    )
    octets = await way.letterbox.write(Numbered(number, letter), message_id, None, None, way.now)
    submission = Submission(place.submission, 1)
    try:
        outcome = await submission.send(Outgoing(address, recipient, octets))
    finally:
        await submission.close()
    if not isinstance(outcome, Accepted):
        return Finding(name, "probe", False, f"the desk cannot write to itself: {outcome.text}")
    took = await _seen(mailbox, before, message_id.encode(), way.seconds)
    if took is None:
        words = f"a mail to {recipient} did not come back within {way.seconds:.0f} seconds: {_NO_WAY_BACK}"
        return Finding(name, "probe", False, words)
    if not await _is_read(place, has_database=way.has_database):
        await _clear_away(mailbox, place.folders, before, message_id.encode())
    return Finding(name, "probe", True, f"a mail to {recipient} came back after {took:.1f} seconds")


async def _seen(mailbox: Mailbox, before: Mapping[str, int], message_id: bytes, seconds: float) -> float | None:
    """After how many seconds the mail was seen; None where it did not come."""
    began = asyncio.get_running_loop().time()
    while (took := asyncio.get_running_loop().time() - began) < seconds:
        for folder, high in before.items():
            if await _found(mailbox, folder, high, message_id):
                return took
        await asyncio.sleep(LOOK_SECONDS)
    return None


async def _clear_away(mailbox: Mailbox, folders: tuple[str, str], before: Mapping[str, int], message_id: bytes) -> None:
    """Put the probe where done mail is: the first start of the daemon would leave it in the inbox for ever."""
    box, done = folders
    uids = await _found(mailbox, box, before[box], message_id)
    if uids:
        await mailbox.move(uids, done)


async def _found(mailbox: Mailbox, folder: str, high: int, message_id: bytes) -> list[int]:
    """The UIDs above `high` of mails in the folder, selected now, that name this Message-ID."""
    await mailbox.select(folder)
    uids = (await mailbox.uids_above(high))[:50]
    sizes = await mailbox.sizes(uids) if uids else {}
    small = [uid for uid, sized in sizes.items() if sized.size < PROBE_BYTES]
    return [mail.uid for mail in (await mailbox.fetch(small) if small else []) if message_id in mail.raw]
