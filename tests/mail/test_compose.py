import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr

import mailparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.domain.message import Address
from maildesk.domain.oneline import oneline
from maildesk.mail.compose import Attached, Headers, Unsendable, compose

HEADERS = Headers(
    sender=Address("Complaints desk, Example Homes", "complaints@example.org"),
    to=Address("Ana Morel", "ana.morel@example.com"),
    subject="We have received your complaint [C-2026-004217]",
    sent_at=datetime(2026, 11, 30, 9, 12, tzinfo=UTC),
    message_id="<letter.17@example.org>",
    reply_to=Address("Complaints desk", "complaints+k7wq2m4xnd6hfz3pa5tj@example.org"),
    in_reply_to="<first@example.com>",
    references=("<case.4217@example.org>", "<first@example.com>"),
    auto_submitted="auto-replied",
    desk_mark="v1.complaints.abcdef",
    language="en",
)
TEXT = "Dear Ana,\n\nwe have it. Schöne Grüße 👋\nFrom here on: more\n.\n-- \nJo\n"
HTML = "<!DOCTYPE html><html><body><p>" + "Dear Ana, schöne Grüße. " * 60 + "</p></body></html>\n"
FORBIDDEN_ALONE = re.compile(rb"(?<!\r)\n|\r(?!\n)|\x00")


def parsed(octets: bytes):
    return email.message_from_bytes(octets, policy=email.policy.default)


def body_of(message, subtype="plain") -> str:
    return message.get_body((subtype,)).get_content().replace("\r\n", "\n")


def letter(**changes):
    attachments = changes.pop("attachments", ())
    text, html = changes.pop("text", TEXT), changes.pop("html", HTML)
    return compose(replace(HEADERS, **changes), text, html, attachments)


def names_of(octets: bytes) -> list[str]:
    return [
        line.partition(b":")[0].decode()
        for line in re.sub(rb"\r\n[ \t]", b" ", octets.split(b"\r\n\r\n")[0]).split(b"\r\n")
    ]


STANDARD = [
    "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-Maildesk-Desk", "Content-Language", "MIME-Version",
    "Content-Type",
]  # fmt: skip


def test_a_letter_reads_back_as_it_was_written():
    message = parsed(letter().octets)
    assert message.defects == []
    assert names_of(letter().octets) == STANDARD
    assert message["From"].addresses[0].display_name == HEADERS.sender.name
    assert message["From"].addresses[0].addr_spec == "complaints@example.org"
    assert message["To"].addresses[0].display_name == "Ana Morel"
    assert message["Subject"] == HEADERS.subject
    assert message["Date"].datetime == HEADERS.sent_at
    assert message["Message-ID"] == HEADERS.message_id
    assert message["References"].split() == list(HEADERS.references)
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert message["X-Maildesk-Desk"] == HEADERS.desk_mark
    assert message.get_content_type() == "multipart/alternative"
    assert body_of(message) == TEXT
    assert body_of(message, "html") == HTML


def test_mail_parser_reads_the_same():
    mail = mailparser.parse_from_bytes(letter(subject="Schöne Grüße").octets)
    assert mail.subject == "Schöne Grüße"
    assert mail.from_ == [(HEADERS.sender.name, HEADERS.sender.address)]
    assert mail.to == [("Ana Morel", "ana.morel@example.com")]
    assert mail.message_id == HEADERS.message_id
    assert mail.text_plain == [TEXT.replace("\n", "\r\n")] or mail.text_plain == [TEXT]


def test_the_same_letter_is_the_same_bytes():
    assert letter().octets == letter().octets


def test_what_a_person_wrote_is_not_called_automatic():
    names = names_of(letter(auto_submitted="").octets)
    assert "Auto-Submitted" not in names
    assert "X-Auto-Response-Suppress" not in names


def test_optional_headers_are_absent_where_there_is_nothing_to_say():
    bare = letter(reply_to=None, in_reply_to=None, references=(), auto_submitted="", desk_mark="", language="")
    assert names_of(bare.octets) == ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]


