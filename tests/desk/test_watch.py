"""What does not work is said once, and once more when it works again: to the journal, to people, and to `check`."""

import asyncio
import json
import os
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from living import LivingDesk, living, mail, settings_for
from servers.places import free_ports

from maildesk.config.settings import Alarm
from maildesk.demo.clock import PushedClock
from maildesk.desk import checkup, health_file
from maildesk.desk.alarm import AlarmRules
from maildesk.desk.watch import Concern, Health
from maildesk.desk.watching import MOST_CALLS, Watch
from maildesk.journal import Entry

SECONDS = 15.0
DESK = "complaints"
ONE_MINUTE = timedelta(minutes=1)
BELL = """
import os, sys
said = [os.environ[f"MAILDESK_{name}"] for name in ("STATE", "DESK", "CONCERN")]
with open(sys.argv[1], "a") as bell:
    print(*said, sys.stdin.read().strip(), sep="|", file=bell)
"""


def bell(folder: Path) -> tuple[str, ...]:
    return (sys.executable, "-c", BELL, str(folder / "bell"))


def rung(folder: Path) -> list[list[str]]:
    """What the alarm was called with, in order: state, desk, concern, text."""
    file = folder / "bell"
    return [line.split("|") for line in file.read_text().splitlines()] if file.exists() else []


class Watched:
    """A watch over one desk's health that the test writes, by a clock that can be pushed."""

    def __init__(self, folder: Path, rules: AlarmRules) -> None:
        self.folder, self.health = folder, Health()
        self.clock = PushedClock(datetime.now(UTC))
        self.log: list[tuple[Entry, dict[str, object]]] = []
        self.watch = Watch({DESK: self.health}, folder / health_file.NAME, rules, self.clock, self._write)

    def _write(self, entry: Entry, /, **facts: object) -> None:
        self.log.append((entry, facts))

    def said(self, entry: Entry) -> list[dict[str, object]]:
        return [facts for one, facts in self.log if one is entry]

    def fails(self, concern: Concern, why: str = "no answer") -> None:
        self.health.fails(concern, self.clock.now(), why)

    async def until(self, holds) -> None:
        async with asyncio.timeout(SECONDS):
            while not holds():  # noqa: ASYNC110 - a file is no event
                await asyncio.sleep(0.02)

    async def looks(self) -> None:
        """Let a minute pass, and more where the watch was not yet waiting for it, until it has looked and written."""
        before = self.written_at()

        def has_looked() -> bool:
            self.clock.push(ONE_MINUTE)
            return self.written_at() != before

        await self.until(has_looked)

    def written_at(self) -> object:
        said = health_file.read(self.folder / health_file.NAME)
        return said and said.written_at


@asynccontextmanager
async def watching(folder: Path, command: tuple[str, ...], deadline: float = 20.0) -> AsyncIterator[Watched]:
    watched = Watched(folder, AlarmRules(command, 900.0, deadline))
    stopping = asyncio.Event()
    task = asyncio.create_task(watched.watch.run(stopping))
    try:
        await watched.until(watched.written_at)
        yield watched
    finally:
        stopping.set()
        await asyncio.wait_for(task, SECONDS)


async def test_an_smtp_server_that_is_down_past_the_patience_raises_one_alarm_and_one_when_it_is_back(
    dovecot, sink, user, tmp_path
):
    settings = replace(settings_for(tmp_path, dovecot, sink.port, user), alarm=Alarm(command=bell(tmp_path)))
    sink.always("CONNECT", "drop")
    async with living(settings, dovecot, sink) as desk:
        await desk.append(mail("kay@example.com", "Bins", "They smell.", to=user))
        await desk.until(lambda: desk.world.healths[DESK].troubles.get(Concern.SUBMISSION))
        desk.clock.push(timedelta(seconds=901))
        await desk.until(lambda: rung(tmp_path))
        sink.relent()
        await desk.until(lambda: pushed(desk) and len(rung(tmp_path)) == 2)
    (trouble, well) = rung(tmp_path)
    assert trouble[:3] == ["trouble", DESK, "submission"]
    assert "in trouble since" in trouble[3]
    assert well[:3] == ["well", DESK, "submission"]
    journalled = [one for one, facts in desk.log if facts.get("what") == "submission"]
    assert journalled == [Entry.TROUBLE, Entry.WELL_AGAIN]


