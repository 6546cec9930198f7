"""Whether the fast way is also the right one: cases and acknowledgements against a separate reckoning."""

import email
from collections import Counter
from dataclasses import dataclass

from servers.dovecot import Dovecot
from servers.sink import Sink

from bench.ground import WAITING, fill, let_in, maildesk
from bench.mails import Mails, expected


@dataclass(frozen=True, slots=True)
class Checked:
    """Numbers that must be equal in pairs. `wrong` are the Message-IDs whose acknowledgement is missing or too many."""

    cases: int
    cases_expected: int
    joined: int
    joined_expected: int
    acknowledgements: int
    wrong: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether everything came out as reckoned."""
        return not self.wrong and (self.cases, self.joined) == (self.cases_expected, self.joined_expected)


def check(dovecot: Dovecot, user: str, mails: Mails) -> Checked:
    """Let the mails in, and count what came of them in the database and, outside, at a sink."""
    fill(dovecot, user, mails.files, WAITING)
    sink = Sink()
    try:
        with maildesk(dovecot, sink.port, user) as daemon:
            let_in(dovecot, user)
            daemon.until_kept(len(mails.files))
            ((cases,),) = daemon.ask("SELECT COUNT(*) FROM case_file")
            ((on_cases,),) = daemon.ask("SELECT COUNT(*) FROM message WHERE case_id IS NOT NULL")
    finally:
        sink.stop()
    wanted = expected(mails)
    answered = Counter(str(email.message_from_bytes(taken.octets)["In-Reply-To"]) for taken in sink.taken)
    wrong = {mid for mid in wanted.opening | answered.keys() if answered[mid] != (mid in wanted.opening)}
    return Checked(cases, len(wanted.opening), on_cases - cases, wanted.joining, answered.total(), tuple(sorted(wrong)))
