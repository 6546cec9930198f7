"""Long and heavy loads: a backlog of thousands, one mail as large as is taken, and nothing at all."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

from servers.dovecot import Dovecot

from bench.cost import warm
from bench.ground import WAITING, Daemon, fill, let_in, maildesk, until
from bench.mails import Mails, expected
from bench.processes import PeakMemory, cpu_seconds, pss_bytes

LARGE_BYTES = 39_900_000  # just under the limit, so that it is taken whole
LINE = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n"
CHILDREN_GONE_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """Mails a second in each tenth in turn, and the highest memory of the tree in bytes.

    Intake has fetched everything before the end, so that the last tenth alone would hide a database that grows slow.
    """

    rates: tuple[float, ...]
    peak: int


@dataclass(frozen=True, slots=True)
class Idle:
    """Memory in bytes after the start, and after a first mail whose readers have gone; and the share of a core."""

    fresh: int
    bytes: int
    share: float


def backlog(dovecot: Dovecot, smtp: int, user: str, mails: Mails) -> Backlog:
    """All the mails at once to a desk at rest that has had one before. RuntimeError as in `cost.whole`."""
    fill(dovecot, user, mails.files, WAITING)
    count, seen = len(mails.files), [(time.monotonic(), 0)]
    tenth = max(1, count // 10)
    with maildesk(dovecot, smtp, user) as daemon, ThreadPoolExecutor(1) as beside:
        warm(dovecot, daemon)

        def is_over() -> bool:
            now = daemon.count()
            seen.append((time.monotonic(), now.finished))
            return now.kept > count and now.is_quiet

        with PeakMemory(daemon.pid, 0.25) as memory:
            moving = beside.submit(let_in, dovecot, user)  # its answer comes long after the first mails are there
            until(daemon, is_over, 0.1)
            moving.result()
        daemon.demand(len(expected(mails).opening) + 1)
    begin = max(look for look, finished in seen if finished <= 1)
    ends = [begin, *(moment(seen, count + 1 - left * tenth) for left in range(9, -1, -1))]
    return Backlog(tuple(tenth / (end - begin) for begin, end in pairwise(ends)), memory.bytes)


def moment(seen: list[tuple[float, int]], finished: int) -> float:
    """When so many mails were finished, between two looks in proportion."""
    before = max((look for look in seen if look[1] < finished), key=lambda look: look[1])
    after = next(look for look in seen if look[1] >= finished)
    return before[0] + (after[0] - before[0]) * (finished - before[1]) / (after[1] - before[1])


def large(dovecot: Dovecot, smtp: int, user: str) -> int:
    """The highest memory, in bytes, while one mail of 40 MB is taken, read and acknowledged."""
    head = (
        b"From: large@example.org\r\nTo: complaints@shop.example\r\nSubject: Large\r\n"
        b"Message-ID: <large@example.org>\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\n"
        b"The film of it is attached.\r\n--b\r\nContent-Type: video/mp4; name=film.mp4\r\n"
        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=film.mp4\r\n\r\n"
    )
    raw = head + LINE * ((LARGE_BYTES - len(head)) // len(LINE)) + b"--b--\r\n"
    with maildesk(dovecot, smtp, user) as daemon:
        warm(dovecot, daemon)
        with PeakMemory(daemon.pid, 0.02) as memory:
            dovecot.deliver(raw, user)
            daemon.until_kept(2)
            time.sleep(1)
        ((acknowledged,),) = daemon.ask("SELECT COUNT(*) FROM letter WHERE state = 'accepted'")
        if acknowledged != 2:
            raise RuntimeError(f"{acknowledged} of 2 mails were acknowledged: {_journal(daemon)}")
    return memory.bytes


def idle(dovecot: Dovecot, smtp: int, user: str, seconds: float = 30.0) -> Idle:
    """A desk with nothing to do, first as it started, then after a mail whose reading children have gone."""
    with maildesk(dovecot, smtp, user) as daemon:
        fresh = pss_bytes(daemon.pid)
        warm(dovecot, daemon)
        time.sleep(CHILDREN_GONE_SECONDS)
        held, before = pss_bytes(daemon.pid), cpu_seconds(daemon.pid)
        time.sleep(seconds)
        return Idle(fresh, held, (cpu_seconds(daemon.pid) - before) / seconds)


def _journal(daemon: Daemon) -> str:
    return (daemon.folder / "journal").read_text()[-4000:]
