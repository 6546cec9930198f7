"""A mail server that breaks on the way to us: one kind of break after the other, on the wire or by another client."""

import contextlib
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from imapclient import IMAPClient
from servers import dovecot as dovecot_server
from servers.proxy import Mode, Then

from faults.numbered import address
from faults.reckoning import in_folder
from faults.stand import Stand, Wiring, standing, suffer
from faults.table import Broken, Ground, Line, Scale

FETCHED = rb"\* \d+ FETCH \([^\r\n]*BODY\[\] \{\d+\}\r\n"
SWALLOWED_SECONDS = 5.0
REFUSED_SECONDS = 30.0  # so long a mail that the server refuses is asked for again
NOBODY = 1  # a port at which nobody listens


@dataclass(frozen=True, slots=True)
class Break:
    """One way in which the server breaks: `once` does it once, with mails of its own. `hurried`: waits are short."""

    what: str
    once: Callable[[Stand], None]
    hurried: bool = False


def _on_server(pattern: bytes, instead: bytes = b"", then: Then = Then.CUT) -> Callable[[Stand], None]:
    """When the server says this, the client hears something else."""

    def once(stand: Stand) -> None:
        wanted = stand.imap.played + 1
        stand.imap.on_server(pattern, instead, then)
        stand.deliver()
        _wait_for(stand, wanted)

    return once


def _no_to_move(stand: Stand) -> None:
    wanted = stand.imap.played + 1
    stand.imap.on_client(rb"(\w+) UID MOVE [^\r\n]*\r\n", rb"\1 NO [SERVERBUG] not now\r\n")
    stand.deliver()
    _wait_for(stand, wanted)


REFUSABLE = (rb"NOOP", rb"SELECT", rb"UID FETCH", rb"UID FETCH [^\r\n]*BODY\.PEEK\[\]")


def _no_to_each(stand: Stand) -> None:
    """NO to each command that takes mail in, once; the connection lives on."""
    for command in REFUSABLE:
        wanted = stand.imap.played + 1
        stand.imap.on_client(rb"(\w+) " + command + rb"[^\r\n]*\r\n", rb"\1 NO [SERVERBUG] not now\r\n")
        stand.deliver(1)
        _wait_for(stand, wanted)


def _unreadable(ground: Ground, rounds: int) -> Broken:
    """The server has lost the file of one mail, or cannot read it: that one becomes a case without an address."""
    with standing(ground.folder(), ground.dovecot, ground.user()) as stand:
        for _ in range(rounds):
            uid = str(stand.count + 1).encode()
            asked = rb"(\w+) UID FETCH [^\r\n(]*\b" + uid + rb"\b[^\r\n]*BODY\.PEEK[^\r\n]*\r\n"
            stand.imap.on_client(asked, rb"\1 NO [SERVERBUG] cannot read it\r\n", times=1_000_000)
            stand.deliver(4)
            stand.until_at_rest(2 * REFUSED_SECONDS)
        acknowledged = sum(bool(stand.sink.to(address(number))) for number in range(stand.count))
        ((cases,),) = stand.desk.ask("SELECT COUNT(*) FROM case_file")
        lines = (
            Line("mails in Processed in all", in_folder(stand.desk, "Processed").total(), stand.count),
            Line("cases (database)", int(str(cases)), stand.count),
            Line("complainants who were acknowledged", acknowledged, stand.count - rounds),
            Line("mistakes that nobody foresaw, in the journal", stand.desk.journal().count("Traceback"), 0),
        )
    return Broken("IMAP: NO to the fetch of one mail in four, always", rounds, lines)


def _login_refused(stand: Stand) -> None:
    """The server knows nobody for a while, as when its directory of users is away."""
    for code in (b"UNAVAILABLE", b"AUTHENTICATIONFAILED"):
        wanted = stand.imap.played + 2  # the one that reads and the one that listens
        stand.imap.on_client(rb"(\w+) LOGIN [^\r\n]*\r\n", rb"\1 NO [" + code + rb"] who are you\r\n", times=2)
        stand.imap.cut()
        stand.deliver(1)
        _wait_for(stand, wanted)