@pytest.mark.parametrize(
    "name",
    [
        "Jo Bell",
        "Bell, Jo (Ms.)",
        'Jo "the Bell" \\ Bell',
        "Jörg Müller",
        "山田太郎",
        "علي حسن",
        "=?utf-8?q?trick?=",
        "ana@example.com",
        "Beschwerdestelle der Städtischen Wohnungsbaugesellschaft für Übergangsunterkünfte und Notquartiere",
        "Complaints desk of the Example Borough Council, Department of Housing and Environmental Protection",
        "x" * 150,
        "👩‍🔧 fixes",
        "",
    ],
)
def test_every_display_name_comes_back_and_no_line_is_long(name):
    octets = letter(sender=Address(name, "complaints@example.org"), to=Address(name, "ana@example.com")).octets
    for header, address in (("From", "complaints@example.org"), ("To", "ana@example.com")):
        # read by the older parser: the newer one keeps the blank between encoded words, against RFC 2047 section 6.2
        written, spec = parseaddr(email.message_from_bytes(octets)[header])
        assert (str(make_header(decode_header(written))), spec) == (name, address)
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "short",
        "ü",
        "long words " * 60,
        "ü" * 500,
        "x" * 5000,
        "a =?utf-8?q?b?= c",
        "👩‍👩‍👧 " * 30,
        "ن" * 99,
        "-" * 75 + "ä",
    ],
)
def test_every_subject_comes_back_and_no_line_is_long(subject):
    octets = letter(subject=subject).octets
    assert parsed(octets)["Subject"] == oneline(subject)
    assert max(map(len, octets.split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78
    for word in re.findall(rb"=\?[^ \r\n]*\?=", octets.split(b"\r\nDate")[0]):
        assert len(word) <= 75


LONG_SUBJECTS = st.text(min_size=1, max_size=50).map(lambda text: (text * 10_000)[:10_000])
INJECTIONS = st.sampled_from(["ä\r\nBcc: e@example.net\r\n\r\nx", "a\nBcc: e@example.net", "\x00\x85\u2028Bcc: x"])
SUBJECTS = st.one_of(st.text(max_size=400), LONG_SUBJECTS, INJECTIONS)
NAMES = st.one_of(st.text(max_size=300), INJECTIONS)


@settings(deadline=None)
@given(name=NAMES, subject=SUBJECTS, filename=NAMES, text=st.text(max_size=400))
def test_no_foreign_words_can_add_a_header_or_break_a_line(name, subject, filename, text):
    files = (Attached(filename, "application/pdf", b"%PDF"),)
    octets = letter(to=Address(name, "ana@example.com"), subject=subject, text=text, attachments=files).octets
    assert not FORBIDDEN_ALONE.search(octets)
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert names_of(octets) == STANDARD
    message = parsed(octets)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf",
    ]  # fmt: skip
    assert str(message["Subject"]) == oneline(subject)
    assert [address.addr_spec for address in message["To"].addresses] == ["ana@example.com"]


@given(st.text())
def test_every_text_comes_back_with_its_line_ends_as_lf(text):
    written = letter(text=text).octets
    [plain] = [part for part in email.message_from_bytes(written).walk() if part.get_content_type() == "text/plain"]
    expected = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").encode("utf-8", "replace").decode()
    assert plain.get_payload(decode=True).decode().replace("\r\n", "\n") == expected


@pytest.mark.parametrize("script", ["english words ", "schöne Grüße ", "доброе утро ", "日本語の手紙 "])
def test_every_script_stays_in_short_ascii_lines(script):
    octets = letter(text=script * 200, html=f"<p>{script * 200}</p>").octets
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 78
    assert body_of(parsed(octets)) in (script * 200, script * 200 + "\n")


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.com\r\nBcc: eve@example.net", "ana", "@example.com", "ana@", "a b@example.com",
        "ana@example.com, eve@example.net", "ana@exa mple.com", "ana@example..com", "ana\x00@example.com", "",
        '"a\r\n"@example.com', "<ana@example.com>", "ana@example.com\n",
        "a@" + "x" * 300 + ".example",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(Unsendable):
        letter(to=Address("", address))


@pytest.mark.parametrize(
    "address", ["a+b@example.com", '"john smith"@example.com', "o'neil@example.com", "x@[127.0.0.1]"]
)
def test_unusual_addresses_are_written_as_they_are(address):
    assert parsed(letter(to=Address("", address)).octets)["To"].addresses[0].addr_spec == address


def test_a_domain_beyond_ascii_is_written_in_ascii_and_needs_no_smtputf8():
    composed = letter(to=Address("", "ana@bücher.example"))
    assert b"To: ana@xn--bcher-kva.example\r\n" in composed.octets
    assert composed.needs_smtputf8 is False


def test_a_local_part_beyond_ascii_needs_smtputf8_and_says_so():
    composed = letter(to=Address("Jörg", "jörg@example.com"))
    assert composed.needs_smtputf8 is True
    assert "<jörg@example.com>".encode() in composed.octets
    assert letter().needs_smtputf8 is False


@pytest.mark.parametrize("field", ["message_id", "auto_submitted", "desk_mark", "probe"])
@pytest.mark.parametrize("poison", ["x\r\nBcc: eve@example.net", "x\0", "ä"])
def test_a_value_of_ours_that_cannot_stand_in_a_header_is_refused(field, poison):
    with pytest.raises(Unsendable):
        letter(**{field: poison})


@pytest.mark.parametrize("language", ["x\r\nBcc: eve@example.net", "ä", "de, en", "i" * 300])
def test_a_language_that_is_none_is_left_out(language):
    assert "Content-Language" not in names_of(letter(language=language).octets)


def test_a_date_without_a_zone_is_refused():
    with pytest.raises(Unsendable, match="zone"):
        letter(sent_at=datetime(2026, 11, 30, 9, 12))  # noqa: DTZ001 - the mistake itself


def test_foreign_ids_that_are_none_are_left_out_and_many_are_cut_to_the_first_and_the_last():
    many = [f"<{number}@example.com>" for number in range(300)]
    broken = ["no brackets", "<a b@example.com>", "<x\r\nBcc: eve@example.net>", "<" + "x" * 2000 + "@example.com>"]
    octets = letter(in_reply_to="<a\r\nb@c>", references=(*broken, *many, many[-1])).octets
    assert names_of(octets) == [name for name in STANDARD if name != "In-Reply-To"]
    assert parsed(octets)["References"].split() == [many[0], *many[-20:]]


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("Anrufliste März.pdf", "Anrufliste März.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ('a"b\r\nX: y.pdf', "a_b X_ y.pdf"),
        ("", "attachment"),
        ("…", "…"),
        ("漢字" * 100 + ".pdf", "漢字" * 73 + ".pdf"),
        ("long " * 20 + "name.pdf", "long " * 20 + "name.pdf"),
    ],
)
def test_files_travel_with_their_bytes_and_a_safe_name(filename, shown):
    content = bytes(range(256)) * 20
    message = parsed(letter(attachments=(Attached(filename, "application/pdf", content),)).octets)
    [part] = message.iter_attachments()
    assert part.get_filename() == shown
    assert part.get_content() == content
    assert part.get_content_disposition() == "attachment"
    assert body_of(message) == TEXT


@pytest.mark.parametrize(
    ("given_type", "sent_type"),
    [
        ("image/svg+xml", "image/svg+xml"),
        ("IMAGE/PNG", "image/png"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("text/html\r\nX: y", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("a/b/c", "application/octet-stream"),
    ],
)
def test_a_content_type_that_is_none_or_opens_a_structure_becomes_plain_bytes(given_type, sent_type):
    message = parsed(letter(attachments=(Attached("x.bin", given_type, b"x"),)).octets)
    [part] = message.iter_attachments()
    assert part.get_content_type() == sent_type
    assert part.get_payload(decode=True) == b"x"


def test_text_that_looks_like_our_boundary_does_not_end_the_part():
    edge = re.search(rb'boundary="([^"]+)"', letter().octets)[1].decode()
    text = f"--{edge}--\n--{edge}\n"
    assert body_of(parsed(letter(text=text).octets)) == text
