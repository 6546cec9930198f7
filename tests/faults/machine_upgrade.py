"""An upgrade that is killed in its middle: a filled database of the first version, `maildesk db migrate`, SIGKILL."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from dying_migration import PLACE, PLACES
from running import RunningDesk

from faults.machine_desk import integrity, numbered_desk
from faults.table import Broken, Ground, Line

SECONDS = 60
MAILS = 4
FIRST = "0001_tables"


def upgrade_killed(ground: Ground, rounds: int) -> Broken:
    """At each place of the migration, each time from the same database of the first version."""
    found: Counter[str] = Counter()
    with numbered_desk(ground) as desk:
        desk.deliver(MAILS)
        desk.until_done()
        desk.desk.stop()
        old = _as_first_version(desk.desk.folder / "maildesk.db")
        places = [*PLACES, *_places_of_steps()] * rounds
        for place in places:
            found.update(_killed_at(place, desk.desk, old))
        desk.desk.start()
        desk.deliver(MAILS)
        desk.until_done()
        lines = _lines(found, len(places), places.count("before the copy") * len(PLACES)) + desk.reckoned()
    return Broken("an upgrade from the first version killed at every place", len(places), tuple(lines))


def _lines(found: Counter[str], count: int, before_any_step: int) -> list[Line]:
    return [
        Line("upgrades that died by SIGKILL", found["killed"], count),
        Line("steps begun before the copy's name was said", found["unnamed"], 0),
        Line("upgrades that had a copy under its name when they died", found["copies"], found["wanted copies"]),
        Line("  of these whole, of the first version, with the same cases", found["good copies"], found["copies"]),
        Line("died before any step: the database is of the first version", found["unchanged"], before_any_step),
        Line("upgrades that a second try finished, the same cases in it", found["finished"], count),
    ]


def _places_of_steps() -> list[str]:
    steps = [one.name for one in files("maildesk.store.migrations").iterdir() if one.name.endswith(".sqlite.sql")]
    return [f"{where} step {number}" for number in range(1, len(steps)) for where in ("in", "behind")]


def _killed_at(place: str, desk: RunningDesk, old: Path) -> Iterator[str]:
    """What is found after a kill at this place."""
    file = desk.folder / "maildesk.db"
    for left in desk.folder.glob("maildesk.db*"):
        left.unlink()
    shutil.copyfile(old, file)
    died = _migrate(desk, "dying_migration", {PLACE: place})
    if died.returncode == -signal.SIGKILL:
        yield "killed"
    named = re.findall(r"copy of the database as it was: (.+)", died.stdout)
    copies = [one for one in desk.folder.glob("maildesk.db.before-*") if one.suffix != ".part"]
    has_begun = "step" in place
    if has_begun and named != [str(one) for one in copies]:
        yield "unnamed"
    yield from ["copies"] * len(copies)
    if has_begun:
        yield "wanted copies"
    yield from ["good copies" for one in copies if _content(one) == _content(old) and integrity(one) == "ok"]
    if place in PLACES and _content(file) == _content(old):
        yield "unchanged"
    finished = _migrate(desk, "maildesk", {})
    if finished.returncode == 0 and integrity(file) == "ok" and _content(file)[1:] == _content(old)[1:]:
        yield "finished"


def _migrate(desk: RunningDesk, module: str, more: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", module, "--config", str(desk.folder / "maildesk.toml"), "db", "migrate"]
    tests = Path(__file__).parent.parent
    return subprocess.run(
        command, capture_output=True, text=True, cwd=tests, env=os.environ | more, timeout=SECONDS, check=False
    )


def _content(file: Path) -> tuple[list[object], ...]:
    """The steps that it has, and its cases and their history."""
    asked = (
        'SELECT "name" FROM "migration" ORDER BY 1',
        'SELECT "id", "reference", "subject" FROM "case_file" ORDER BY 1',
        'SELECT "case_id", "seq", "hash" FROM "event" ORDER BY 1, 2',
    )
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return tuple(database.execute(sql).fetchall() for sql in asked)


def _as_first_version(file: Path) -> Path:
    """The same rows in tables as the first step made them, in a file beside."""
    old = file.with_name("first_version.db")
    step = files("maildesk.store.migrations").joinpath(f"{FIRST}.sqlite.sql").read_text()
    with contextlib.closing(sqlite3.connect(old)) as database:
        database.executescript(step)
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        database.execute("ATTACH ? AS filled", (str(file),))
        for table in tables:
            names = ", ".join(f'"{row[1]}"' for row in database.execute(f'PRAGMA main.table_info("{table}")'))
            database.execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM filled."{table}"')  # noqa: S608
        database.execute('CREATE TABLE "migration" ("name" TEXT NOT NULL PRIMARY KEY, "applied_at" TEXT NOT NULL)')
        database.execute('INSERT INTO "migration" VALUES (?, CURRENT_TIMESTAMP)', (FIRST,))
        database.commit()
        database.execute("DETACH filled")
    return old