def pushed(desk: LivingDesk) -> bool:
    desk.clock.push(timedelta(seconds=10))
    return True


async def test_an_imap_server_that_is_out_of_reach_past_the_patience_raises_one_alarm_and_one_when_it_is_back(
    dovecot, sink, proxy, user, tmp_path
):
    wire = proxy(dovecot.imap)
    settings = replace(settings_for(tmp_path, dovecot, sink.port, user), alarm=Alarm(command=bell(tmp_path)))
    (desk,) = settings.desks
    mailbox = replace(desk.mailbox, port=wire.port)
    async with living(replace(settings, desks=(replace(desk, mailbox=mailbox),)), dovecot, sink) as running:
        (wire.upstream,) = free_ports(1)
        wire.cut()
        await running.until(lambda: running.world.healths[DESK].troubles.get(Concern.MAILBOX))
        running.clock.push(timedelta(seconds=901))
        await running.until(lambda: rung(tmp_path))
        wire.upstream = dovecot.imap
        await running.until(lambda: len(rung(tmp_path)) == 2)
    assert [line[:3] for line in rung(tmp_path)] == [["trouble", DESK, "mailbox"], ["well", DESK, "mailbox"]]


async def test_a_server_that_refuses_to_move_mail_is_one_trouble_however_often_the_mailbox_is_read(
    dovecot, sink, proxy, user, tmp_path
):
    wire = proxy(dovecot.imap)
    wire.on_client(rb"^(\S+) UID (?:MOVE|COPY)[^\r]*\r\n$", rb"\1 NO [NOPERM] Not here\r\n", times=4)
    settings = settings_for(tmp_path, dovecot, sink.port, user)
    (desk,) = settings.desks
    mailbox = replace(desk.mailbox, port=wire.port, poll_seconds=1)
    async with living(replace(settings, desks=(replace(desk, mailbox=mailbox),)), dovecot, sink) as running:
        await running.append(mail("kay@example.com", "Bins", "They smell.", to=user))
        await running.until(lambda: [one for one, _ in running.log if one is Entry.WELL_AGAIN])
    assert wire.played == 4, running.log
    said = [one for one, facts in running.log if facts.get("what") == "mailbox"]
    assert said == [Entry.TROUBLE, Entry.WELL_AGAIN]


async def test_a_trouble_that_ends_within_the_patience_raises_no_alarm_but_is_journalled(tmp_path):
    async with watching(tmp_path, bell(tmp_path)) as watched:
        watched.fails(Concern.MAILBOX)
        await watched.until(lambda: watched.said(Entry.TROUBLE))
        await watched.looks()
        watched.health.is_well(Concern.MAILBOX)
        await watched.until(lambda: watched.said(Entry.WELL_AGAIN))
        watched.clock.push(timedelta(hours=1))
        await watched.looks()
    assert rung(tmp_path) == []
    assert watched.said(Entry.WELL_AGAIN)[0]["what"] == "mailbox"


async def test_a_trouble_whose_words_change_is_journalled_once_and_alarmed_once(tmp_path):
    async with watching(tmp_path, bell(tmp_path)) as watched:
        for number in range(20):
            watched.fails(Concern.SUBMISSION, f"busy, number {number}")
            await asyncio.sleep(0.01)
        watched.clock.push(timedelta(seconds=901))
        await watched.until(lambda: watched.said(Entry.ALARMED))
        for _ in range(5):
            await watched.looks()
    assert len(watched.said(Entry.TROUBLE)) == 1
    assert len(rung(tmp_path)) == 1
    assert "number 19" in rung(tmp_path)[0][3]


