"""The command language as it is written on phones, in Outlook and in German."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildesk.domain.commands.grammar import MOST_LINES, CommandLine, named_values, parse


def lines(text: str) -> list[tuple[str, str, str]]:
    return [(line.word, line.value, line.text) for line in parse(text).lines]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#take", [("take", "", "")]),
        ("#TAKE", [("take", "", "")]),
        ("  #take  ", [("take", "", "")]),
        ("\u00a0#assign\u00a0anna\u00a0schmidt", [("assign", "anna schmidt", "")]),
        ("\u200b#take", [("take", "", "")]),
        ("\ufeff#take", [("take", "", "")]),
        ("＃take", [("take", "", "")]),
        ("#assign: anna", [("assign", "anna", "")]),
        ("#assign:anna", [("assign", "anna", "")]),
        ("#take.", [("take", "", "")]),
        ("#take!", [("take", "", "")]),
        ("#reply,\nDear Pat", [("reply", "", "Dear Pat")]),
        ("#reply, dear Pat", [("reply", "dear Pat", "")]),
        ("#Schließen", [("schließen", "", "")]),
        ("#u\u0308bernehmen", [("übernehmen", "", "")]),
        ("#reply\n\nDear Pat,\n\nyes.\n\n#close", [("reply", "", "Dear Pat,\n\nyes."), ("close", "", "")]),
        ("#reply\r\nDear Pat\r\n", [("reply", "", "Dear Pat")]),
        ("#note one\ntwo", [("note", "one", "two")]),
    ],
)
def test_a_command_is_read_as_it_is_written(text, expected):
    assert lines(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "#1 priority for the customer",
        "#",
        "# take",
        "##",
        "#_take",
        "We use #take to take a case",
        "> #take",
        "-#take",
        "#take/leave",
        "issue #take",
        "#note.txt is attached",
        "",
    ],
)
def test_what_is_no_command_at_the_beginning_of_a_line_is_prose(text):
    mail = parse(text)
    assert mail.lines == ()
    assert mail.prose == text.strip()


def test_words_before_the_first_command_are_prose_and_after_it_its_text():
    mail = parse("Call me.\n\n#reply\nDear Pat")
    assert mail.prose == "Call me."
    assert [line.text for line in mail.lines] == ["Dear Pat"]


def test_number_one_priority_under_a_reply_stays_in_the_letter():
    assert lines("#reply\n#1 priority is your parcel") == [("reply", "", "#1 priority is your parcel")]


def test_a_line_is_repeated_as_it_was_written():
    assert CommandLine("assign", "anna", "text").written == "#assign anna"
    assert CommandLine("take", "", "").written == "#take"


@pytest.mark.parametrize(("count", "too_many"), [(MOST_LINES, False), (MOST_LINES + 1, True)])
def test_more_than_fifty_lines_are_too_many(count, too_many):
    mail = parse("#take\n" * count)
    assert mail.has_too_many is too_many
    assert len(mail.lines) == MOST_LINES


@given(st.text())
def test_any_text_can_be_read_and_no_word_of_it_is_lost(text):
    mail = parse(text)
    if not mail.lines:
        assert mail.prose.split() == "\n".join(text.splitlines()).split()
    for line in mail.lines:
        assert line.word == line.word.lower()


@pytest.mark.parametrize("greeting", ["Hi,", "Hello Anna,", "Hallo zusammen!", "Dear all,", "Guten Morgen", "Moin"])
def test_a_bare_greeting_before_commands_is_no_note(greeting):
    assert parse(f"{greeting}\n\n#take").prose == ""


@pytest.mark.parametrize(
    "prose",
    ["Hi, he called again.", "Hello kitty mugs were broken too", "Hi,\nhe called again.", "Please hurry,", "Hi: 12"],
)
def test_words_that_say_more_than_hello_stay_a_note(prose):
    assert parse(f"{prose}\n\n#take").prose == prose


def test_a_greeting_alone_is_kept_for_nothing_else_stands_there():
    assert parse("Hi,").prose == "Hi,"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("severity=high safety=no", [("severity", "high"), ("safety", "no")]),
        ("Severity: high, Safety: no", [("severity", "high"), ("safety", "no")]),
        ("severity=high; safety=no", [("severity", "high"), ("safety", "no")]),
        ('impact="no heating" severity=high', [("impact", "no heating"), ("severity", "high")]),
        ("impact=„kein Wasser“ schwere=hoch", [("impact", "kein Wasser"), ("schwere", "hoch")]),
        ("impact=“no heating”", [("impact", "no heating")]),
        ("severity=high impact=no heating at all", [("severity", "high"), ("impact", "no heating at all")]),
        ("impact=no heating\nsafety=no", [("impact", "no heating"), ("safety", "no")]),
        ("severity=high safety= impact=", [("severity", "high")]),
        ("severity= safety= impact=", []),
        ("komplexität=gering", [("komplexität", "gering")]),
        ("impact=cold, damp rooms", [("impact", "cold, damp rooms")]),
        ("no pairs here", []),
        ("", []),
    ],
)  # fmt: skip
def test_named_values_are_read_whole(text, expected):
    assert list(named_values(text)) == expected


def test_the_blank_line_after_a_salutation_on_the_command_line_stays():
    (line,) = parse("#reply Dear Pat,\n\nwe are sorry.\n").lines
    assert line.words == "Dear Pat,\n\nwe are sorry."
