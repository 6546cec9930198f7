from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildesk.store.columns import UtcField, key, plain, utc, written

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def test_a_time_is_stored_in_utc_and_a_naive_one_refused():
    berlin = datetime(2026, 7, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert utc(berlin).isoformat() == "2026-06-30T23:30:00+00:00"
    with pytest.raises(ValueError, match="naive"):
        utc(datetime(2026, 7, 1))  # noqa: DTZ001 - what is to be refused
    with pytest.raises(ValueError, match="naive"):
        UtcField().to_db_value(datetime(2026, 7, 1), None)  # noqa: DTZ001 - as above


def test_times_as_text_sort_as_times():
    moments = [
        datetime(2026, 7, 1, 1, 30, second, micro, UTC) for second in (0, 1) for micro in (0, 1, 500_000, 999_999)
    ]
    assert sorted(moment.isoformat(" ") for moment in moments) == [moment.isoformat(" ") for moment in moments]


@given(ANY_TEXT)
def test_plain_words_can_be_stored_and_only_the_unstorable_changes(words):
    stored = plain(words)
    stored.encode("utf-8")
    assert "\x00" not in stored
    assert len(stored) == len(words)
    assert all(b in (a, "\ufffd") for a, b in zip(words, stored, strict=True))


@given(st.lists(ANY_TEXT))
def test_json_comes_back_as_plain_words(words):
    encoded = written({"words": words})
    encoded.encode("utf-8")
    assert "\x00" not in encoded
    assert msgspec.json.decode(encoded) == {"words": [plain(word) for word in words]}


@given(ANY_TEXT, ANY_TEXT)
def test_keys_are_short_and_differ_where_the_words_do(first, second):
    for words in (first * 200, second * 200):
        assert len(key(words).encode()) <= 2_600
    if plain(first) != plain(second):
        assert key(first) != key(second)
