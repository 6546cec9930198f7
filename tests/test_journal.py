import io
import json
import logging

import pytest

from maildesk.journal import FACTS, LEVELS, Entry, about, open_journal, silent


@pytest.fixture(autouse=True)
def libraries_log_as_before():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def journal():
    stream = io.StringIO()

    def opened(level="info", form="json"):
        return open_journal(level, form, stream), stream

    return opened


def test_an_entry_is_one_json_line_with_its_facts(journal):
    log, stream = journal()
    log(Entry.FILED, desk="complaints", case="C-2026-000017", rule="reply-address", message=3)
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "event": "filed",
        "level": "info",
        "desk": "complaints",
        "case": "C-2026-000017",
        "rule": "reply-address",
        "message": 3,
    }


def test_nothing_personal_is_written_at_info(journal):
    log, stream = journal()
    log(Entry.FAILED, subject="My landlord", sender="anna@example.org", what="550 <anna@example.org> unknown")
    assert "landlord" not in stream.getvalue()
    assert "anna" not in stream.getvalue()
    assert "example.org" in stream.getvalue()


def test_an_address_in_a_traceback_is_masked(journal):
    log, stream = journal()
    try:
        int("no such person: " + "anna" + "@example.org")
    except ValueError:
        log(Entry.FAILED, exc_info=True)
    entry = json.loads(stream.getvalue())
    assert "…@example.org" in entry["exception"]
    assert "anna@" not in entry["exception"]


def test_a_message_id_stays_whole(journal):
    log, stream = journal()
    log(Entry.COPY, message_id="<a.b@mail.example>")
    assert json.loads(stream.getvalue())["message_id"] == "<a.b@mail.example>"


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_value_can_forge_a_line_or_move_the_cursor(journal, form):
    log, stream = journal(form=form)
    log(Entry.REFUSED, what="no\n2026-11-01 [info] sent\x1b[2J\x9b", code=550)
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


def test_half_a_surrogate_pair_is_written_and_not_raised(journal):
    log, stream = journal()
    log(Entry.FAILED, what="caf\udce9")
    assert json.loads(stream.getvalue())["what"] == "caf\\udce9"


def test_the_level_decides_what_is_written(journal):
    log, stream = journal("warning")
    log(Entry.SENT, letter=1)
    assert stream.getvalue() == ""
    log(Entry.REFUSED, letter=1)
    assert json.loads(stream.getvalue())["level"] == "warning"


def test_the_libraries_speak_from_warning_on_and_in_the_same_form(journal):
    _, stream = journal("debug")
    logging.getLogger("imapclient").info("LOGIN somebody")
    logging.getLogger("imapclient").warning("odd answer about %s", "anna@example.org")
    entry = json.loads(stream.getvalue())
    assert (entry["logger"], entry["event"]) == ("imapclient", "odd answer about …@example.org")


def test_facts_that_are_bound_stand_in_every_entry_of_the_block(journal):
    log, stream = journal()
    with about(case="C-2026-000001"):
        log(Entry.KEPT)
    log(Entry.KEPT)
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first["case"] == "C-2026-000001"
    assert "case" not in second


def test_opening_it_again_replaces_the_first(journal):
    journal()
    log, stream = journal()
    log(Entry.STARTED, version="1")
    logging.getLogger("imapclient").warning("once")
    assert len(stream.getvalue().splitlines()) == 2


def test_every_entry_has_a_level():
    assert set(LEVELS) == set(Entry)


def test_no_fact_names_a_person_or_their_words():
    assert not FACTS & {"address", "sender", "recipient", "subject", "text", "name"}


def test_the_silent_log_takes_any_entry():
    for entry in Entry:
        assert silent(entry, case="C-2026-000001") is None
