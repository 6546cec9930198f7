"""What the demo is made of: its clock, its words, its folder, and what it lets through onto the page."""

import asyncio
import io
from datetime import UTC, date, datetime, timedelta

import pytest

from maildesk.demo import folder as place
from maildesk.demo.clock import PushedClock
from maildesk.demo.event_words import SENTENCES, name_at, short, telling
from maildesk.demo.narrator import Narrator, narrator
from maildesk.demo.page_mail import harmless
from maildesk.demo.stage import tuesday_before
from maildesk.domain.events import EVENTS, MessageFiled
from maildesk.domain.filing import FilingReason

START = datetime(2026, 3, 3, 9, tzinfo=UTC)


async def test_a_push_wakes_those_whose_time_has_come_and_nobody_else():
    clock = PushedClock(START)
    soon, late = (asyncio.create_task(clock.wait(hours * 3600)) for hours in (1, 5))
    await asyncio.sleep(0)
    clock.push_to(START + timedelta(hours=2))
    await asyncio.wait_for(soon, 5)
    assert not late.done()
    late.cancel()


def test_a_push_into_the_past_changes_nothing():
    clock = PushedClock(START)
    clock.push_to(START - timedelta(days=1))
    assert clock.now() >= START


@pytest.mark.parametrize("day", range(1, 15))
def test_the_day_that_is_played_is_a_tuesday_that_is_over(day):
    today = date(2026, 3, day)
    played = tuesday_before(today)
    assert played.isoweekday() == 2
    assert timedelta(days=1) <= today - played <= timedelta(days=7)


def test_every_event_has_a_sentence():
    assert set(SENTENCES) == set(EVENTS.values())


def test_every_reason_for_filing_has_words():
    told = telling({})
    assert [reason for reason in FilingReason if told.filed(reason) == reason] == []


def test_a_mail_that_only_claims_to_be_from_staff_is_told_as_such():
    event = MessageFiled(1, FilingReason.REPLY_ADDRESS, "claimed:grace", "grace@example.org")
    assert telling({"grace": "Grace"}).say(event).startswith("A mail that claims to be from Grace")


def test_a_long_text_is_cut_at_a_word():
    assert short("one two three", 9) == "one two …"
    assert name_at("nobody@example.org") == "nobody@example.org"


@pytest.mark.parametrize("html", [
    "<script>alert(1)</script>", '<img src="https://example.org/x.png">', '<p onclick="x()">a</p>', "<iframe></iframe>",
    '<a href="javascript:x()">a</a>', '<div style="position: fixed; top: 0">a</div>', "<form><input></form>",
    '<div style="background: url(https://example.org/x)">a</div>', "</template><style>*{color:red}</style>",
    '<link rel="stylesheet" href="https://example.org/x.css">', "<title>a</title>",
])  # fmt: skip
def test_foreign_html_neither_acts_nor_fetches(html):
    clean = harmless(html)
    for word in (
        "script",
        "img",
        "onclick",
        "iframe",
        "position",
        "form",
        "input",
        "url(",
        "template",
        "style>",
        "link",
    ):
        assert word not in clean


def test_foreign_html_keeps_its_plain_looks():
    assert harmless('<p style="color: red" class="sheet">a</p>') == '<p style="color:red" class="sheet">a</p>'


def test_an_empty_folder_and_the_demos_own_are_taken_and_only_its_own_files_go(tmp_path):
    place.prepare(tmp_path)
    for name in ("index.html", "maildesk.db", "maildesk.db-wal", "notes.txt"):
        (tmp_path / name).write_text("old")
    place.prepare(tmp_path)
    assert not (tmp_path / "index.html").exists()
    assert not (tmp_path / "maildesk.db-wal").exists()
    assert (tmp_path / "notes.txt").read_text() == "old"


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "demo").write_text("mine")
    with pytest.raises(place.ForeignFolderError):
        place.prepare(tmp_path / "demo")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_only_a_terminal_that_wants_them_gets_colours(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert narrator(Terminal()).is_coloured
    assert not narrator(io.StringIO()).is_coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert not narrator(Terminal()).is_coloured


def test_what_a_mail_says_cannot_move_the_cursor():
    out = io.StringIO()
    Narrator(out, 60, is_coloured=False).opening("a\x1b[2Jb\rc")
    assert "\x1b" not in out.getvalue()
    assert "\r" not in out.getvalue()
