"""Numbered mails come in while the real `maildesk run` is killed at random moments and started again.

Every kill is SIGKILL: four times in five to all its processes, else to the daemon alone, whose children must then end
by themselves. After the last one it runs undisturbed until all is done. A kill takes no bytes from the operating
system; what a cut of power takes is in `power`.
"""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.processes import tree
from running import RunningDesk, running_desk
from servers.dovecot import Dovecot
from servers.sink import Sink
from synced_sqlite import cut_power

from faults.numbered import Post
from faults.reckoning import message_id_of, reckon
from faults.table import Broken, Ground, Line, Scale

DELIVERY_SECONDS = 600.0
LONGEST_SECONDS = 2.5
SILENT_SECONDS = 20.0  # a desk that says nothing for so long does nothing more
GONE_SECONDS = 10.0
WHOLE_TREE = 0.8
AT_WORK = 0.7  # of the kills; the others may fall while it is still starting
AT_A_MOVE = 0.4  # of those at work: a moment of milliseconds that chance alone seldom finds
SINK_THINKS = 0.03  # as a mail server does that writes to a disk: kills fall between DATA and its answer as well


@dataclass(frozen=True, slots=True)
class Plan:
    """How many mails and kills, the longest time at work before a kill in seconds, and the seed of the moments.

    With `cuts_power` a kill is of all processes, and the database loses what was not synced.
    """

    mails: int
    kills: int
    longest: float
    seed: int
    cuts_power: bool = False


@dataclass(slots=True)
class Found:
    """What the kills found: `work` counts the kills by what was under way, `repeatable` the letters by Message-ID.

    A letter is repeatable by a kill that found it claimed, accepted at the sink since the kill before, and not settled.
    """

    work: Counter[str] = field(default_factory=Counter)
    repeatable: Counter[str] = field(default_factory=Counter)
    looked_at: int = 0
    ended_alone: int = 0
    left_over: int = 0
    undone: int = 0


_STANDING = {
    "mail kept and not yet moved": "SELECT COUNT(*) FROM inbox WHERE NOT is_moved",
    "mail kept and not yet decided": "SELECT COUNT(*) FROM inbox WHERE state = 'kept'",
    "letters queued": "SELECT COUNT(*) FROM letter WHERE state = 'queued'",
    "letters claimed and not settled": "SELECT COUNT(*) FROM letter WHERE state = 'sending'",
}


def torment(plan: Plan, dovecot: Dovecot, user: str, place: Path) -> list[Line]:
    """Do it, and count."""
    chance = random.Random(plan.seed)  # noqa: S311 - moments and no secrets
    sink, found = Sink(), Found()
    sink.thinks = SINK_THINKS
    begin = time.monotonic()
    try:
        with running_desk(place, dovecot, user, sink.port) as desk:
            desk.program = "synced_sqlite" if plan.cuts_power else desk.program
            desk.start()
            desk.until(desk.begun)
            with _post(plan, desk, found) as post:
                for _ in range(plan.kills):
                    _let_work(plan, desk, chance)
                    _strike(plan, desk, sink, found, whole=plan.cuts_power or chance.random() < WHOLE_TREE)
                    desk.start()
                post.join(DELIVERY_SECONDS)
            killing = time.monotonic() - begin
            drain(desk, plan.mails)
            stopped = desk.stop()
            lines = reckon(desk, sink, post.accepted, found.repeatable)
            accepted = Line("mails accepted by Dovecot over LMTP", len(post.accepted), plan.mails)
    finally:
        sink.stop()
    drained = time.monotonic() - begin - killing
    return [
        Line("kills", plan.kills),
        *(Line(f"  of these found {what}", found.work[what]) for what in (_STARTING, *_STANDING, _ON_THE_WIRE)),
        *([Line("  of these undid something that was written and not synced", found.undone)] * plan.cuts_power),
        Line("seconds of kills", round(killing)),
        Line("seconds from then until all was done and counted", round(drained)),
        accepted,
        *lines,
        Line("times that it ended without being killed", found.ended_alone, 0),
        Line("processes that outlived a kill by 10 seconds", found.left_over, 0),
        Line("exit status after SIGTERM at the end", stopped, 0),
    ]