async def test_an_alarm_names_nobody_and_stays_one_line_whatever_the_server_said(tmp_path):
    async with watching(tmp_path, bell(tmp_path)) as watched:
        watched.fails(Concern.SUBMISSION, "451 <kay@example.com>\r\n\x1b[2J too much mail")
        watched.clock.push(timedelta(seconds=901))
        await watched.until(lambda: watched.said(Entry.ALARMED))
    ((*_, text),) = rung(tmp_path)
    assert "kay" not in text
    assert "example.com" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("concern", [Concern.DATABASE, Concern.ROOM, Concern.RATE, Concern.READING])
async def test_what_is_no_mail_server_is_alarmed_after_a_minute(tmp_path, concern):
    async with watching(tmp_path, bell(tmp_path)) as watched:
        watched.fails(Concern.MAILBOX)
        watched.fails(concern)
        await watched.until(lambda: len(watched.said(Entry.TROUBLE)) == 2)
        assert rung(tmp_path) == []
        watched.clock.push(timedelta(seconds=61))
        await watched.until(lambda: watched.said(Entry.ALARMED))
        await watched.looks()
    assert [line[2] for line in rung(tmp_path)] == [concern.value]


async def test_several_troubles_at_once_are_a_call_each(tmp_path):
    async with watching(tmp_path, bell(tmp_path)) as watched:
        for concern in Concern:
            watched.fails(concern)
        watched.clock.push(timedelta(seconds=901))
        await watched.until(lambda: len(watched.said(Entry.ALARMED)) == len(Concern))
    assert sorted(line[2] for line in rung(tmp_path)) == sorted(Concern)


async def test_a_trouble_that_comes_back_between_two_looks_is_two_troubles(tmp_path):
    async with watching(tmp_path, ()) as watched:
        watched.fails(Concern.MAILBOX)
        await watched.until(lambda: watched.said(Entry.TROUBLE))
        watched.health.is_well(Concern.MAILBOX)
        watched.clock.push(timedelta(seconds=1))
        watched.fails(Concern.MAILBOX)
        await watched.until(lambda: len(watched.said(Entry.TROUBLE)) == 2)
    assert [one for one, _ in watched.log] == [Entry.TROUBLE, Entry.WELL_AGAIN, Entry.TROUBLE]


async def test_an_alarm_that_hangs_is_killed_with_all_that_it_started_and_the_watch_goes_on(tmp_path):
    hangs = f"echo $$ >> {tmp_path}/pids; sleep 600 & echo $! >> {tmp_path}/pids; wait"
    async with watching(tmp_path, ("/bin/sh", "-c", hangs), deadline=0.5) as watched:
        watched.fails(Concern.DATABASE)
        watched.clock.push(timedelta(seconds=61))
        await watched.until((tmp_path / "pids").exists)
        watched.fails(Concern.RATE)
        await watched.until(lambda: len(watched.said(Entry.TROUBLE)) == 2)  # said while the command hangs
        await watched.until(lambda: watched.said(Entry.FAILED))
        assert "killed" in str(watched.said(Entry.FAILED)[0]["why"])
        pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
        await watched.until(lambda: not any(map(is_running, pids[:2])))


