"""A submission server that fails: at each verb, in each way; every letter still goes out once, or is refused once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from servers.authority import certify
from servers.sink import DROP, HANG, PASSWORD

from faults.numbered import address
from faults.reckoning import letters, told
from faults.stand import Stand, Wiring, standing, suffer
from faults.table import Broken, Ground, Line, Scale

VERBS = ("CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "END")
BEFORE_THE_RECIPIENT = VERBS[:4]
USED_SECONDS = 20.0
AWAY_SECONDS = 5.0
_SUBMISSION = "[desk.submission]\n"
_LOGIN = f'user = "desk"\npassword = "{PASSWORD}"\n'
_NO_SECURITY = '[desk.submission]\nhost = "127.0.0.1"\nsecurity = "none"\n'
LOGGED_IN = Wiring(
    ((_SUBMISSION, _SUBMISSION + _LOGIN),), hurried=True, extensions=("SIZE 60000000", "8BITMIME", "AUTH PLAIN")
)


@dataclass(frozen=True, slots=True)
class Answers:
    """The same answer at one verb after the other, one letter's worth each."""

    what: str
    verbs: tuple[str, ...]
    answer: str


ANSWERS = (
    Answers("SMTP: 421 at each verb", VERBS, "421 4.3.2 going down"),
    Answers("SMTP: 4xx at each verb", VERBS, "451 4.3.0 later"),
    Answers("SMTP: 5xx at each verb before the recipient", BEFORE_THE_RECIPIENT, "554 5.3.0 not you"),
    Answers("SMTP: the line dropped at each verb", VERBS, DROP),
    Answers("SMTP: silence at each verb", VERBS, HANG),
    Answers("SMTP: a letter taken, then the line dropped instead of an answer", ("END",), f"taken {DROP}"),
    Answers("SMTP: a letter taken, then silence instead of an answer", ("END",), f"taken {HANG}"),
    Answers("SMTP: a letter taken, and 451 said to it", ("END",), "taken 451 4.3.0 later"),
)


def fail_at_each(stand: Stand, answers: Answers) -> None:
    """A mail for each verb, whose letters meet that answer once."""
    for verb in answers.verbs:
        stand.sink.cut()  # so that a new connection says hello and logs in
        stand.sink.answer(verb, answers.answer)
        stand.deliver(1)
        if not stand.until(lambda: not stand.sink.has_failures_left, USED_SECONDS):
            stand.beside.append(Line(f"failures at {verb} that were meant and did not come", 1, 0))
        stand.until_at_rest()


def _answered(ground: Ground, rounds: int, answers: Answers) -> Broken:
    def torment(stand: Stand) -> None:
        for _ in range(rounds):
            fail_at_each(stand, answers)

    with standing(ground.folder(), ground.dovecot, ground.user(), LOGGED_IN) as stand:
        return Broken(answers.what, rounds * len(answers.verbs), tuple(suffer(stand, torment)))


def refused(stand: Stand, rounds: int, verb: str) -> list[Line]:
    """One letter in three mails is refused for good: that case says so, the staff hears of it."""
    for _ in range(rounds):
        stand.sink.answer(address(stand.count) if verb == "RCPT" else verb, "550 5.1.1 nobody of that name")
        stand.deliver(3)
        stand.until_at_rest()
    at_the_sink = {one.message_id: one.times for one in letters(stand.sink)}
    lines = [
        Line("letters refused (database)", *_counted(stand, "letter WHERE state = 'refused'", rounds)),
        Line("letters accepted (database)", *_counted(stand, "letter WHERE state = 'accepted'", len(at_the_sink))),
        Line("cases (database)", *_counted(stand, "case_file", stand.count)),
        Line("letters at the sink that came more than once", sum(times > 1 for times in at_the_sink.values()), 0),
        Line("history verify: exit status", told(stand.desk, "history", "verify"), 0),
        Line("rebuild --verify: exit status", told(stand.desk, "rebuild", "--verify"), 0),
        Line("process ended", int(stand.desk.process is None or stand.desk.process.poll() is not None), 0),
    ]
    if verb == "RCPT":
        acknowledged = sum(bool(stand.sink.to(address(number))) for number in range(stand.count))
        lines.append(Line("complainants who were acknowledged", acknowledged, stand.count - rounds))
    return lines


