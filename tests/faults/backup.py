"""A desk is backed up while mail comes in, killed and lost, and comes back from the archive against the same mailbox.

Restored as `maildesk backup --help` says. What came after the backup may be acknowledged a second time, under a new
reference: nobody who is left knows that it was.
"""

import random
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.processes import tree
from running import RunningDesk, running_desk
from servers.sink import Sink

from faults.kill import drain
from faults.machine_desk import Numbered
from faults.numbered import Post, address, mail, message_id
from faults.reckoning import Letter, in_folder, letters, told
from faults.table import Broken, Ground, Line, Scale

DELIVERY_SECONDS = 300.0
MOST_MAILS = 200
FIRST, KILLED_AT = 0.7, 0.85  # the share of mails before the backup is done, and that answered when it is killed
AFTER = 10  # mails while it was gone
GAP_SECONDS = 0.05  # the mail comes for longer than a backup takes


@dataclass(slots=True)
class Loss:
    """One desk that was lost: the numbers that came before the backup began, and all that came."""

    before: list[int] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)


def section(ground: Ground, scale: Scale) -> Iterator[Broken]:
    """Each round at another moment."""
    chance = random.Random(scale.seed)  # noqa: S311 - moments and no secrets
    mails = min(scale.mails, MOST_MAILS)
    for number in range(scale.rounds):
        moment = chance.uniform(0.1, 0.6)
        yield Broken(
            f"backed up while mail comes in, killed, its folder removed, restored: {number + 1} of {scale.rounds}",
            1,
            tuple(_lost_and_restored(ground, mails, moment)),
        )


def _lost_and_restored(ground: Ground, mails: int, moment: float) -> list[Line]:
    sink, user, file = Sink(), ground.user("complaints"), ground.folder() / "backup.tar"
    lost, new = ground.folder(), ground.folder()
    try:
        loss, status = _lose(RunningDesk(lost, ground.dovecot, user), sink, mails, moment, file)
        subprocess.run(["tar", "-xf", str(file), "-C", str(new)], check=True, timeout=60)
        with running_desk(new, ground.dovecot, user, sink.port) as desk:
            desk.start()
            drain(desk, len(loss.accepted))
            stopped = desk.stop()
            return [Line("exit status of backup", status, 0), *_counted(desk, sink, loss), *_whole(desk, stopped)]
    finally:
        sink.stop()


def _lose(desk: RunningDesk, sink: Sink, mails: int, moment: float, file: Path) -> tuple[Loss, int]:
    """Work, a backup at this share of the mails, more work, and the end; mail goes on coming."""
    loss = Loss()
    with running_desk(desk.folder, desk.dovecot, desk.user, sink.port) as at_work:
        at_work.start()
        at_work.until(at_work.begun)
        is_copied = threading.Event()
        post = Post(at_work.dovecot, at_work.user, mails, lambda: mails * (is_copied.is_set() or FIRST), GAP_SECONDS)
        post.start()
        at_work.until(lambda: _known(at_work) >= moment * mails)
        loss.before = sorted(_numbers(at_work))
        done = Numbered(at_work, sink).command("backup", str(file))
        is_copied.set()
        at_work.until(lambda: _known(at_work) >= KILLED_AT * mails)
        assert at_work.process
        processes = tree(at_work.process.pid)
        at_work.process.kill()
        at_work.process.wait(10)
        at_work.until(lambda: not any(Path(f"/proc/{pid}/task").exists() for pid in processes[1:]))
        post.join(DELIVERY_SECONDS)
    at_work.until(lambda: sink.is_at_rest)
    loss.accepted = list(post.accepted)
    for number in range(mails, mails + AFTER):
        desk.dovecot.deliver(mail(number, desk.user), desk.user, sender=address(number))
        loss.accepted.append(number)
    shutil.rmtree(desk.folder)
    return loss, done.returncode


def _known(desk: RunningDesk) -> int:
    return len(_numbers(desk))


def _numbers(desk: RunningDesk) -> set[int]:
    """The numbers of the mails whose letters are sent."""
    rows = desk.ask("SELECT recipient FROM letter WHERE state NOT IN ('queued', 'sending') AND recipient LIKE 'kay%'")
    return {int(str(recipient).removeprefix("kay").partition("@")[0]) for (recipient,) in rows}


def _counted(desk: RunningDesk, sink: Sink, loss: Loss) -> Iterator[Line]:
    """Mails, cases and letters, from Dovecot and the sink where it can be."""
    count = len(loss.accepted)
    found = letters(sink)
    receipts = {number: _receipts(found, number) for number in loss.accepted}
    processed, inbox = in_folder(desk, "Processed"), in_folder(desk, "INBOX")
    complainants = desk.ask("SELECT address FROM party WHERE role = 'complainant'")
    yield Line("mails accepted by Dovecot over LMTP", count)
    yield Line("mails in Processed, of these", len(processed.keys() & {message_id(n) for n in loss.accepted}), count)
    yield Line("mails left in INBOX", inbox.total(), 0)
    yield Line("cases (database)", len(complainants), count)
    yield Line("complainants with a case (database)", len(set(complainants)), count)
    yield Line("complainants whose own mail was acknowledged", sum(bool(found) for found in receipts.values()), count)
    yield Line("letters in two wordings under one Message-ID", sum(one.wordings > 1 for one in found), 0)
    yield Line("mails answered before the backup", len(loss.before))
    yield Line("  of these acknowledged twice", sum(len(receipts[number]) > 1 for number in loss.before), 0)
    later = receipts.keys() - set(loss.before)
    yield Line("later mails acknowledged a second time, in all", sum(len(receipts[number]) > 1 for number in later))


def _receipts(found: list[Letter], number: int) -> list[Letter]:
    return [one for one in found if address(number) in one.recipients and one.answers == message_id(number)]


def _whole(desk: RunningDesk, stopped: int) -> Iterator[Line]:
    yield Line("history verify: exit status", told(desk, "history", "verify"), 0)
    yield Line("rebuild --verify: exit status", told(desk, "rebuild", "--verify"), 0)
    yield Line("mistakes that nobody foresaw, in the journal", desk.journal().count("Traceback"), 0)
    yield Line("exit status after SIGTERM at the end", stopped, 0)
