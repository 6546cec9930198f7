import re
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from jinja2 import select_autoescape
from reading_html import read, shown_text, words_of

from maildesk.domain.case import Outcome, Party, Role
from maildesk.domain.letter import (
    LETTERS,
    Audience,
    CameIn,
    CaseSheet,
    DecisionGiven,
    LetterKind,
    SheetEntry,
    Tap,
    Transcript,
    TranscriptLine,
    Verdict,
    Written,
)
from maildesk.domain.marker import REPLY_MARKER
from maildesk.domain.message import Address
from maildesk.domain.phrases import Phrase
from maildesk.letters.render import Templates, template_dir
from maildesk.letters.samples import NOW, Sample, samples

TEMPLATES = Templates()
LANGUAGES = ("de", "en")
EVERY = [pytest.param(sample, id=f"{language} {sample.name}") for language in LANGUAGES for sample in samples(language)]


def sample(name: str, language: str = "en") -> Sample:
    return next(each for each in samples(language) if each.name == name)


def rendered(chosen: Sample, **changes):
    letter = replace(chosen.letter, **changes)
    return TEMPLATES.render(letter, chosen.desk, chosen.case, chosen.reply_address)


def test_our_own_templates_have_no_mistake():
    assert Templates().check() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_a_text_and_an_html_template_and_a_sample_in_every_language(language):
    names = {file.name for file in (template_dir() / language).glob("*.j2")}
    assert names == {f"{kind}.{part}.j2" for kind in LetterKind for part in ("txt", "html")}
    assert {each.letter.kind for each in samples(language)} == set(LetterKind)


@pytest.mark.parametrize("chosen", EVERY)
def test_text_and_html_say_the_same_words_in_the_same_order(chosen):
    letter = rendered(chosen)
    assert words_of(shown_text(letter.html)) == words_of(letter.text)


@pytest.mark.parametrize("chosen", EVERY)
def test_a_subject_is_one_short_line_and_names_the_case(chosen):
    letter = rendered(chosen)
    assert 0 < len(letter.subject) <= 200
    assert letter.subject.isprintable()
    has_case = chosen.letter.kind not in (LetterKind.DIGEST, LetterKind.PROBE)
    assert (f"[{chosen.case.reference}]" in letter.subject) is has_case


@pytest.mark.parametrize("chosen", EVERY)
def test_html_names_its_language_fetches_nothing_and_carries_its_styles(chosen):
    letter = rendered(chosen)
    tags = read(letter.html).tags
    assert next(attrs for tag, attrs in tags if tag == "html")["lang"] == chosen.letter.language
    assert not {"img", "script", "link", "iframe", "form"} & {tag for tag, _ in tags}
    assert "http" not in letter.html
    assert "url(" not in letter.html
    assert "\ue000" not in letter.html
    assert "jinja:" not in letter.html
    unstyled = [
        (tag, attrs) for tag, attrs in tags if tag in ("td", "th", "p", "h1", "h2", "body") and "style" not in attrs
    ]
    assert [entry for entry in unstyled if entry[1].get("class")] == []
    assert "prefers-color-scheme: dark" in letter.html


@pytest.mark.parametrize("chosen", EVERY)
def test_text_has_no_blanks_at_its_ends_and_no_holes(chosen):
    text = rendered(chosen).text
    assert "\n\n\n" not in text
    assert "{" not in text
    assert "None" not in words_of(text)


@pytest.mark.parametrize("chosen", EVERY)
def test_only_letters_to_complainants_carry_the_reply_marker_and_carry_it_on_top(chosen):
    letter = rendered(chosen)
    marker = REPLY_MARKER[chosen.letter.language]
    is_outside = LETTERS[chosen.letter.kind].audience is Audience.COMPLAINANT
    assert (letter.text.splitlines()[0] == marker) is is_outside
    assert (marker in shown_text(letter.html)) is is_outside


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_acknowledgement_names_reference_contact_date_and_how_to_go_further(language):
    chosen = sample("acknowledgement", language)
    text = rendered(chosen).text
    for expected in (chosen.case.reference, "Jo Bell", "Ana Morel", "18", chosen.desk.contact_phone):
        assert expected in text
    assert chosen.desk.next_stage in text
    assert {"en": "Friday, 18 December 2026", "de": "Freitag, 18. Dezember 2026"}[language] in text


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_decision_says_every_outcome_in_a_sentence(language, outcome):
    text = rendered(sample("decision", language), content=DecisionGiven(outcome, "Because.", ())).text
    finding = TEMPLATES._edition(0, language).words.tables["finding"][outcome]  # noqa: SLF001 - the table is the standard
    assert finding.endswith(".")
    assert finding in text