def _refused(ground: Ground, rounds: int, verb: str) -> Broken:
    with standing(ground.folder(), ground.dovecot, ground.user(), LOGGED_IN) as stand:
        lines = refused(stand, rounds, verb)
    return Broken(f"SMTP: 5xx at {verb} for one letter in three mails", rounds, tuple(lines))


def _counted(stand: Stand, what: str, wanted: int) -> tuple[int, int]:
    return int(str(stand.desk.ask(f"SELECT COUNT(*) FROM {what}")[0][0])), wanted  # noqa: S608 - words of ours


def _secured(ground: Ground) -> Wiring:
    """A submission that insists on being protected; the sink that stands behind can be."""
    changed = f'[desk.submission]\n{_LOGIN}ca_file = "{ground.dovecot.ca_file}"\nhost = "127.0.0.1"\n'
    return Wiring(
        ((_NO_SECURITY, f'{changed}security = "starttls"\n'),),
        hurried=True,
        extensions=("STARTTLS", "AUTH PLAIN", "SIZE 60000000"),
        tls=ground.dovecot.place,
    )


def _stripped(ground: Ground, rounds: int) -> Broken:
    """Somebody on the way takes STARTTLS out: nothing is sent in the clear, and all goes out when it is back."""

    def hide(stand: Stand) -> None:
        stand.smtp.hide(b"STARTTLS")
        stand.sink.cut()

    def torment(stand: Stand) -> None:
        _for_a_while(stand, rounds, hide, lambda stand: stand.smtp.hide())
        said = bytes(stand.smtp.sent_by_client).upper()
        stand.beside += [
            Line("passwords sent in the clear", said.count(b"AUTH PLAIN"), 0),
            Line("letters sent in the clear", said.count(b"MAIL FROM"), 0),
        ]

    with standing(ground.folder(), ground.dovecot, ground.user(), _secured(ground)) as stand:
        return Broken("SMTP: STARTTLS taken out on the way", rounds, tuple(suffer(stand, torment)))


def _impostor(ground: Ground, rounds: int) -> Broken:
    """Somebody with a certificate of an authority that is not ours takes the place of the server."""
    other = ground.folder()
    certify(other)

    def replaced(stand: Stand) -> None:
        stand.sink.use_certificate(other)
        stand.sink.cut()

    def torment(stand: Stand) -> None:
        _for_a_while(stand, rounds, replaced, lambda stand: stand.sink.use_certificate(ground.dovecot.place))
        said = bytes(stand.smtp.sent_by_client).upper()
        stand.beside.append(Line("letters sent in the clear", said.count(b"MAIL FROM"), 0))

    with standing(ground.folder(), ground.dovecot, ground.user(), _secured(ground)) as stand:
        return Broken("SMTP: a certificate that is not ours", rounds, tuple(suffer(stand, torment)))


def _nobody(ground: Ground, rounds: int) -> Broken:
    """Nobody listens on the port."""

    def away(stand: Stand) -> None:
        stand.smtp.upstream = 1
        stand.smtp.cut()

    def back(stand: Stand) -> None:
        stand.smtp.upstream = stand.sink.port

    with standing(ground.folder(), ground.dovecot, ground.user(), Wiring(hurried=True)) as stand:
        lines = suffer(stand, lambda stand: _for_a_while(stand, rounds, away, back))
    return Broken("SMTP: nobody listens on the port", rounds, tuple(lines))


def _for_a_while(stand: Stand, rounds: int, begin: Callable[[Stand], None], end: Callable[[Stand], None]) -> None:
    """Mails before, while it lasts, and after; nothing goes out in between."""
    for _ in range(rounds):
        stand.deliver(1)
        stand.until_at_rest()
        begin(stand)
        before = len(stand.sink.taken)
        stand.deliver()
        stand.until(lambda: stand.desk.at_rest(stand.count), AWAY_SECONDS)
        stand.beside.append(Line("letters that went out while it lasted", len(stand.sink.taken) - before, 0))
        end(stand)
        stand.until_at_rest()


def broken(ground: Ground, scale: Scale) -> Iterator[Broken]:
    """One row for each, a desk of its own for each."""
    for answers in ANSWERS:
        yield _answered(ground, scale.rounds, answers)
    for verb in ("RCPT", "DATA", "END"):
        yield _refused(ground, scale.rounds, verb)
    for torment in (_stripped, _impostor, _nobody):
        yield torment(ground, scale.rounds)