_STARTING = "it still starting"
_ON_THE_WIRE = "letters between DATA and commit 3"


@contextlib.contextmanager
def _post(plan: Plan, desk: RunningDesk, found: Found) -> Iterator[Post]:
    """Mail that comes in all the time, its share in every life."""
    share = plan.mails / plan.kills
    lives = found.work
    post = Post(desk.dovecot, desk.user, plan.mails, lambda: share * (lives["kills"] + 1), plan.longest / 2 / share)
    post.start()
    try:
        yield post
    finally:
        post.end()


def drain(desk: RunningDesk, mails: int) -> None:
    """Until all is done, or nothing more is: the table then shows what is missing."""
    desk.until(desk.has_started)
    said, since = "", time.monotonic()
    while not desk.at_rest(mails) and time.monotonic() - since < SILENT_SECONDS:
        if (now := desk.journal()) != said:
            said, since = now, time.monotonic()
        time.sleep(0.1)


def _let_work(plan: Plan, desk: RunningDesk, chance: random.Random) -> None:
    """Until the moment of the next kill: any, or that at which Dovecot shows a mail in Processed."""
    if chance.random() < AT_WORK:
        desk.until(desk.has_started)
        if chance.random() < AT_A_MOVE:
            end, before = time.monotonic() + plan.longest, _moved(desk)
            while _moved(desk) == before and time.monotonic() < end:
                time.sleep(0.0002)
            return
    time.sleep(chance.uniform(0, plan.longest))


def _moved(desk: RunningDesk) -> int:
    """How many files the folder for processed mail has, seen from the server's side."""
    folders = (desk.dovecot.place / "mail" / desk.user / ".Processed" / part for part in ("new", "cur"))
    return sum(len(list(one.iterdir())) for one in folders if one.is_dir())


def _strike(plan: Plan, desk: RunningDesk, sink: Sink, found: Found, *, whole: bool) -> None:
    """One kill; returns when nothing of it is left and the sink has read what was on its way."""
    assert desk.process
    found.ended_alone += desk.process.poll() is not None
    was_starting = not desk.has_started()
    processes = tree(desk.process.pid)
    for pid in processes if whole else processes[:1]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    desk.process.wait(GONE_SECONDS)
    found.left_over += _outliving(processes[1:])
    found.undone += bool(plan.cuts_power and cut_power(desk.folder / "maildesk.db"))
    desk.until(lambda: sink.is_at_rest)
    found.work["kills"] += 1
    found.work[_STARTING] += was_starting
    for what, sql in _STANDING.items():
        found.work[what] += desk.ask(sql) != [(0,)]
    note_repeatable(desk, sink, found)


def note_repeatable(desk: RunningDesk, sink: Sink, found: Found) -> None:
    """After a kill: which letters were taken at the sink since the one before, and are not settled."""
    claimed = {str(ident) for (ident,) in desk.ask("SELECT message_id FROM letter WHERE state = 'sending'")}
    since = sink.taken[found.looked_at :]
    found.looked_at += len(since)
    on_the_wire = claimed & {message_id_of(taken.octets) for taken in since}
    found.repeatable.update(on_the_wire)
    found.work[_ON_THE_WIRE] += bool(on_the_wire)


def _outliving(processes: list[int]) -> int:
    """How many of these still live after a while."""
    end = time.monotonic() + GONE_SECONDS
    while (alive := sum(map(_is_alive, processes))) and time.monotonic() < end:
        time.sleep(0.01)
    return alive


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def section(ground: Ground, scale: Scale) -> Iterator[Broken]:
    """The kills at random moments, as one row."""
    plan = Plan(scale.mails, scale.kills, LONGEST_SECONDS, scale.seed)
    lines = torment(plan, ground.dovecot, ground.user("complaints"), ground.folder())
    yield Broken("SIGKILL at a random moment, while numbered mails come in by LMTP", plan.kills, tuple(lines))
