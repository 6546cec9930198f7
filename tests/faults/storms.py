"""Storms and loops: mail without end, and programs that answer programs. What leaves is counted at an SMTP sink."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from running import RunningDesk, running_desk
from servers.sink import Sink

from faults.reckoning import STAFF, told
from faults.storms_later import hours_after
from faults.table import Broken, Ground, Line, Scale

PER_ADDRESS, PER_DOMAIN, PER_PERSON = 5, 120, 200
CHALLENGES = 10
AT_ONCE = 200
SILENT_SECONDS = 6.0
SECONDS_PER_MAIL, PATIENCE = 0.2, 60.0
LARGE = 1_000_000


def section(ground: Ground, scale: Scale) -> Iterator[Broken]:
    """Every storm, a row each."""
    for storm in STORMS:
        yield storm(ground, scale.storm)


@dataclass(slots=True)
class Stormed:
    """A running desk with the usual budgets, and the sink that its letters go to."""

    desk: RunningDesk
    sink: Sink
    mails: int = 0

    def storm(self, mails: Sequence[bytes]) -> None:
        """Put them into the mailbox; returns when all are dealt with and nothing is left to send now."""
        for start in range(0, len(mails), AT_ONCE):
            self.desk.dovecot.append(self.desk.user, *mails[start : start + AT_ONCE])
        self.mails += len(mails)
        end = time.monotonic() + PATIENCE + SECONDS_PER_MAIL * len(mails)
        while self.desk.ask(_LEFT) != [(self.mails, 0)] and time.monotonic() < end:
            time.sleep(0.1)

    def number(self, sql: str) -> int:
        """The one number of a statement."""
        ((number,),) = self.desk.ask(sql)
        return int(str(number))

    def to(self, ending: str) -> int:
        """How many letters the sink took for addresses that end so."""
        return sum(one.recipients[0].endswith(ending) for one in list(self.sink.taken))

    def command(self, *words: str) -> str:
        """What a command of maildesk prints."""
        command = [sys.executable, "-m", "maildesk", "--config", str(self.desk.folder / "maildesk.toml"), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout

    def usual(self) -> list[Line]:
        """What holds after every storm, once the desk has ended as it was asked to."""
        return [
            Line("mails kept (database)", self.number("SELECT COUNT(*) FROM inbox"), self.mails),
            Line("exit status after SIGTERM at the end", self.desk.stop(), 0),
            Line("history verify: exit status", told(self.desk, "history", "verify"), 0),
            Line("rebuild --verify: exit status", told(self.desk, "rebuild", "--verify"), 0),
            Line("mistakes that nobody foresaw, in the journal", self.desk.journal().count("Traceback"), 0),
        ]


_LEFT = (
    "SELECT (SELECT COUNT(*) FROM inbox), (SELECT COUNT(*) FROM inbox WHERE state = 'kept' OR NOT is_moved) + (SELECT "
    "COUNT(*) FROM letter WHERE state = 'sending' OR (state = 'queued' AND answer NOT LIKE 'held back%'))"
)
_CASES = "SELECT COUNT(*) FROM case_file"
_SHELF = "SELECT COUNT(*) FROM message WHERE shelf_reason != ''"
_TO_THE_OTHER = "SELECT COUNT(*) FROM letter WHERE kind = 'acknowledgement' AND state = 'accepted'"
_HELD = "SELECT COUNT(*) FROM letter WHERE state = 'queued' AND answer LIKE 'held back%' AND recipient LIKE '%@{}'"


@contextlib.contextmanager
def stormed(ground: Ground, limits: str = "") -> Iterator[Stormed]:
    """A desk that has looked at its mailbox once; `limits` are more lines of [limits]."""
    sink = Sink()
    try:
        with running_desk(ground.folder(), ground.dovecot, ground.user("storm"), sink.port) as desk:
            usual_budgets(desk, {"[limits]": f"[limits]\n{limits}", "poll_seconds = 5": "poll_seconds = 1"})
            desk.start()
            desk.until(lambda: desk.begun() and desk.has_started())
            yield Stormed(desk, sink)
    finally:
        sink.stop()


def usual_budgets(desk: RunningDesk, changes: Mapping[str, str]) -> None:
    """Take the large budgets of the other tests out of the configuration, and change other words in it."""
    file = desk.folder / "maildesk.toml"
    lines = [line for line in file.read_text().splitlines() if "_per_hour = " not in line and "_per_day = " not in line]
    text = "\n".join(lines)
    for old, new in changes.items():
        text = text.replace(old, new)
    file.write_text(text + "\n")


def mail(number: int, sender: str, to: str, words: str = "", more: str = "") -> bytes:
    """One of a storm, with lines `more` in its header."""
    head = f"From: {sender}\r\nTo: {to}\r\nMessage-ID: <storm.{number}@machine.example>\r\n{more}"
    head += "Date: Tue, 03 Mar 2026 10:00:00 +0000\r\n"
    head += "" if "Subject:" in more else f"Subject: Bins of street {number}\r\n"
    return f"{head}\r\n{words or f'The bins of street {number} were not emptied.'}\r\n".encode()


def changing_sender(ground: Ground, count: int) -> Broken:
    """A program whose address differs by a byte in every mail: no cap per address ever holds it."""
    with stormed(ground) as desk:
        desk.storm([mail(n, f"k{n}@machine.example", desk.desk.user) for n in range(count)])
        most, notices = min(count, PER_DOMAIN), min(count, PER_PERSON)
        lines = [
            Line("cases (database)", desk.number(_CASES), count),
            Line("acknowledgements at the sink", desk.to("@machine.example"), most),
            Line("acknowledgements that wait (database)", desk.number(_HELD.format("machine.example")), count - most),
            Line("notices to staff at the sink", desk.to(STAFF), notices),
            Line("the journal says what is held back", int("held back" in desk.desk.journal()), int(count > most)),
            Line("a complainant elsewhere is answered at once", _elsewhere(desk), 1),
            Line("taken back by `letters recall`", _recalled(desk), count - most),
            *desk.usual(),
        ]
    return Broken("a sender whose address changes by a byte each time", count, tuple(lines))


def _elsewhere(desk: Stormed) -> int:
    desk.storm([mail(LARGE, "kay@elsewhere.example", desk.desk.user)])
    return desk.to("kay@elsewhere.example")


def _recalled(desk: Stormed) -> int:
    told = desk.command("letters", "recall", "--to", "machine.example", "--held-back", "--json")
    return int(json.loads(told)["recalled"])


def many_domains(ground: Ground, count: int) -> Broken:
    """Mails from as many domains as there are mails, and half as many letters allowed."""
    with stormed(ground, f"letters_per_desk_per_hour = {count // 2}") as desk:
        desk.storm([mail(n, f"kay@d{n}.machine.example", desk.desk.user) for n in range(count)])
        lines = [
            Line("cases (database)", desk.number(_CASES), count),
            Line("acknowledgements at the sink", desk.to(".machine.example"), count // 2),
            *desk.usual(),
        ]
    return Broken("a sender whose domain changes each time", count, tuple(lines))


def out_of_office(ground: Ground, count: int) -> Broken:
    """Half of them say what they are (RFC 3834 section 5), half are told by their subject alone."""
    marked = "Auto-Submitted: auto-replied\r\nSubject: Away\r\n"
    unmarked = "Subject: Out of Office: Re: your letter\r\n"
    words = "I am out of the office until Monday."
    with stormed(ground) as desk:
        desk.storm(
            [mail(n, f"k{n}@machine.example", desk.desk.user, words, (marked, unmarked)[n % 2]) for n in range(count)]
        )
        lines = [
            Line("letters at the sink", len(desk.sink.taken), 0),
            Line("cases (database)", desk.number(_CASES), 0),
            Line("on the shelf (database)", desk.number(_SHELF), count),
            *desk.usual(),
        ]
    return Broken("out-of-office answers", count, tuple(lines))


def forged_staff(ground: Ground, count: int) -> Broken:
    """Commands with nothing but a From."""
    with stormed(ground) as desk:
        desk.storm([mail(n, f"Anna <{STAFF}>", desk.desk.user, f"#take\r\n{n}") for n in range(count)])
        lines = [
            Line("letters at the sink, all to the registered address", len(desk.sink.taken), min(count, CHALLENGES)),
            Line("  of these to the registered address", desk.to(STAFF), min(count, CHALLENGES)),
            Line("on the shelf (database)", desk.number(_SHELF), max(0, count - CHALLENGES)),
            *desk.usual(),
        ]
    return Broken("forged commands of staff", count, tuple(lines))


def own_address_everywhere(ground: Ground, count: int) -> Broken:
    """The desk's address in Cc and Reply-To; then every letter that it wrote comes home."""
    with stormed(ground) as desk:
        own = desk.desk.user
        more = f"Cc: {own}\r\nReply-To: {own}\r\n"
        few = min(count, PER_DOMAIN)
        desk.storm([mail(n, f"k{n}@machine.example", own, more=more) for n in range(few)])
        lines = [
            Line("cases (database)", desk.number(_CASES), few),
            Line("letters at the sink to the desk itself", desk.to(own), 0),
        ]
        written = [one.octets for one in desk.sink.taken]
        desk.storm(written)
        lines += [
            Line("letters of ours that came home", len(written)),
            Line("letters at the sink that this caused", len(desk.sink.taken) - len(written), 0),
            Line("cases that this opened (database)", desk.number(_CASES) - few, 0),
            *desk.usual(),
        ]
    return Broken("the desk's own address in Cc and Reply-To, and then its own mail coming home", few, tuple(lines))


