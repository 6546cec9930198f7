import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import mail, reading

from maildesk.domain.marker import REPLY_MARKER
from maildesk.mail.quoting import split

MARKER = REPLY_MARKER["en"]

INTRODUCTIONS = {
    "en": "On Tue, 3 Feb 2026 at 10:00, Desk <complaints@desk.example> wrote:",
    "de": "Am Di., 3. Feb. 2026 um 10:00 Uhr schrieb Desk <complaints@desk.example>:",
    "fr": "Le mar. 3 févr. 2026 à 10:00, Desk <complaints@desk.example> a écrit :",
    "es": "El mar, 3 feb 2026 a las 10:00, Desk (<complaints@desk.example>) escribió:",
    "it": "Il giorno mar 3 feb 2026 alle ore 10:00 Desk <complaints@desk.example> ha scritto:",
    "nl": "Op di 3 feb 2026 om 10:00 schreef Desk <complaints@desk.example>:",
    "pt": "Em ter., 3 de fev. de 2026 às 10:00, Desk <complaints@desk.example> escreveu:",
    "pl": "wt., 3 lut 2026 o 10:00 Desk <complaints@desk.example> napisał(a):",
    "sv": "Den tis 3 feb. 2026 kl 10:00 skrev Desk <complaints@desk.example>:",
    "da": "Den tir. 3. feb. 2026 kl. 10.00 skrev Desk <complaints@desk.example>:",
    "no": "tir. 3. feb. 2026 kl. 10:00 skrev Desk <complaints@desk.example>:",
    "fi": "ti 3. helmik. 2026 klo 10.00 Desk (complaints@desk.example) kirjoitti:",
    "ja": "2026年2月3日(火) 10:00 Desk <complaints@desk.example>:",
    "wrapped": "On Tue, 3 Feb 2026 at 10:00, The Complaints Desk of the Council <\ncomplaints@desk.example> wrote:",
    "wrapped at >": "On Tue, 3 Feb 2026 at 10:00, The Complaints Desk <complaints@desk.example\n> wrote:",
}
BLOCKS = {
    "en": "From: Desk <complaints@desk.example>\nSent: 3 February 2026 10:00\nTo: Jo\nSubject: Your complaint",
    "de": "Von: Desk <complaints@desk.example>\nGesendet: Dienstag, 3. Februar 2026 10:00\nAn: Jo\nBetreff: Beschwerde",
    "fr": "De : Desk <complaints@desk.example>\nEnvoyé : mardi 3 février 2026 10:00\nÀ : Jo\nObjet : Plainte",
    "es": "De: Desk <complaints@desk.example>\nEnviado: martes, 3 de febrero de 2026\nPara: Jo\nAsunto: Queja",
    "nl": "Van: Desk <complaints@desk.example>\nVerzonden: dinsdag 3 februari 2026\nAan: Jo\nOnderwerp: Klacht",
    "sv": "Från: Desk <complaints@desk.example>\nSkickat: den 3 februari 2026\nTill: Jo\nÄmne: Klagomål",
    "ja": "差出人: Desk <complaints@desk.example>\n送信日時: 2026年2月3日\n宛先: Jo\n件名: 苦情",
}


def letters(text: str) -> list[str]:
    return sorted(letter for letter in text if not letter.isspace() and letter not in "\ue0f0\ue0f1")


@pytest.mark.parametrize("language", INTRODUCTIONS)
def test_a_quote_goes_with_its_introduction(language: str):
    text = f"My answer.\n\n{INTRODUCTIONS[language]}\n\n> Dear Jo,\n> what happened?"
    assert split(text)[0] == "My answer."


@pytest.mark.parametrize("language", INTRODUCTIONS)
def test_an_introduction_takes_what_is_under_it_where_nothing_is_marked(language: str):
    text = f"My answer.\n\n{INTRODUCTIONS[language]}\n\nDear Jo,\nwhat happened?"
    assert split(text)[0] == "My answer."


@pytest.mark.parametrize("language", BLOCKS)
def test_a_header_block_takes_the_rest(language: str):
    visible, quoted = split(f"My answer.\n\n________________________________\n{BLOCKS[language]}\n\nDear Jo,")
    assert visible == "My answer."
    assert "Dear Jo" in quoted


@pytest.mark.parametrize(
    "line",
    ["-----Original Message-----", "-----Ursprüngliche Nachricht-----", "---------- Forwarded message ---------",
     "-----Message d'origine-----", "-----Oorspronkelijk bericht-----", "Begin forwarded message:"],
)  # fmt: skip
def test_the_line_over_an_original_takes_the_rest(line: str):
    assert split(f"My answer.\n\n{line}\nDear Jo,\nwhat happened?")[0] == "My answer."


@pytest.mark.parametrize(
    "text",
    [
        "I complain.\nOn Monday I wrote:\nnothing came back.",
        "On 3 May 2026 at 10:00 I wrote:\nthe lift is broken.\nNobody came.",
        "Am 3. Mai 2026 um 10:00 schrieb ich:\nder Lift ist defekt.",
        "The manager wrote:\nwe will not pay.\nI disagree.",
        "My journey:\nFrom: London\nTo: Leeds\nDate: 3 May 2026\nThe train never came.",
        "Three things:\n- the lift\n- the stairs\n-- and the door",
    ],
)
def test_what_a_person_wrote_is_not_taken_for_a_quote(text: str):
    assert split(text) == (text, "")


