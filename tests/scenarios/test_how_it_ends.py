"""The real `maildesk run`, told to end in the middle of its work: nothing is lost, nothing is said twice.

What comes of a kill is in tests/faults.
"""

import random
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from living import mail
from running import RunningDesk, running_desk
from servers.sink import Sink

from maildesk import store
from maildesk.store import rebuild, verify

MAILS = 3
MOMENTS = 10
LONGEST_WORK = 1.6
ENDS_WITHIN = 10.0


@pytest.fixture
def desk(dovecot, sink: Sink, user: str, tmp_path: Path) -> Iterator[RunningDesk]:
    with running_desk(tmp_path, dovecot, user, sink.port) as found:
        yield found


def write(desk: RunningDesk, people: range) -> None:
    """A complaint from each of these people, at once."""
    raws = [mail(f"kay{n}@example.com", f"Bins {n}", f"They smell, {n}.", to=desk.user) for n in people]
    desk.dovecot.append(desk.user, *raws)


def finish(desk: RunningDesk, mails: int) -> None:
    """An undisturbed run until everything is done, ended as the system ends it."""
    desk.start()
    desk.until(lambda: desk.has_started() and desk.at_rest(mails))
    assert desk.stop() == 0


async def nothing_is_lost_or_doubled(desk: RunningDesk, sink: Sink, mails: int) -> None:
    """Each complainant has one case and one acknowledgement, staff one notice a case, and the history is whole."""
    assert desk.ask("SELECT COUNT(*) FROM case_file") == [(mails,)]
    wires = Counter((to, _id_of(taken.octets), taken.octets) for taken in sink.taken for to in taken.recipients)
    letters = Counter(to for to, *_ in wires)
    assert letters == {"anna@staff.test": mails} | {f"kay{n}@example.com": 1 for n in range(mails)}
    assert len({(to, ident) for to, ident, _ in wires}) == len(wires), "one letter in two wordings"
    assert set(wires.values()) == {1}
    client = desk.dovecot.client(desk.user)
    assert client.select_folder("INBOX")[b"EXISTS"] == 0
    assert client.select_folder("Processed")[b"EXISTS"] == mails
    client.logout()
    async with store.open(store.url_for("", desk.folder / "maildesk.db")):
        assert await verify.verify() == []
        assert [difference async for difference in rebuild.differences()] == []


def _id_of(octets: bytes) -> str:
    return str(message_from_bytes(octets)["Message-ID"])


async def test_sigterm_at_any_moment_ends_it_in_time_and_nothing_is_lost_or_doubled(desk, sink):
    desk.start()
    desk.until(desk.begun)
    for moment in range(MOMENTS):
        assert desk.process
        write(desk, range(2 * moment, 2 * moment + 2))
        _let_work(desk.process, random.uniform(0, LONGEST_WORK))  # noqa: S311 - a moment and no secret
        ended = desk.stop(ENDS_WITHIN)
        assert ended in (0, -signal.SIGTERM), desk.journal()[-3000:]
        desk.start()
    assert desk.stop(ENDS_WITHIN) in (0, -signal.SIGTERM)
    assert "Traceback" not in desk.journal()
    finish(desk, 2 * MOMENTS)
    await nothing_is_lost_or_doubled(desk, sink, 2 * MOMENTS)


def _let_work(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Let it go on for so long; it does not end by itself."""
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(seconds)


async def test_sigterm_while_every_server_is_silent_ends_it_in_time(dovecot, proxy: Callable, user, tmp_path):
    silent = proxy(0)
    with running_desk(tmp_path, dovecot, user, silent.port) as desk:
        configuration = tmp_path / "maildesk.toml"
        configuration.write_text(configuration.read_text().replace(f"port = {dovecot.imap}", f"port = {silent.port}"))
        desk.start()
        desk.until(desk.has_started)
        assert desk.stop(ENDS_WITHIN) == 0


async def test_sigterm_while_a_letter_is_on_the_wire_ends_it_in_time(desk, sink, proxy: Callable):
    silent = proxy(0)
    desk.configure(silent.port)
    desk.start()
    desk.until(desk.begun)
    write(desk, range(1))
    desk.until(lambda: desk.ask("SELECT 1 FROM letter WHERE state = 'sending'"))
    assert desk.stop(ENDS_WITHIN) == 0
    desk.configure(sink.port)
    finish(desk, 1)
    await nothing_is_lost_or_doubled(desk, sink, 1)