def test_foreign_words_are_shown_in_html_and_not_obeyed():
    evil = '<script>alert(1)</script><img src="http://example.net/x.png"> & more\n{{ desk.address }} {% raise %}'
    content = CameIn(Address('"><b>Eve', "eve@example.net"), "<u>hi</u>", evil, ('<a href="x">.pdf',), "<i>why</i>")
    letter = rendered(sample("new_case"), content=content)
    tags = {tag for tag, _ in read(letter.html).tags}
    assert not {"script", "img", "b", "u", "i"} & tags
    links = [attrs.get("href") or "" for tag, attrs in read(letter.html).tags if tag == "a"]
    assert [link for link in links if not link.startswith("mailto:")] == []
    assert "<script>" not in letter.html
    assert "alert(1)" in shown_text(letter.html)
    assert "{{ desk.address }}" in shown_text(letter.html)
    assert words_of(shown_text(letter.html)) == words_of(letter.text)


def test_line_breaks_of_foreign_words_are_kept_in_both_parts():
    letter = rendered(sample("reply"), content=Written("first\nsecond\n\nthird"))
    assert "first\nsecond\n\nthird" in letter.text
    assert re.search(r"first<br>\s*second<br>\s*<br>\s*third", letter.html)


def test_somebody_elses_words_are_quoted_in_the_text_part():
    content = replace(sample("new_case").letter.content, text="one\n\ntwo\n")
    assert "> one\n>\n> two\n" in rendered(sample("new_case"), content=content).text


@pytest.mark.parametrize("poison", ["a\r\nBcc: eve@example.net", "a\x00b", "a\u202eb", "a\x1b[31mb", "\u2028a"])
def test_control_characters_of_names_and_subjects_never_reach_a_letter(poison):
    chosen = sample("new_case")
    content = CameIn(Address(poison, "eve@example.net"), poison, poison, (poison,), poison)
    letter = TEMPLATES.render(
        replace(chosen.letter, content=content, subject=poison, to=Address(poison, "jo@example.org")),
        chosen.desk,
        replace(chosen.case, subject=poison, complainant_name=poison),
        chosen.reply_address,
    )
    assert letter.subject.isprintable()
    for part in (letter.text, letter.html):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", part)
    assert "\nBcc:" not in letter.text.replace("\n> Bcc:", "")


def test_a_very_long_subject_is_cut_to_200_characters():
    content = replace(sample("new_case").letter.content, subject="ä" * 10_000)
    assert len(rendered(sample("new_case"), content=content).subject) <= 200


def test_a_name_that_is_an_address_is_no_name_for_a_salutation():
    letter = rendered(sample("acknowledgement"), to=Address("ana@example.com", "ana@example.com"))
    assert "\nHello,\n" in letter.text


def test_a_tap_is_a_mailto_link_to_the_reply_address_that_fills_in_the_whole_command():
    chosen = sample("transcript kept")
    body = "#reply\nÄpfel & Birnen + 100 % <ok>\nzwei"
    letter = rendered(chosen, taps=(Tap("tap.send_note", body),))
    [uri] = [attrs["href"] for tag, attrs in read(letter.html).tags if tag == "a"]
    parts = urlsplit(uri)
    assert parts.scheme == "mailto"
    assert unquote(parts.path) == chosen.reply_address
    assert "+" not in uri
    assert parse_qs(parts.query)["body"] == [body.replace("\n", "\r\n")]
    assert "Send it: #reply …" in letter.text


def test_without_a_reply_address_there_is_nothing_to_tap():
    chosen = sample("new_case")
    letter = TEMPLATES.render(chosen.letter, chosen.desk, chosen.case, "")
    assert "mailto:" not in letter.html
    assert "#take" not in letter.text


@pytest.mark.parametrize(("language", "words"), [("en", "NOT sent"), ("de", "NICHT gesendet")])
def test_a_note_without_a_command_is_told_to_be_not_sent(language, words):
    letter = rendered(sample("transcript kept", language))
    assert letter.text.index(words) < letter.text.index("> ")
    assert f"<strong>{'Kept' if language == 'en' else 'Als'}" in letter.html


def test_a_transcript_says_where_a_letter_goes_and_how_to_stop_it():
    text = rendered(sample("transcript")).text
    assert "Decision: ana.morel@example.com\n  It leaves in 10 minutes. To stop it, reply with #undo" in text
    assert "Answer: ana.morel@example.com\n  It leaves at once." in text


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_transcript_answers_a_line_of_every_verdict(verdict):
    line = TranscriptLine("#take <b>", verdict, Phrase("take.done"))
    letter = rendered(sample("transcript"), content=Transcript((line,)))
    assert "#take <b>" in letter.text
    assert "You are now the owner" in letter.text
    assert words_of(shown_text(letter.html)) == words_of(letter.text)


def test_a_quiet_day_is_three_lines_and_an_anchor():
    chosen = sample("digest quiet")
    _, _, body = rendered(chosen).text.partition("Monday, 30 November 2026\n")
    shown = [line for line in body.splitlines() if line]
    assert len(shown) == 4
    assert chosen.letter.content.anchor in shown[-1]


def test_a_digest_begins_with_what_needs_the_manager():
    text = rendered(sample("digest")).text
    places = [text.index(words) for words in ("Nobody owns", "Overdue:", "did not arrive", "New:", "Closed:", "by age")]
    assert places == sorted(places)