def two_desks(ground: Ground, count: int) -> Broken:
    """Two installations that know nothing of each other; each gets mail from the other's address, by Postfix."""
    few = min(count, PER_DOMAIN)
    with contextlib.ExitStack() as stack:
        desks = [
            stack.enter_context(running_desk(ground.folder(), ground.dovecot, ground.user(name), ground.postfix.smtp))
            for name in ("north", "south")
        ]
        for desk in desks:
            usual_budgets(desk, {STAFF: ground.user("anna"), "poll_seconds = 5": "poll_seconds = 1"})
            desk.start()
            desk.until(desk.begun)
            desk.until(desk.has_started)
        north, south = desks
        for one, other in ((north, south), (south, north)):
            one.dovecot.append(one.user, *(mail(n, other.user, one.user) for n in range(few)))
        _until_silent(desks)
        lines = [line for desk, name in ((north, "north"), (south, "south")) for line in _exchanged(desk, name, few)]
    return Broken("two desks that write to each other through Postfix", 2 * few, tuple(lines))


def _exchanged(desk: RunningDesk, name: str, mails: int) -> list[Line]:
    """Its letters to the other are capped by address and day, and none of them is answered."""
    ((kept,),) = desk.ask("SELECT COUNT(*) FROM inbox")
    ((cases,),) = desk.ask(_CASES)
    ((sent,),) = desk.ask(_TO_THE_OTHER)
    return [
        Line(f"cases at {name} (database)", int(str(cases)), mails),
        Line(f"letters of {name} to the other desk (database)", int(str(sent)), min(mails, PER_ADDRESS)),
        Line(
            f"mails in all at {name}: the first, and the other's letters",
            int(str(kept)),
            mails + min(mails, PER_ADDRESS),
        ),
        Line(f"exit status of {name} after SIGTERM at the end", desk.stop(), 0),
    ]


def _until_silent(desks: Sequence[RunningDesk]) -> None:
    """Until nothing has happened at any of them for a while."""
    said, since, end = "", time.monotonic(), time.monotonic() + 4 * PATIENCE
    while time.monotonic() - since < SILENT_SECONDS and time.monotonic() < end:
        if (now := "".join(desk.journal() for desk in desks)) != said:
            said, since = now, time.monotonic()
        time.sleep(0.1)


STORMS: tuple[Callable[[Ground, int], Broken], ...] = (
    changing_sender,
    many_domains,
    out_of_office,
    forged_staff,
    own_address_everywhere,
    two_desks,
    hours_after,
)
