from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from maildesk.letters.filters import Reader, filesize, in_time, lines, money, number, spoken_date, threaded
from maildesk.letters.folders import template_dir
from maildesk.letters.words import load

WORDS = load((template_dir() / "en" / "phrases.toml",))


def reading(locale):
    return {"reader": Reader(WORDS, Locale.parse(locale), ZoneInfo("UTC"))}


@pytest.mark.parametrize(
    ("size", "en", "de"),
    [
        (0, "0 byte", "0 Byte"),
        (999, "999 byte", "999 Byte"),
        (1_500, "1.5 kB", "1,5 kB"),
        (41_234_567, "41 MB", "41 MB"),
    ],
)
def test_sizes_stand_in_the_unit_that_a_person_would_choose(size, en, de):
    assert filesize(reading("en_GB"), size) == en
    assert filesize(reading("de_DE"), size) == de


@pytest.mark.parametrize(
    ("written", "en", "de"),
    [
        ("120 GBP", "£120.00", "120,00\xa0£"),
        ("EUR 7.5", "€7.50", "7,50\xa0€"),
        ("7,50 €", "€7.50", "7,50\xa0€"),
        ("£40", "£40.00", "40,00\xa0£"),
        ("about 50 pounds", "about 50 pounds", "about 50 pounds"),
        ("1,000 EUR", "1,000 EUR", "1,000 EUR"),
        ("", "", ""),
    ],
)
def test_amounts_stand_in_the_readers_form_or_as_they_were_written(written, en, de):
    assert money(reading("en_GB"), written) == en
    assert money(reading("de_DE"), written) == de


def test_numbers_and_times_stand_in_the_readers_form():
    assert number(reading("de_DE"), 1234) == "1.234"
    assert in_time(reading("en_GB"), 600) == "in 10 minutes"
    assert in_time(reading("de_DE"), 86_400 * 2) == "in 2 Tagen"


def test_a_day_as_iso_is_spoken_and_any_other_text_stays():
    assert spoken_date(reading("en_GB"), "2026-11-30") == "Monday, 30 November 2026"
    assert spoken_date(reading("en_GB"), "the first day") == "the first day"


def test_lines_escape_each_line_and_keep_the_breaks():
    assert lines("<b>\r\n&\n") == "&lt;b&gt;<br>\n&amp;"


def test_a_subject_without_words_threads_to_nothing():
    assert threaded("Re: AW: [C-2026-000001]") == ""
