"""What can go wrong with the machine under a running desk: disk, memory, file handles, processes, clock."""

import contextlib
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.processes import tree
from hungry_daemon import HUNGRY

from faults.machine_clock import clock_jumps
from faults.machine_desk import Numbered, integrity, numbered_desk
from faults.machine_disk import DISK, Fault, ext4, full_disk, read_only, small_disk, unwritable
from faults.machine_upgrade import upgrade_killed
from faults.numbered import address
from faults.reckoning import STAFF
from faults.table import Broken, Ground, Line, Scale

MIB = 1 << 20
MAILS = 4  # of each round: before, during and after
SECONDS = 60
POLLS = 2.5  # seconds in which it would have looked twice
_KEPT = "SELECT 1 FROM inbox"


def section(ground: Ground, scale: Scale) -> Iterator[Broken]:
    """Every fault of the machine, a row each."""
    for fault in FAULTS:
        yield fault(ground, scale.rounds)


def disk_full(ground: Ground, rounds: int) -> Broken:
    """No byte is left while mail comes in; the desk is told to take any room that there is."""
    words = ("is full", "disk I/O error", "room")
    with small_disk(ground) as disk, numbered_desk(ground, disk) as desk:
        met = _rounds(desk, rounds, full_disk(disk, 0), words)
        lines = [met, *desk.reckoned(), Line("integrity of the database", integrity(disk / "maildesk.db"), "ok")]
    return Broken("the disk full to its last byte while mail comes in, then room again", rounds, tuple(lines))