def test_a_long_list_of_cases_is_cut_and_says_how_many_are_left_out():
    content = sample("digest").letter.content
    letter = rendered(sample("digest"), content=replace(content, overdue=content.overdue * 40))
    assert "Overdue: 40" in letter.text
    assert "Further cases: 15" in letter.text
    assert words_of(shown_text(letter.html)) == words_of(letter.text)


@pytest.mark.parametrize(
    ("language", "zone", "expected"),
    [
        ("en", "Europe/London", "30 Nov 2026, 09:12"),
        ("de", "Europe/Berlin", "30.11.2026, 10:12"),
        ("en-US", "America/New_York", "Nov 30, 2026, 4:12"),
        ("de_AT", "Europe/Vienna", "30.11.2026, 10:12"),
        ("en", "No/Such_Zone", "30 Nov 2026, 09:12"),
        ("en", "../../etc", "30 Nov 2026, 09:12"),
    ],
)
def test_moments_stand_in_the_readers_locale_and_zone(language, zone, expected):
    assert expected in rendered(sample("acknowledgement"), language=language, zone=zone).text


@pytest.mark.parametrize("language", ["", "fr", "tlh", "xx-yy", "../de", "EN", "en_GB"])
def test_a_language_that_we_do_not_have_is_answered_in_english(language):
    letter = rendered(sample("acknowledgement"), language=language)
    assert "Thank you for telling us" in letter.text
    assert letter.language == "en"


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("Broken heating", "Re: Broken heating [C-2026-004217]"),
        ("AW: Re: [C-2026-004217] Broken heating", "Re: Broken heating [C-2026-004217]"),
        ("", "Your complaint [C-2026-004217]"),
        ("Re: ", "Your complaint [C-2026-004217]"),
    ],
)
def test_an_answer_carries_the_subject_once_with_the_reference_behind_it(asked, shown):
    assert rendered(sample("reply"), subject=asked).subject == shown


def test_the_trap_of_select_autoescape_is_still_there():
    assert select_autoescape()("x.html.j2") is False
    assert select_autoescape(enabled_extensions=("html.j2",), default=False)("x.html.j2") is True
    assert select_autoescape(enabled_extensions=("html.j2",), default=False)("x.txt.j2") is False


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("source", "paper"), [("_style.css", "#ffffff"), ("_layout.html.j2", "#1d232a")])
def test_every_colour_of_text_stands_out_from_its_ground_by_4_5_to_1(source, paper):
    css = (template_dir() / source).read_text()
    rules = re.findall(r"^([.\w, -]+) \{(.*)\}$", css, re.MULTILINE)
    checked = 0
    for selector, body in rules:
        ground = re.search(r"background-color: (#\w{6})", body)
        text = re.search(r"(?<!-)color: (#\w{6})", body)
        if text:
            checked += 1
            grounds = [ground[1]] if ground else [paper]
            if "facts-label" in selector:
                grounds.append(re.search(r"^\.facts \{.*background-color: (#\w{6})", css, re.MULTILINE)[1])
            assert all(contrast(text[1], each) >= 4.5 for each in grounds), selector
    assert checked > 8


def test_every_class_with_a_colour_has_one_for_the_dark():
    light = (template_dir() / "_style.css").read_text()
    dark = (template_dir() / "_layout.html.j2").read_text()
    coloured = re.findall(r"^\.([\w-]+) \{.*(?<!-)color: #", light, re.MULTILINE)
    assert coloured
    assert [name for name in coloured if not re.search(rf"\.{name}\b", dark)] == []


def test_a_new_message_names_the_time_at_which_it_came_and_not_the_cases():
    assert "Received: 5 Dec 2026, 09:12" in rendered(sample("new_message")).text


def test_the_case_and_its_history_are_told_in_the_readers_language():
    entries = (
        SheetEntry(NOW, "complainant", "MessageFiled", (("reason", "signed reply address"), ("sender", "a@b.example"))),
        SheetEntry(NOW, "desk", "LetterWritten", (("kind", "acknowledgement"),)),
        SheetEntry(NOW, "Jo Bell", "MilestoneReached", (("milestone", "first contact"),)),
        SheetEntry(NOW, "Jo Bell", "Undone", ()),
    )
    fields = (("due_at", "2026-12-20"), ("language", "de"), ("outcome", "upheld"))
    sheet = CaseSheet(fields, (Party("a@b.example", "Ana", Role.COMPLAINANT),), entries)
    text = rendered(sample("transcript", "de"), content=Transcript((), sheet=sheet)).text
    for words in (
        "Antwort fällig: 20.12.2026", "Sprache: Deutsch", "Ergebnis: berechtigt",
        "Ana <a@b.example> (beschwerdeführende Person)", "· beschwerdeführende Person\n",
        "E-Mail abgelegt: sie kam an die Antwortadresse dieses Falls, a@b.example", "· das Programm\n",
        "Brief geschrieben: Eingangsbestätigung", "Meilenstein erreicht: erster Kontakt durch einen Menschen",
        "Zurückgenommen\n",
    ):  # fmt: skip
        assert words in text
