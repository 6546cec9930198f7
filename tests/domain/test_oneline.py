import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildesk.domain.oneline import oneline


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain words", "plain words"),
        ("a\r\n b\tc\x00d", "a b c d"),
        ("a\u202eb\u200bc\u00add", "abcd"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🔧", "👩\u200d🔧"),
        ("  a   b  ", "a b"),
        ("\ud800x", "x"),
    ],
)
def test_foreign_words_become_one_line(written, shown):
    assert oneline(written) == shown


@given(st.text())
def test_no_text_keeps_a_line_end_or_a_control_character(text):
    assert oneline(text).replace("\u200c", "").replace("\u200d", "").isprintable()


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_no_text_is_longer_than_asked(text, longest):
    assert len(oneline(text, longest)) <= longest