def test_an_answer_between_quoted_lines_stays():
    text = "> When was it?\nOn Monday.\n> And where?\nIn the hall.\n"
    visible, quoted = split(text)
    assert visible.split("\n") == ["On Monday.", "In the hall."]
    assert quoted.split("\n") == ["> When was it?", "> And where?"]


def test_an_answer_under_the_quote_stays():
    text = f"{INTRODUCTIONS['en']}\n> What happened?\n\nThe lift fell."
    assert split(text)[0] == "The lift fell."


def test_an_answer_above_our_marker_stays_and_our_letter_under_it_goes():
    visible, quoted = split(f"My answer.\n\n{MARKER}\nDear Jo,\nwhat happened?")
    assert visible == "My answer."
    assert quoted == f"{MARKER}\nDear Jo,\nwhat happened?"


@pytest.mark.parametrize("marker", REPLY_MARKER.values())
def test_an_answer_between_our_marker_and_the_quote_keeps_every_word(marker: str):
    visible, quoted = split(f"{marker}\n\nI write under the line.\n\n{INTRODUCTIONS['en']}\n> Dear Jo,")
    assert visible == "I write under the line."
    assert marker in quoted


def test_an_answer_under_our_marker_without_a_quote_stays():
    assert "I write under the line." in split(f"{MARKER}\nI write under the line.")[0]


def test_a_quoted_marker_does_not_hide_an_answer_below_the_quote():
    assert split(f"{INTRODUCTIONS['en']}\n> {MARKER}\n> Dear Jo,\n\nMy answer.")[0] == "My answer."


def test_a_forward_without_own_words_is_shown_whole():
    text = f"---------- Forwarded message ---------\n{BLOCKS['en']}\n\nThe lift is broken."
    assert split(text) == (text, "")


def test_a_signature_is_folded():
    assert split("The lift is broken.\n\n-- \nJo Bloggs\n12 High Street") == (
        "The lift is broken.",
        "-- \nJo Bloggs\n12 High Street",
    )


def test_a_complaint_under_a_line_of_two_hyphens_is_no_signature():
    text = "Dear desk,\n--\n" + "\n".join(f"fact {number}" for number in range(40))
    assert split(text) == (text, "")


@pytest.mark.parametrize("line", ["Sent from my iPhone", "Von meinem iPhone gesendet", "Envoyé de mon iPhone"])
def test_the_line_of_a_telephone_is_folded(line: str):
    assert split(f"The lift is broken.\n\n{line}") == ("The lift is broken.", line)


def test_a_sentence_that_begins_like_the_line_of_a_telephone_stays():
    text = "It is broken.\n\nSent from my desk, where I have waited since May."
    assert split(text) == (text, "")


HTML = {
    "gmail": '<div>My answer.</div><div class="gmail_quote"><div class="gmail_attr">On … wrote:</div>'
    "<blockquote>Dear Jo</blockquote></div>",
    "outlook": '<p>My answer.</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: x</div><p>Dear Jo</p>',
    "thunderbird": '<p>My answer.</p><div class="moz-cite-prefix">On x wrote:</div><blockquote>Dear Jo</blockquote>',
}


@pytest.mark.parametrize("client", HTML)
def test_the_quote_of_an_html_mail_is_told_by_its_elements(client: str):
    message = reading(mail(f"<html><body>{HTML[client]}</body></html>", Content_Type="text/html; charset=utf-8"))
    assert message.visible_text == "My answer."
    assert "Dear Jo" in message.quoted_text
    assert not set(message.text + message.quoted_text) & {"\ue0f0", "\ue0f1"}


def test_an_answer_between_the_quotes_of_an_html_mail_stays():
    markup = "<blockquote>When?</blockquote><p>On Monday.</p><blockquote>Where?</blockquote><p>In the hall.</p>"
    message = reading(mail(markup, Content_Type="text/html; charset=utf-8"))
    assert message.visible_text.split() == ["On", "Monday.", "In", "the", "hall."]


def test_a_mail_that_is_one_block_quote_is_shown():
    message = reading(mail("<blockquote>The lift is broken.</blockquote>", Content_Type="text/html; charset=utf-8"))
    assert message.visible_text == "The lift is broken."


LINES = st.sampled_from(
    [*INTRODUCTIONS.values(), *BLOCKS.values(), MARKER, f"> {MARKER}", "> quoted", ">> twice", "",
     " ", "-- ", "--", "word",
     "_" * 32, "Sent from my iPhone", "-----Original Message-----",
     "\ue0f0", "\ue0f1", "a\ue0f0b", "wrote:", ">:"]
)  # fmt: skip


@settings(deadline=None)  # a loaded machine is no fault of the reader
@given(st.lists(LINES | st.text(max_size=12), max_size=30))
def test_every_word_is_visible_or_quoted(lines: list[str]):
    text = "\n".join(lines)
    visible, quoted = split(text)
    assert letters(visible + quoted) == letters(text)
    assert visible.strip() or not letters(text)


@pytest.mark.parametrize(
    "unit", ["\n", "> ", "-- \n", "wrote:\n", "On 1 ", "From: \n", "_", "<a@b.example> ", "1:00 ", "-"]
)
def test_a_long_text_of_one_pattern_is_split_within_the_limit(unit: str):
    text = unit * (200_000 // len(unit))
    visible, quoted = split(text)
    assert len(visible) + len(quoted) <= len(text)