def _cut_anywhere(stand: Stand) -> None:
    """Somewhere in what the server says while mails come in."""
    wanted = stand.imap.played + 1
    stand.imap.cut_after(random.randrange(2500))  # noqa: S311 - a place and no secret
    stand.deliver(1)
    stand.until(lambda: stand.imap.played >= wanted, 8)
    stand.deliver(1)
    _wait_for(stand, wanted)


def _wait_for(stand: Stand, played: int) -> None:
    """Until it happened, and what came then is done."""
    if not stand.until(lambda: stand.imap.played >= played):
        stand.beside.append(Line("breaks that were meant and did not come", 1, 0))
    stand.until_at_rest()


def _in_mode(mode: Mode, seconds: float = SWALLOWED_SECONDS) -> Callable[[Stand], None]:
    """For some seconds nothing comes as it should; then all goes on."""

    def once(stand: Stand) -> None:
        stand.imap.mode = mode
        stand.deliver()
        stand.until(lambda: stand.desk.at_rest(stand.count), seconds)
        stand.imap.mode = Mode.PASS
        stand.until_at_rest()

    return once


def _refused(stand: Stand) -> None:
    """Nobody listens any more."""
    upstream, stand.imap.upstream = stand.imap.upstream, NOBODY
    stand.imap.cut()
    stand.deliver()
    stand.until(lambda: stand.desk.at_rest(stand.count), SWALLOWED_SECONDS)
    stand.imap.upstream = upstream
    stand.until_at_rest()


@contextlib.contextmanager
def _other_client(stand: Stand, folder: str = "INBOX") -> Iterator[IMAPClient]:
    client = stand.desk.dovecot.client(stand.desk.user)
    try:
        client.select_folder(folder)
        yield client
    finally:
        client.logout()


def _expunged(stand: Stand) -> None:
    """Between the list of what is there and the fetch, somebody takes one mail away; the others are all taken."""
    wanted = stand.imap.played + 1
    stray = b"From: stray@example.com\r\nSubject: deleted by somebody\r\n\r\nnothing\r\n"

    def expunge() -> None:
        with _other_client(stand) as client:
            client.delete_messages(client.search(["SUBJECT", "deleted by somebody"]))
            client.expunge()

    stand.imap.meanwhile(rb"UID FETCH [\d,:]+ \([^)]*BODY\.PEEK\[\]", expunge)
    upstream, stand.imap.upstream = stand.imap.upstream, NOBODY
    stand.imap.cut()
    stand.desk.dovecot.append(stand.desk.user, stray)
    stand.deliver()
    stand.imap.upstream = upstream
    _wait_for(stand, wanted)


def _without_processed(stand: Stand) -> None:
    """The folder for what is done is taken away, with what lies in it: only what comes then is looked for there."""
    with _other_client(stand) as client:
        kept = client.select_folder("Processed")[b"EXISTS"]
        client.select_folder("INBOX")
        client.rename_folder("Processed", f"Processed before {kept}")
    stand.deliver()
    stand.until_at_rest()
    with _other_client(stand) as client:
        client.select_folder(f"Processed before {kept}")
        if kept:
            client.move("1:*", "Processed")
        client.select_folder("INBOX")
        client.delete_folder(f"Processed before {kept}")


def _other_uidvalidity(stand: Stand) -> None:
    """As after a move to another machine: the same mails, all numbered anew."""
    stand.deliver(1)
    index = stand.desk.dovecot.place / "mail" / stand.desk.user / "dovecot-uidlist"
    upstream, stand.imap.upstream = stand.imap.upstream, NOBODY
    stand.imap.cut()
    stand.deliver(1)
    text = index.read_text()
    found = re.search(r"V(\d+)", text)
    assert found, text
    index.write_text(text.replace(found[0], f"V{int(found[1]) + 1}", 1))
    for cached in index.parent.glob("dovecot.index*"):
        cached.unlink()
    stand.deliver(1)
    stand.imap.upstream = upstream
    stand.until_at_rest()