def is_running(pid: int) -> bool:
    """Whether the process runs: one that ended and that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("command", [("/bin/false",), ("/nonexistent/page-me",)])
async def test_an_alarm_that_fails_is_tried_three_times_and_journalled_each_time(tmp_path, command):
    async with watching(tmp_path, command) as watched:
        watched.fails(Concern.DATABASE)
        for number in range(1, MOST_CALLS + 1):
            watched.clock.push(timedelta(seconds=61))
            await watched.until(lambda expected=number: len(watched.said(Entry.FAILED)) == expected)
        for _ in range(5):
            await watched.looks()
        watched.health.is_well(Concern.DATABASE)
        await watched.until(lambda: watched.said(Entry.WELL_AGAIN))
        await watched.looks()
    assert len(watched.said(Entry.FAILED)) == MOST_CALLS
    assert watched.said(Entry.ALARMED) == []


async def test_a_trouble_that_ends_while_its_alarm_is_called_is_followed_by_the_word_that_it_is_well(tmp_path):
    slow = (*bell(tmp_path)[:2], f"import time\ntime.sleep(0.5)\n{BELL}", str(tmp_path / "bell"))
    async with watching(tmp_path, slow) as watched:
        watched.fails(Concern.DATABASE)
        watched.clock.push(timedelta(seconds=61))
        await watched.looks()
        watched.health.is_well(Concern.DATABASE)
        await watched.until(lambda: len(rung(tmp_path)) == 2)
    assert [line[0] for line in rung(tmp_path)] == ["trouble", "well"]


async def test_the_health_file_is_for_its_owner_alone_and_goes_away_with_the_daemon(tmp_path):
    file = tmp_path / health_file.NAME
    async with watching(tmp_path, ()) as watched:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        watched.fails(Concern.ROOM, "40 MB left")
        await watched.until(lambda: json.loads(file.read_text())["desks"][DESK]["troubles"])
        assert json.loads(file.read_text())["desks"][DESK]["troubles"]["room"]["why"] == "40 MB left"
        assert json.loads(file.read_text())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_takes_no_file_is_journalled_once_and_the_alarm_goes_out_all_the_same(tmp_path):
    bells, full = tmp_path / "bells", tmp_path / "full"
    bells.mkdir()
    full.mkdir()
    async with watching(full, bell(bells)) as watched:
        (full / f"{health_file.NAME}.new").mkdir()  # for root, no mode keeps a file from being written
        watched.fails(Concern.ROOM, "No space left on device")
        for _ in range(3):
            watched.clock.push(timedelta(seconds=61))
            await asyncio.sleep(0.05)
        await watched.until(lambda: rung(bells))
        assert len(watched.said(Entry.FAILED)) == 1


async def test_check_says_what_the_daemon_is_troubled_by_and_since_when(tmp_path):
    async with watching(tmp_path, ()) as watched:
        watched.health.fails(Concern.MAILBOX, datetime(2026, 11, 24, 9, 12, tzinfo=UTC), "no route to host")
        await watched.looks()
        (found,) = checkup.daemon(tmp_path, watched.clock.now())
        assert (found.desk, found.is_right) == (DESK, False)
        assert found.words == "the daemon says: mailbox since 2026-11-24 09:12 UTC: no route to host"
        watched.health.mailbox_was_read(datetime(2026, 11, 24, 9, 30, tzinfo=UTC))
        await watched.looks()
        (found,) = checkup.daemon(tmp_path, watched.clock.now())
        assert found.is_right
        assert "2026-11-24 09:30 UTC" in found.words


async def test_check_says_that_no_daemon_runs_where_it_ended_or_was_killed_and_that_is_no_fault(tmp_path):
    now = datetime.now(UTC)
    process = await asyncio.create_subprocess_exec("/bin/true")
    await process.wait()
    troubled = Health()
    troubled.fails(Concern.MAILBOX, now, "no answer")
    (before,) = checkup.daemon(tmp_path, now)
    killed = replace(health_file.report({DESK: troubled}, now), pid=process.pid)
    health_file.write(tmp_path / health_file.NAME, killed)
    (after,) = checkup.daemon(tmp_path, now)
    assert (before.is_right, before.words) == (after.is_right, after.words) == (True, "none runs here")


async def test_check_calls_it_wrong_where_the_daemons_process_lives_and_its_health_file_is_old(tmp_path):
    now = datetime.now(UTC)
    health_file.write(tmp_path / health_file.NAME, health_file.report({DESK: Health()}, now - timedelta(hours=1)))
    (found,) = checkup.daemon(tmp_path, now)
    assert "has said nothing since" in found.words
    assert not found.is_right


async def test_check_says_of_a_health_file_that_is_garbled_that_it_is_wrong(tmp_path):
    (tmp_path / health_file.NAME).write_text("{")
    assert [found.is_right for found in checkup.daemon(tmp_path, datetime.now(UTC))] == [False]


def test_check_hints_at_a_missing_alarm_and_is_wrong_about_one_that_cannot_be_called():
    assert checkup.alarm(()).is_right
    assert checkup.alarm(("/bin/true",)).is_right
    assert not checkup.alarm(("/nonexistent/page-me",)).is_right
