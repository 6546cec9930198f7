"""Budgets of automatic letters: what is over waits, nothing that a person wrote does, and it ends by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from maildesk.domain.letter_kinds import LETTERS, Audience, LetterKind
from maildesk.domain.pace import WINDOW, Budget, Left, Pace, Scope, is_paced

NOW = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TABLE = (
    Budget(Audience.STAFF, Scope.ADDRESS, 2),
    Budget(Audience.COMPLAINANT, Scope.DOMAIN, 3),
    Budget(Audience.COMPLAINANT, Scope.DESK, 5),
)
ACK = LetterKind.ACKNOWLEDGEMENT


def test_a_domain_gets_no_more_than_its_budget_whatever_the_address():
    pace = Pace(TABLE)
    taken = [pace.take(ACK, f"kay{n}@machine.example", NOW) for n in range(4)]
    assert taken[:3] == [None] * 3
    assert taken[3] is not None
    assert taken[3].why == "held back: more than 3 automatic letters in an hour to machine.example"
    assert pace.take(ACK, "kay@other.example", NOW) is None


def test_all_domains_together_get_no_more_than_the_desks_budget():
    pace = Pace(TABLE)
    assert [pace.take(ACK, f"kay@{n}.example", NOW) for n in range(5)] == [None] * 5
    held = pace.take(ACK, "kay@6.example", NOW)
    assert held
    assert held.why == "held back: more than 5 automatic letters in an hour from this desk"


def test_a_letter_held_back_by_one_budget_costs_no_other():
    pace = Pace(TABLE)
    for n in range(50):
        pace.take(ACK, f"kay{n}@machine.example", NOW)
    assert pace.take(ACK, "kay@a.example", NOW) is None
    assert pace.take(ACK, "kay@b.example", NOW) is None
    assert pace.take(ACK, "kay@c.example", NOW) is not None


def test_what_is_held_back_waits_until_the_window_is_wholly_free_and_newer_letters_wait_behind_it():
    pace = Pace(TABLE)
    for n in range(3):
        pace.take(ACK, "kay@machine.example", NOW + n * MINUTE)
    held = pace.take(ACK, "kay@machine.example", NOW + 3 * MINUTE)
    assert held
    assert held.until == NOW + 2 * MINUTE + WINDOW
    assert pace.take(ACK, "new@machine.example", NOW + WINDOW + MINUTE) == held
    assert pace.take(ACK, "kay@machine.example", held.until) is None


@pytest.mark.parametrize("kind", [kind for kind in LetterKind if not LETTERS[kind].auto_submitted])
def test_a_letter_that_a_person_wrote_is_never_held_back(kind):
    pace = Pace(TABLE)
    assert [pace.take(kind, "kay@machine.example", NOW) for _ in range(50)] == [None] * 50


def test_the_letters_that_tell_of_trouble_are_never_held_back():
    assert not is_paced(LetterKind.DIGEST)
    assert not is_paced(LetterKind.PROBE)
    assert is_paced(LetterKind.CHALLENGE)


def test_colleagues_at_one_domain_do_not_share_a_budget():
    pace = Pace(TABLE)
    for person in ("anna", "bert", "mia"):
        assert [pace.take(LetterKind.NEW_CASE, f"{person}@staff.example", NOW) for _ in range(2)] == [None, None]
        assert pace.take(LetterKind.NEW_CASE, f"{person}@staff.example", NOW) is not None


def test_a_letter_that_did_not_leave_is_not_counted():
    pace = Pace(TABLE)
    for _ in range(20):
        assert pace.take(ACK, "kay@machine.example", NOW) is None
        pace.give_back(ACK, "kay@machine.example")


def test_what_left_before_a_restart_is_still_counted():
    pace = Pace(TABLE, [Left(ACK, "kay@machine.example", NOW - n * MINUTE) for n in range(3)])
    held = pace.take(ACK, "Kay@Machine.example", NOW)
    assert held
    assert held.until == NOW + WINDOW


def test_an_hour_later_nothing_is_remembered():
    pace = Pace(TABLE)
    for n in range(9):
        pace.take(ACK, f"kay@{n}.example", NOW)
    pace.forget(NOW + WINDOW)
    assert vars(pace)["_windows"] == {}
    assert vars(pace)["_closed"] == {}
