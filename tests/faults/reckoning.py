"""What came of numbered mails, counted where maildesk has no hand: in Dovecot, and at an SMTP sink.

Only cases and kept mails are asked of its database, and they must agree with what is counted outside.
"""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email import message_from_bytes

from running import RunningDesk
from servers.sink import Sink

from faults.numbered import address, message_id
from faults.table import Line

STAFF = "anna@staff.test"
SECONDS = 300


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter as the sink wrote it down: how often, in how many wordings, to whom, in answer to what."""

    message_id: str
    recipients: frozenset[str]
    answers: str
    times: int
    wordings: int


def letters(sink: Sink) -> list[Letter]:
    """Every letter that was accepted, by its Message-ID. Two wordings are two contents, whatever the envelope."""
    taken = defaultdict(list)
    for one in list(sink.taken):
        taken[message_id_of(one.octets)].append(one)
    return [
        Letter(
            ident,
            frozenset(to for copy in copies for to in copy.recipients),
            str(message_from_bytes(copies[0].octets)["In-Reply-To"] or ""),
            len(copies),
            len({copy.octets for copy in copies}),
        )
        for ident, copies in taken.items()
    ]


def message_id_of(octets: bytes) -> str:
    """Of a letter, or of the beginning of one."""
    return str(message_from_bytes(octets)["Message-ID"])


def in_folder(desk: RunningDesk, folder: str) -> Counter[str]:
    """The Message-IDs that lie in a folder, asked over IMAP."""
    client = desk.dovecot.client(desk.user)
    client.socket().settimeout(SECONDS)
    client.select_folder(folder, readonly=True)
    found = client.fetch(client.search(), ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
    client.logout()
    heads = (items[b"BODY[HEADER.FIELDS (MESSAGE-ID)]"] for items in found.values())
    return Counter(message_id_of(head) for head in heads)


def told(desk: RunningDesk, *words: str) -> int:
    """The exit status of a command of maildesk."""
    command = [sys.executable, "-m", "maildesk", "--config", str(desk.folder / "maildesk.toml"), *words]
    return subprocess.run(command, stdout=subprocess.DEVNULL, timeout=SECONDS, check=False).returncode


def reckon(desk: RunningDesk, sink: Sink, accepted: Iterable[int], repeatable: Mapping[str, int]) -> list[Line]:
    """The table. `repeatable` says how often a letter was between DATA and commit 3 when a kill fell."""
    numbers = list(accepted)
    count = len(numbers)
    ids = {message_id(number) for number in numbers}
    return [
        *_at_dovecot(desk, ids),
        Line("mails kept (database)", _number(desk, "SELECT COUNT(*) FROM inbox"), count),
        Line("mails filed on a case (database)", _number(desk, _FILED), count),
        Line("cases (database)", _number(desk, "SELECT COUNT(*) FROM case_file"), count),
        *at_the_sink(letters(sink), {address(number): message_id(number) for number in numbers}, repeatable),
        Line("history verify: exit status", told(desk, "history", "verify"), 0),
        Line("rebuild --verify: exit status", told(desk, "rebuild", "--verify"), 0),
        Line("mistakes that nobody foresaw, in the journal", desk.journal().count("Traceback"), 0),
    ]


_FILED = "SELECT COUNT(DISTINCT case_id) FROM message WHERE case_id IS NOT NULL"


def _at_dovecot(desk: RunningDesk, ids: set[str]) -> list[Line]:
    processed, inbox = in_folder(desk, "Processed"), in_folder(desk, "INBOX")
    return [
        Line("mails in Processed, of these", len(processed.keys() & ids), len(ids)),
        Line("mails in Processed in all", processed.total(), len(ids)),
        Line("mails left in INBOX", inbox.total(), 0),
    ]


def at_the_sink(found: list[Letter], senders: Mapping[str, str], repeatable: Mapping[str, int]) -> list[Line]:
    """What was written down at the sink; `senders` are the complainants and the Message-IDs of their mails."""
    acknowledgements = [one for one in found if one.recipients <= senders.keys()]
    right = {to for one in acknowledgements for to in one.recipients if one.answers == senders[to]}
    notices = [one for one in found if one.recipients == {STAFF}]
    copies = sum(one.times - 1 for one in found)
    unexplained = sum(max(0, one.times - 1 - repeatable.get(one.message_id, 0)) for one in found)
    return [
        Line("acknowledgements at the sink, by Message-ID", len(acknowledgements), len(senders)),
        Line("complainants whose own mail was acknowledged", len(right), len(senders)),
        Line("notices to staff at the sink, by Message-ID", len(notices), len(senders)),
        Line("other letters at the sink", len(found) - len(acknowledgements) - len(notices), 0),
        Line("letters in two wordings under one Message-ID", sum(one.wordings > 1 for one in found), 0),
        Line("letters between DATA and commit 3 at a kill: may repeat once each", sum(repeatable.values())),
        Line("  copies on the wire", copies),
        Line("  copies beyond these", unexplained, 0),
    ]


def _number(desk: RunningDesk, sql: str) -> int:
    ((number,),) = desk.ask(sql)
    return int(str(number))
