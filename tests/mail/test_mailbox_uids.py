"""The small pure parts of the wire: windows, batches, sets of UIDs, the text part of a structure, delays, accounts."""

import itertools
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildesk.mail.backoff import NETWORK_MOST, REFUSED_FIRST, REFUSED_MOST, next_delay
from maildesk.mail.structure import TextPart, first_text
from maildesk.mail.uids import SEARCH_WINDOW, chunks, uid_set, utc, windows


@given(st.sets(st.integers(1, 500)))
def test_a_uid_set_names_exactly_its_uids(uids):
    named = set()
    for run in filter(None, uid_set(uids).split(",")):
        low, _, high = run.partition(":")
        named |= set(range(int(low), int(high or low) + 1))
    assert named == uids


def test_a_uid_set_is_short():
    assert uid_set([7, 3, 1, 2, 2]) == "1:3,7"


@given(st.lists(st.integers(1, 2**32 - 1)))
def test_chunks_hold_every_uid_once_on_lines_of_less_than_4_kilobytes(uids):
    found = [uid for chunk in chunks(uids) for uid in chunk]
    assert found == sorted(set(uids))
    assert all(len(uid_set(chunk)) < 4000 for chunk in chunks(uids))


def test_a_small_folder_is_searched_at_once_whatever_its_uids():
    assert list(windows(1, 4_000_000_000, 100)) == [(1, "*")]


@given(st.integers(1, 400_000), st.integers(1, 400_000))
def test_windows_of_a_big_folder_leave_no_gap_and_are_bounded(low, uidnext):
    found = list(windows(low, uidnext, SEARCH_WINDOW + 1))
    assert found[0][0] == low
    assert found[-1][1] == "*"
    for (first, last), (following, _) in itertools.pairwise(found):
        assert int(last) + 1 == following
        assert int(last) - first < SEARCH_WINDOW
    assert uidnext - found[-1][0] <= SEARCH_WINDOW


def test_a_time_without_a_zone_is_not_guessed_at():
    assert utc(datetime(2026, 1, 1, 12)) is None  # noqa: DTZ001 - the naive one is what is tested
    assert utc(None) is None
    assert utc(datetime(2026, 1, 1, 12, tzinfo=UTC)) == datetime(2026, 1, 1, 12, tzinfo=UTC)


def leaf(kind: bytes, subtype: bytes) -> tuple[object, ...]:
    return (kind, subtype, None, None, None, b"7bit", 10, 1)


def test_the_first_plain_text_is_chosen_before_html():
    inner = ([leaf(b"text", b"html"), leaf(b"TEXT", b"PLAIN")], b"alternative", (b"boundary", b"in"))
    outer = ([inner, leaf(b"image", b"png")], b"mixed", (b"charset", b"x", b"BOUNDARY", b"out"))
    assert first_text(outer) == TextPart("1.2", b"out")
    only_html = ([leaf(b"image", b"png"), leaf(b"text", b"html")], b"mixed", (b"boundary", b"out"))
    assert first_text(only_html) == TextPart("2", b"out")


def test_a_mail_of_one_part_has_its_text_without_a_boundary():
    assert first_text(leaf(b"text", b"plain")) == TextPart("TEXT", b"")
    assert first_text(leaf(b"application", b"pdf")) is None


@pytest.mark.parametrize(
    "odd", [None, (), 7, (None,), ([None], b"mixed", None), ([leaf(b"text", b"plain")], b"mixed", None)]
)
def test_an_odd_structure_gives_nothing_rather_than_an_exception(odd):
    assert first_text(odd) is None


def test_a_forwarded_mails_text_is_not_taken_for_the_senders():
    forwarded = (b"message", b"rfc822", None, None, None, b"7bit", 10, (), leaf(b"text", b"plain"), 3)
    assert first_text(([forwarded], b"mixed", (b"boundary", b"out"))) is None


@given(st.integers(-3, 10_000), st.booleans(), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_bounded_and_longer_after_a_refused_login(attempt, refused, chance):
    delay = next_delay(attempt, refused, lambda: chance)
    assert 0 < delay <= (REFUSED_MOST if refused else NETWORK_MOST)
    assert delay >= REFUSED_FIRST / 2 or not refused
    assert next_delay(attempt + 1, refused, lambda: chance) >= delay


def test_delays_differ_by_chance():
    generator = random.Random(1)  # noqa: S311 - no secret hangs on it
    assert len({next_delay(3, False, generator.random) for _ in range(10)}) == 10