BREAKS = (
    Break("IMAP: BYE in the middle of a fetch", _on_server(FETCHED, b"* BYE going down\\r\\n")),
    Break("IMAP: a mail's literal cut short, then the line", _on_server(rb"(" + FETCHED + rb".{90}).*", rb"\1")),
    Break("IMAP: a literal cut short, then silence", _on_server(rb"(" + FETCHED + rb".{90}).*", rb"\1", Then.HUSH)),
    Break(
        "IMAP: a literal longer than announced",
        _on_server(rb"(\* \d+ FETCH \([^\r\n]*BODY\[\]) \{\d+\}", rb"\1 {40}", Then.GO_ON),
    ),
    Break("IMAP: NO to MOVE", _no_to_move),
    Break("IMAP: NO to NOOP, SELECT and FETCH", _no_to_each),
    Break("IMAP: NO to LOGIN for a while", _login_refused, hurried=True),
    Break("IMAP: MOVE done, its answer lost", _on_server(rb"[^\r\n]*COPYUID.*")),
    Break("IMAP: the line cut at a random octet", _cut_anywhere),
    Break("IMAP: answers come octet by octet", _in_mode(Mode.DRIP)),
    Break("IMAP: answers come late", _in_mode(Mode.DELAY)),
    Break("IMAP: answers never come", _in_mode(Mode.BLACKHOLE)),
    Break("IMAP: nobody listens on the port", _refused),
    Break("IMAP: another client expunges a mail during a fetch", _expunged),
    Break("IMAP: the folder Processed taken away", _without_processed),
    Break("IMAP: UIDVALIDITY changed", _other_uidvalidity),
)


def _impostor(ground: Ground, rounds: int) -> Broken:
    """Somebody else answers, with a certificate of an authority that is not ours."""
    other = dovecot_server.start()
    dovecot = ground.dovecot
    wiring = Wiring(
        (('security = "none"', f'security = "tls"\nca_file = "{dovecot.ca_file}"'),), imap=dovecot.imaps, hurried=True
    )

    def torment(stand: Stand) -> None:
        for _ in range(rounds):
            stand.imap.upstream = other.imaps
            stand.imap.cut()
            stand.deliver()
            stand.until(lambda: stand.desk.at_rest(stand.count), SWALLOWED_SECONDS)
            stand.imap.upstream = dovecot.imaps
            stand.until_at_rest()
        logins = (other.place / "dovecot.log").read_text().count("Login: ")
        stand.beside.append(Line("logins at the server with the foreign certificate", logins, 0))

    try:
        with standing(ground.folder(), dovecot, ground.user(), wiring) as stand:
            return Broken("IMAP: a certificate that is not ours", rounds, tuple(suffer(stand, torment)))
    finally:
        other.stop()


def _stripped(ground: Ground, rounds: int) -> Broken:
    """Somebody on the way takes STARTTLS out."""
    dovecot = ground.dovecot
    wiring = Wiring((('security = "none"', f'security = "starttls"\nca_file = "{dovecot.ca_file}"'),), hurried=True)

    def torment(stand: Stand) -> None:
        for _ in range(rounds):
            stand.imap.hide(b"STARTTLS")
            stand.imap.cut()
            stand.deliver()
            stand.until(lambda: stand.desk.at_rest(stand.count), SWALLOWED_SECONDS)
            stand.imap.hide()
            stand.until_at_rest()
        logins = bytes(stand.imap.sent_by_client).upper().count(b" LOGIN ")
        stand.beside.append(Line("passwords sent in the clear", logins, 0))

    with standing(ground.folder(), dovecot, ground.user(), wiring) as stand:
        return Broken("IMAP: STARTTLS taken out on the way", rounds, tuple(suffer(stand, torment)))


def _again_and_again(once: Callable[[Stand], None], rounds: int) -> Callable[[Stand], None]:
    def torment(stand: Stand) -> None:
        for _ in range(rounds):
            once(stand)

    return torment


def broken(ground: Ground, scale: Scale, breaks: tuple[Break, ...] = BREAKS) -> Iterator[Broken]:
    """One row for each, a desk of its own for each."""
    for one in breaks:
        with standing(ground.folder(), ground.dovecot, ground.user(), Wiring(hurried=one.hurried)) as stand:
            lines = suffer(stand, _again_and_again(one.once, scale.rounds))
        yield Broken(one.what, scale.rounds, tuple(lines))
    if breaks is BREAKS:
        yield _unreadable(ground, scale.rounds)
        yield _impostor(ground, scale.rounds)
        yield _stripped(ground, scale.rounds)
