"""A short form of the section `servers`: one desk suffers many breaks, one after the other, and loses nothing."""

import random
from pathlib import Path

import pytest
from servers.dovecot import Dovecot
from servers.sink import DROP, HANG

from faults.servers_imap import BREAKS
from faults.servers_smtp import ANSWERS, LOGGED_IN, VERBS, Answers, fail_at_each, refused
from faults.stand import Stand, standing, suffer

SLOW = ("then silence", "octet by octet", "never come", "come late", "nobody listens", "random octet")


def not_as_promised(lines) -> list[str]:
    return [str(line) for line in lines if not line.is_kept]


@pytest.mark.timeout(120)
def test_whatever_breaks_at_the_imap_server_each_mail_is_taken_once(dovecot: Dovecot, user: str, tmp_path: Path):
    quick = [one for one in BREAKS if not (one.hurried or any(words in one.what for words in SLOW))]
    random.shuffle(quick)

    def torment(stand: Stand) -> None:
        for one in quick:
            one.once(stand)

    with standing(tmp_path, dovecot, user) as stand:
        lines = suffer(stand, torment)
    assert not_as_promised(lines) == [], [one.what for one in quick]


@pytest.mark.timeout(120)
def test_whatever_the_smtp_server_says_each_letter_goes_out_once(dovecot: Dovecot, user: str, tmp_path: Path):
    some = [Answers("", (random.choice(VERBS),), said) for said in ("421 4.3.2 down", "451 4.3.0 later", DROP, HANG)]  # noqa: S311
    some += [one for one in ANSWERS if one.verbs == ("END",) and HANG not in one.answer]

    def torment(stand: Stand) -> None:
        for answers in some:
            fail_at_each(stand, answers)

    with standing(tmp_path, dovecot, user, LOGGED_IN) as stand:
        lines = suffer(stand, torment)
    assert not_as_promised(lines) == [], some


@pytest.mark.timeout(120)
def test_a_recipient_who_is_refused_does_not_hold_up_the_others(dovecot: Dovecot, user: str, tmp_path: Path):
    with standing(tmp_path, dovecot, user, LOGGED_IN) as stand:
        assert not_as_promised(refused(stand, 1, "RCPT")) == []
