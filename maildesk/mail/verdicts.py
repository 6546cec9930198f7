"""What a server's reply means for the letter: an ordered table, the first row that fits decides (RFC 5321, RFC 3463).

A permanent reply before the recipient is named is about us, not about them: our login, our sender address, our host.
Then the letter waits and the operator is told, since giving up on everybody's letters would be the greater fault.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from maildesk.mail.outgoing import Deferred, Outcome, Refused, Whose


class Verb(StrEnum):
    """Where in the conversation the reply came."""

    CONNECT = "connect"
    HELLO = "hello"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Row:
    """`verbs` and the two patterns must all fit; `whose` None means refused for good."""

    verbs: frozenset[Verb]
    code: str
    text: str
    whose: Whose | None


ANY = frozenset(Verb)
BEFORE = frozenset({Verb.CONNECT, Verb.HELLO, Verb.AUTH})
ENVELOPE = frozenset({Verb.MAIL, Verb.RCPT, Verb.DATA})

TABLE = (
    Row(ANY, r"4..", r"", Whose.THEIRS),
    Row(BEFORE, r"...", r"", Whose.OURS),
    Row(ENVELOPE, r"55[24]", r"5\.3\.4|size|too (?:big|large)", None),
    Row(frozenset({Verb.MAIL}), r"55[03]", r"5\.6\.7|smtputf8", None),
    Row(ENVELOPE, r"53[0458]", r"", Whose.OURS),
    Row(ENVELOPE, r"5..", r"5\.7\.8|5\.7\.9|5\.1\.7|5\.1\.8|5\.4\.5", Whose.OURS),
    Row(ENVELOPE, r"5..", r"relay(?:ing)? (?:access )?denied|sender address rejected|client host rejected", Whose.OURS),
    Row(ENVELOPE, r"5..", r"authentication required|quota exceeded for|sending limit", Whose.OURS),
    Row(frozenset({Verb.MAIL}), r"...", r"", Whose.OURS),
    Row(ANY, r"5..", r"", None),
    Row(ANY, r"...", r"", Whose.THEIRS),
)
_COMPILED = tuple((row, re.compile(row.code), re.compile(row.text, re.IGNORECASE)) for row in TABLE)


def judge(verb: Verb, code: int, text: str) -> Outcome:
    """What comes of the letter after a reply that was not the hoped-for one."""
    for row, codes, words in _COMPILED:
        if verb in row.verbs and codes.fullmatch(f"{code:03d}") and words.search(text):
            return Refused(code, text) if row.whose is None else Deferred(code, text, row.whose)
    return Deferred(code, text, Whose.THEIRS)
