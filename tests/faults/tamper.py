"""Somebody with the database's password changes what happened: each change is named, and an untouched desk is whole.

The witness is the anchor in yesterday's digest, taken out of the letter at the sink.
"""

import asyncio
import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from living import LivingDesk, living, mail, settings_for, text_of
from running import RunningDesk
from servers.sink import Sink

from faults.table import Broken, Ground, Line, Scale

ANNA, MIA = "anna@staff.test", "mia@staff.test"
PEOPLE = 3
DAY = timedelta(days=1)
SECONDS = 60
WHOLE, FAULTY = 0, 1
VERIFY, REBUILD = ("history", "verify"), ("rebuild", "--verify")


@dataclass(frozen=True, slots=True)
class Tampering:
    """One change behind maildesk's back: its statements, what is asked afterwards, and the words that must be said.

    In statements and words `{case}` is the id, `{reference}` the reference and `{last}` the last seq of the case.
    """

    what: str
    statements: tuple[str, ...]
    asked: tuple[str, ...]
    words: tuple[str, ...]
    has_anchor: bool = True


_OF_CASE = (
    "DELETE FROM letter_body WHERE id IN (SELECT id FROM letter WHERE case_id = {case})",
    "DELETE FROM letter WHERE case_id = {case}",
    "DELETE FROM reply_address WHERE case_id = {case}",
    "DELETE FROM message WHERE case_id = {case}",
    "DELETE FROM party WHERE case_id = {case}",
    "DELETE FROM event WHERE case_id = {case}",
    "DELETE FROM case_file WHERE id = {case}",
)
_HEAD_BACK = (
    "DELETE FROM event WHERE case_id = {case} AND seq = {last}",
    "UPDATE case_file SET seq = seq - 1 WHERE id = {case}",
    "UPDATE case_file SET head = (SELECT hash FROM event WHERE case_id = {case} AND seq = {last} -1) WHERE id = {case}",
)
TAMPERINGS = (
    Tampering("nothing", (), VERIFY, ("the history is whole",)),
    Tampering("nothing, computed anew", (), REBUILD, ("every case is what its history says",), has_anchor=False),
    Tampering(
        "the owner in a case's row", ("UPDATE case_file SET owner = 'eve' WHERE id = {case}",), REBUILD,
        ("{reference}: owner: stored eve, recomputed anna",), has_anchor=False,
    ),
    Tampering(
        "the words of the complaint in a case's row",
        ("UPDATE case_file SET what_happened = 'All is well.' WHERE id = {case}",), REBUILD,
        ("{reference}: what_happened: stored All is well.", "recomputed The bins of street 1"), has_anchor=False,
    ),
    Tampering(
        "the last event of a case deleted", _HEAD_BACK[:1], VERIFY, ("{reference}, event {last}: cut off",),
    ),
    Tampering(
        "the last event of a case deleted, and its head set back", _HEAD_BACK, VERIFY,
        ("{reference}, event {last}: not as the anchor of",),
    ),
    Tampering("a case removed whole", _OF_CASE, VERIFY, ("case {case}, event {last}: removed whole",)),
    Tampering(
        "two events swapped",
        (
            "UPDATE event SET seq = -1 WHERE case_id = {case} AND seq = 2",
            "UPDATE event SET seq = 2 WHERE case_id = {case} AND seq = 3",
            "UPDATE event SET seq = 3 WHERE case_id = {case} AND seq = -1",
        ),
        VERIFY, ("{reference}, event 2: changed or swapped", "{reference}, event 3: changed or swapped"),
    ),
    Tampering(
        "an event's words changed",
        ("UPDATE event SET content = replace(content, 'bins', 'flowers') WHERE case_id = {case} AND seq = 1",), VERIFY,
        ("{reference}, event 1: its words were changed",),
    ),
    Tampering(
        "an event's facts changed", ("UPDATE event SET caused_by = 'staff:eve' WHERE case_id = {case} AND seq = 2",),
        VERIFY, ("{reference}, event 2: changed or swapped",),
    ),
    Tampering(
        "an anchor changed", ("UPDATE anchor SET hash = 'f' || substr(hash, 2) || '0'",), VERIFY,
        ("the anchor of", "was changed", "the anchor is not in this history"),
    ),
    Tampering(
        "an anchor and all that it saw removed", ("DELETE FROM anchor_head", "DELETE FROM anchor"), VERIFY,
        ("the anchor is not in this history",),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lived:
    """A desk that was at work for two days and has ended: its folder, the anchor of the first, a case's places."""

    desk: RunningDesk
    anchor: str
    case: int
    reference: str
    last: int


def section(ground: Ground, scale: Scale) -> Iterator[Broken]:
    """Each change on a copy of its own."""
    lived = asyncio.run(_lived(ground))
    yield from (_tampered(ground, lived, change) for change in TAMPERINGS)


async def _lived(ground: Ground) -> Lived:
    folder, user, sink = ground.folder(), ground.user("complaints"), Sink()
    desk = RunningDesk(folder, ground.dovecot, user)
    desk.configure(sink.port)
    (folder / "maildesk.toml").write_text((folder / "maildesk.toml").read_text() + _OTHERS)
    noon = datetime.combine(datetime.now(UTC).date() + DAY, time(12), UTC)
    try:
        async with living(settings_for(folder, ground.dovecot, sink.port, user), ground.dovecot, sink, noon) as at_work:
            await _work(at_work)
            at_work.clock.push(DAY)
            yesterday = (await at_work.letters(MIA))[0]
            await at_work.settled()
            case = await at_work.case_of("kay1@example.com")
    finally:
        sink.stop()
    found = re.search(r"Anchor of the history:\s+([0-9a-f]{64})", text_of(yesterday))
    assert found, text_of(yesterday)
    return Lived(desk, found[1], case.id, case.reference, case.seq)


_OTHERS = """
[[staff]]
key = "mia"
name = "Mia Stone"
address = "mia@staff.test"
role = "manager"
"""


async def _work(desk: LivingDesk) -> None:
    """A few complaints, of which one has an owner."""
    for number in range(PEOPLE):
        sender = f"kay{number}@example.com"
        raw = mail(sender, f"Street {number}", f"The bins of street {number} smell.", to=desk.desk.address)
        await desk.deliver(raw, sender)
        await desk.letters(sender)
    notice = await desk.letter(ANNA, "New complaint", "street 1 ")
    await desk.command(notice, "#take\n#note I have seen them.")
    await desk.letter(ANNA, "You are now the owner")
    await desk.settled()


def _tampered(ground: Ground, lived: Lived, change: Tampering) -> Broken:
    """The change on a copy, and what maildesk says of it."""
    folder = ground.folder()
    for name in ("maildesk.db", "maildesk.keys"):
        shutil.copy(lived.desk.folder / name, folder / name)
    text = (lived.desk.folder / "maildesk.toml").read_text().replace(str(lived.desk.folder), str(folder))
    (folder / "maildesk.toml").write_text(text)
    (folder / "maildesk.toml").chmod(0o600)
    places = {"case": lived.case, "reference": lived.reference, "last": lived.last}
    with contextlib.closing(sqlite3.connect(folder / "maildesk.db")) as database, database:
        changed = [database.execute(one.format(**places)).rowcount for one in change.statements]
    words = (*change.asked, "--anchor", lived.anchor) if change.has_anchor else change.asked
    status, said = _asked(folder, words)
    named = [one for one in change.words if one.format(**places) in said]
    return Broken(
        f"changed in the database: {change.what}",
        1,
        (
            Line("statements that changed no row", sum(count == 0 for count in changed), 0),
            Line(f"exit status of {' '.join(change.asked)}", status, FAULTY if change.statements else WHOLE),
            Line("of the words that name it", len(named), len(change.words)),
        ),
    )


def _asked(folder: Path, words: tuple[str, ...]) -> tuple[int, str]:
    command = [sys.executable, "-m", "maildesk", "--config", str(folder / "maildesk.toml"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=os.environ)
    return done.returncode, done.stdout + done.stderr