def disk_nearly_full(ground: Ground, rounds: int) -> Broken:
    """Less is left than the desk wants: it takes no mail until there is."""
    told = taken = 0
    with small_disk(ground) as disk, numbered_desk(ground, disk, f"free_bytes = {DISK // 3}") as desk:
        for _ in range(rounds):
            desk.deliver(MAILS)
            desk.until_done()
            said = len(desk.desk.journal())
            with full_disk(disk, DISK // 6)():
                told += desk.within(lambda said=said: desk.says("no mail is read until then", since=said))
                before = len(desk.desk.ask(_KEPT))
                desk.deliver(MAILS)
                time.sleep(POLLS)
                taken += len(desk.desk.ask(_KEPT)) - before
            desk.deliver(MAILS)
            desk.until_done()
        lines = [
            Line("rounds in which the journal told of it", told, rounds),
            Line("mails taken while there was too little room", taken, 0),
            *desk.reckoned(),
        ]
    return Broken("less room on the disk than [limits] free_bytes, then enough again", rounds, tuple(lines))


def database_read_only(ground: Ground, rounds: int) -> Broken:
    """The files of the database may not be written any more while the desk works with them, and then again."""
    with small_disk(ground, ext4) as disk, numbered_desk(ground, disk) as desk:
        met = _rounds(desk, rounds, unwritable(disk), ("read-only", "readonly", "disk I/O error", "is full"))
        lines = [met, *desk.reckoned(), Line("integrity of the database", integrity(disk / "maildesk.db"), "ok")]
    return Broken("the database unwritable (chattr +i) while mail comes in, then writable", rounds, tuple(lines))


def started_read_only(ground: Ground, rounds: int) -> Broken:
    """The file system is mounted read-only when the desk is started: it says so and ends, and mail waits."""
    refused = 0
    with small_disk(ground) as disk, numbered_desk(ground, disk) as desk:
        for _ in range(rounds):
            desk.deliver(MAILS)
            desk.desk.stop()
            said = len(desk.desk.journal())
            with read_only(disk):
                desk.deliver(MAILS)
                status = desk.desk.start().wait(SECONDS)
            refused += status == 1 and str(disk) in desk.desk.journal()[said:]
            desk.desk.start()
            desk.until_done()
        lines = [Line("starts refused with the file in words, exit status 1", refused, rounds), *desk.reckoned()]
    return Broken("a start on a disk that is mounted read-only, then on the same writable", rounds, tuple(lines))


def handles_used_up(ground: Ground, rounds: int) -> Broken:
    """The running process may open nothing more than it has open."""
    with numbered_desk(ground) as desk:
        met = _rounds(desk, rounds, _no_handles(desk), ("too many open files", "descriptor"))
        lines = [met, *desk.reckoned()]
    return Broken("no file handle left (prlimit on the running process), then as before", rounds, tuple(lines))


def children_killed(ground: Ground, rounds: int) -> Broken:
    """SIGKILL to the children that read mail, while they do."""
    return _killed(ground, rounds, lambda pids: pids[2:], "SIGKILL to the children that read mail")


def fork_server_killed(ground: Ground, rounds: int) -> Broken:
    """SIGKILL to the process that forks them."""
    return _killed(ground, rounds, lambda pids: pids[1:2], "SIGKILL to the process that forks the children")


def memory_eaten(ground: Ground, rounds: int) -> Broken:
    """A mail whose reading uses up a child's memory, among others."""
    sender = "hungry@example.com"
    with numbered_desk(ground, limits=f"read_memory = {256 * MIB}", program="hungry_daemon") as desk:
        raws = [_hungry(number, desk.desk.user) for number in range(rounds)]
        for raw in raws:
            desk.deliver(MAILS)
            desk.desk.dovecot.deliver(raw, desk.desk.user, sender=sender)
            desk.deliver(MAILS)
        count = len(desk.accepted) + rounds
        desk.until_done(more=rounds)
        asked = desk.desk.ask("SELECT octets FROM raw_mail JOIN message ON inbox_id = raw_mail.id")
        kept = [octets for (octets,) in asked if HUNGRY in bytes(octets)]
        lines = [
            Line("cases (database)", len(desk.desk.ask("SELECT 1 FROM case_file")), count),
            Line(
                "hungry mails on a case, whole in its raw mail", sum(raw in one for raw in raws for one in kept), rounds
            ),
            Line("letters to the sender of these", len(desk.sink.to(sender)), 0),
            Line("notices to staff at the sink", len(desk.sink.to(STAFF)), count),
            Line("the others acknowledged", sum(len(desk.sink.to(address(n))) for n in desk.accepted), count - rounds),
            Line("exit status after SIGTERM at the end", desk.desk.stop(), 0),
        ]
    return Broken("mail whose reading eats the memory that a child may have, among others", rounds, tuple(lines))


def second_daemon(ground: Ground, rounds: int) -> Broken:
    """Another `maildesk run` on the same file, and a migration under the running desk."""
    refused: Counter[str] = Counter()
    with numbered_desk(ground) as desk:
        for words in [("run",), ("db", "migrate")] * rounds:
            desk.deliver(1)
            done = desk.command(*words)
            is_named = f"process {desk.pid}" in done.stderr and "stop that one first" in done.stderr
            refused[" ".join(words)] += done.returncode == 1 and is_named
        desk.deliver(MAILS)
        desk.until_done()
        lines = [
            *(Line(f"`maildesk {words}` refused, the holder named", count, rounds) for words, count in refused.items()),
            *desk.reckoned(),
        ]
    return Broken("a second daemon, and a migration, on the file of a running one", rounds, tuple(lines))


def _hungry(number: int, to: str) -> bytes:
    head = f"From: Hungry <hungry@example.com>\r\nTo: {to}\r\nMessage-ID: <hungry.{number}@example.com>\r\n"
    return f"{head}{HUNGRY.decode()} {number}\r\n\r\nMore.\r\n".encode()


FAULTS: tuple[Callable[[Ground, int], Broken], ...] = (
    disk_full,
    disk_nearly_full,
    database_read_only,
    started_read_only,
    handles_used_up,
    children_killed,
    fork_server_killed,
    memory_eaten,
    second_daemon,
    upgrade_killed,
    clock_jumps,
)


def _rounds(desk: Numbered, rounds: int, fault: Fault, words: tuple[str, ...]) -> Line:
    """Mail before, during and after each fault; in how many the journal told of it."""
    met = said = 0
    for number in range(rounds):
        if number:
            desk.within(lambda said=said: desk.says("well_again", since=said))
        desk.deliver(MAILS)
        desk.until_done()
        said = len(desk.desk.journal())
        with fault():
            desk.deliver(MAILS)
            met += desk.within(lambda said=said: desk.says(*words, since=said))
        desk.deliver(MAILS)
        desk.until_done()
    return Line("rounds in which the journal told of it", met, rounds)


def _no_handles(desk: Numbered) -> Fault:
    """Its children are killed as well, so that it wants handles for new ones."""

    @contextlib.contextmanager
    def no_handles() -> Iterator[None]:
        soft, hard = resource.prlimit(desk.pid, resource.RLIMIT_NOFILE)
        numbers = {int(one.name) for one in Path(f"/proc/{desk.pid}/fd").iterdir()}
        first_free = next(number for number in range(len(numbers) + 1) if number not in numbers)
        resource.prlimit(desk.pid, resource.RLIMIT_NOFILE, (first_free, hard))
        _kill(tree(desk.pid)[2:])
        try:
            yield
        finally:
            resource.prlimit(desk.pid, resource.RLIMIT_NOFILE, (soft, hard))

    return no_handles


def _kill(pids: list[int]) -> int:
    """How many of these lived until now."""
    count = 0
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            count += 1
    return count


def _killed(ground: Ground, rounds: int, chosen: Callable[[list[int]], list[int]], what: str) -> Broken:
    kills = 0
    with numbered_desk(ground) as desk:
        for _ in range(rounds):
            desk.deliver(MAILS)
            if desk.within(lambda: chosen(tree(desk.pid))):
                kills += _kill(chosen(tree(desk.pid)))
            desk.deliver(MAILS)
            desk.until_done()
        lines = [Line("processes killed", kills), *desk.reckoned()]
    return Broken(f"{what}, while mail comes in", rounds, tuple(lines))
