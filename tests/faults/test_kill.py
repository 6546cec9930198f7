"""A short form of `make faults`, and whether its reckoning would notice; counts only."""

import random
from types import SimpleNamespace

import pytest

from faults.kill import Plan, torment
from faults.numbered import address, message_id
from faults.reckoning import STAFF, at_the_sink, letters

MAILS, KILLS = 60, 6


@pytest.mark.timeout(150)
def test_killed_at_random_moments_it_loses_no_mail_and_says_nothing_twice(dovecot, user, tmp_path):
    plan = Plan(MAILS, KILLS, longest=2.5, seed=random.randrange(2**32))  # noqa: S311 - no secret
    lines = torment(plan, dovecot, user, tmp_path)
    assert [str(line) for line in lines if not line.is_kept] == [], plan


def taken(number, *, ident="", words="hello", to=""):
    head = f"Message-ID: {ident or f'<letter.{number}@x.test>'}\r\nIn-Reply-To: {message_id(number)}\r\n"
    return SimpleNamespace(recipients=(to or address(number),), octets=f"{head}\r\n{words}\r\n".encode())


def notice(number):
    return taken(number, ident=f"<notice.{number}@x.test>", to=STAFF)


def broken(*more, count=2, repeatable=None):
    """The promises that the reckoning finds broken, where so many mails were answered and `more` was sent."""
    usual = [letter for number in range(count) for letter in (taken(number), notice(number))]
    found = letters(SimpleNamespace(taken=[*usual, *more]))
    lines = at_the_sink(found, {address(number): message_id(number) for number in range(2)}, repeatable or {})
    return [line.what.strip() for line in lines if not line.is_kept]


def test_the_reckoning_finds_nothing_broken_where_each_has_one_letter():
    assert broken() == []


def test_the_reckoning_notices_a_mail_that_was_never_acknowledged():
    assert "acknowledgements at the sink, by Message-ID" in broken(count=1)
    assert "complainants whose own mail was acknowledged" in broken(count=1)


def test_the_reckoning_notices_a_second_acknowledgement():
    assert broken(taken(0, ident="<second@x.test>")) == ["acknowledgements at the sink, by Message-ID"]


def test_the_reckoning_notices_a_copy_that_no_kill_explains():
    assert broken(taken(0)) == ["copies beyond these"]
    assert broken(taken(0), repeatable={"<letter.0@x.test>": 1}) == []
    assert broken(taken(0), taken(0), repeatable={"<letter.0@x.test>": 1}) == ["copies beyond these"]
    assert broken(taken(0), repeatable={"<letter.1@x.test>": 1}) == ["copies beyond these"]


def test_the_reckoning_notices_other_words_under_the_same_message_id():
    assert broken(taken(0, words="other"), repeatable={"<letter.0@x.test>": 1}) == [
        "letters in two wordings under one Message-ID"
    ]


def test_the_reckoning_notices_a_letter_to_nobody_of_the_play():
    assert broken(taken(0, ident="<stray@x.test>", to="stranger@example.com")) == ["other letters at the sink"]
