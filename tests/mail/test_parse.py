import base64
import hashlib
from datetime import UTC, datetime
from email.header import Header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import POLICY, mail, multipart, reading

from maildesk.domain.message import Address, Kind, Message
from maildesk.mail.parse import pack, read_packed, read_part, unpack, unreadable

PLAIN = "Content-Type: text/plain; charset=utf-8\n\n"
HTML = "Content-Type: text/html; charset=utf-8\n\n"


def test_an_ordinary_mail_is_read_in_full():
    message = reading(mail(In_Reply_To="<0@x.example>", References="<a@x.example>\r\n <0@x.example>"))
    assert message.sender == Address("Jo Bloggs", "jo@customer.example")
    assert message.sender_is_from
    assert message.to == (Address("", "complaints@desk.example"),)
    assert message.subject == "The lift"
    assert message.date == datetime(2026, 2, 3, 9, tzinfo=UTC)
    assert message.message_id == "<1@customer.example>"
    assert message.in_reply_to == ("<0@x.example>",)
    assert message.references == ("<a@x.example>", "<0@x.example>")
    assert message.visible_text == message.text == "The lift is out of order."
    assert (message.kind, message.rule, message.may_acknowledge) == (Kind.HUMAN, "person", True)
    assert message.defects == ()


def test_without_from_the_sender_is_that_of_reply_to_and_proves_nothing():
    message = reading(mail(From=None, Reply_To="Jo <jo@customer.example>"))
    assert message.sender == Address("Jo", "jo@customer.example")
    assert not message.sender_is_from


def test_without_any_sender_there_is_none_and_the_mail_is_read():
    message = reading(mail(From=None))
    assert message.sender is None
    assert message.text == "The lift is out of order."


def test_two_from_fields_prove_nothing():
    message = reading(mail().replace(b"To:", b"From: boss@desk.example\r\nTo:", 1))
    assert message.sender == Address("Jo Bloggs", "jo@customer.example")
    assert not message.sender_is_from
    assert any("more than one From" in defect for defect in message.defects)


def test_two_mailboxes_in_from_prove_nothing():
    message = reading(mail(From="jo@customer.example, boss@desk.example", Sender="jo@customer.example"))
    assert not message.sender_is_from


def test_a_display_name_that_looks_like_an_address_is_no_address():
    message = reading(mail(From='"boss@desk.example" <jo@customer.example>'))
    assert message.sender == Address("boss@desk.example", "jo@customer.example")


@pytest.mark.parametrize("name", ["=?utf-8?Q?Jo=0D=0ABcc:_x@y.example?=", "=?utf-8?B?Sm8NCkJjYzogeEB5LmV4YW1wbGU=?="])
def test_a_line_end_in_a_display_name_does_not_come_through(name: str):
    message = reading(mail(From=f"{name} <jo@customer.example>"))
    assert message.sender is not None
    assert message.sender.address == "jo@customer.example"
    assert not set(message.sender.name) & set("\r\n")


def test_an_encoded_line_end_in_the_subject_does_not_come_through():
    assert "\n" not in reading(mail(Subject="=?utf-8?Q?Hi=0D=0ABcc:_x@y.example?=")).subject


def test_without_message_id_there_is_none_and_two_such_mails_differ():
    one, other = reading(mail(Message_ID=None)), reading(mail("Another matter.", Message_ID=None))
    assert one.message_id is None
    assert one.digest != other.digest


def test_groups_are_flattened():
    message = reading(mail(To="Desk: complaints@desk.example, b@x.example;, c@x.example"))
    assert [address.address for address in message.to] == ["complaints@desk.example", "b@x.example", "c@x.example"]


def test_what_the_server_noted_as_recipient_is_among_the_recipients():
    message = reading(mail(Delivered_To="complaints+abc@desk.example", X_Original_To="<also@desk.example>"))
    assert message.recipients == ("complaints@desk.example", "complaints+abc@desk.example", "also@desk.example")


def test_raw_8_bit_header_bytes_are_read_as_latin_1_or_utf_8():
    raw = mail().replace(b"Jo Bloggs", "J\xf6rg".encode("latin-1")).replace(b"The lift\r", "Gr\xfc\xdfe\r".encode())
    message = reading(raw)
    assert message.sender == Address("J\xf6rg", "jo@customer.example")
    assert message.subject == "Gr\xfc\xdfe"


@pytest.mark.parametrize("label", ["windows-31j", "x-sjis"])
def test_an_encoded_word_in_a_charset_that_python_calls_otherwise_is_decoded(label: str):
    word = base64.b64encode("苦情".encode("cp932")).decode()
    assert reading(mail(Subject=f"=?{label}?B?{word}?=")).subject == "苦情"


def test_an_8_bit_latin_1_body_without_a_charset_is_kept():
    assert reading(mail("Die Tür schließt nicht.".encode("latin-1"))).text == "Die Tür schließt nicht."


def test_an_8_bit_latin_1_body_that_says_utf_8_is_kept():
    raw = mail("Die Tür schließt nicht, es ist kalt.".encode("latin-1"), Content_Type="text/plain; charset=utf-8")
    assert reading(raw).text == "Die Tür schließt nicht, es ist kalt."


def test_an_unknown_charset_is_read_and_named():
    message = reading(mail("Straße".encode(), Content_Type="text/plain; charset=x-martian"))
    assert message.text == "Straße"
    assert any("x-martian" in defect for defect in message.defects)


def test_a_backslash_stays_a_backslash():
    path = "C:\\new\\table \\u00e9 \\N{BULLET} 50\\%"
    message = reading(mail(path, Subject=path, From='"A\\\\B" <jo@customer.example>'))
    assert message.text == path
    assert message.subject == path
    assert message.sender.name == "A\\B"


def test_nul_bytes_are_left_out_and_named():
    message = reading(mail(b"one\x00two", Subject="a\x00b"))
    assert message.text == "onetwo"
    assert message.subject == "ab"
    assert any("NUL" in defect for defect in message.defects)


def test_an_empty_body_is_an_empty_text():
    message = reading(mail(""))
    assert (message.text, message.visible_text, message.quoted_text) == ("", "", "")
    assert message.may_acknowledge


def test_nothing_at_all_is_a_message_too():
    assert reading(b"").sender is None


def test_only_html_is_readable_text():
    message = reading(mail("<html><style>p{}</style><p>The <b>lift</b></p><p>is broken.</p>", Content_Type="text/html"))
    assert message.text.split() == ["The", "lift", "is", "broken."]


def test_html_that_inscriptis_gives_up_on_keeps_its_words():
    deep = "<div>" * 400 + "The lift is broken." + "</div>" * 400
    assert "The lift is broken." in reading(mail(deep, Content_Type="text/html")).text


def test_of_alternatives_the_plain_one_is_the_text():
    message = reading(multipart(PLAIN + "plain", HTML + "<p>html", subtype="alternative"))
    assert message.text == "plain"


def test_a_blank_plain_alternative_gives_way_to_the_html():
    message = reading(multipart(PLAIN + " \n", HTML + "<p>html", subtype="alternative"))
    assert message.text == "html"


def test_only_an_attachment_is_an_attachment_without_text():
    content = bytes(range(256))
    encoded = base64.b64encode(content).decode()
    raw = mail(
        encoded,
        Content_Type='application/pdf; name="bill.pdf"',
        Content_Transfer_Encoding="base64",
        Content_Disposition="attachment; filename*=UTF-8''Beschwerde%20f%C3%BCr%20Sie.pdf",
    )
    (attachment,) = reading(raw).attachments
    assert attachment.filename == "Beschwerde für Sie.pdf"
    assert (attachment.content_type, attachment.size) == ("application/pdf", 256)
    assert attachment.sha256 == hashlib.sha256(content).hexdigest()
    assert read_part(raw, attachment.part) == content
    assert reading(raw).text == ""


def test_the_bytes_of_each_attachment_are_found_again():
    parts = [f'Content-Type: text/csv; name="{n}.csv"\n\nrow {n}' for n in range(3)]
    raw = multipart(PLAIN + "see attached", *parts)
    message = reading(raw)
    assert [read_part(raw, a.part) for a in message.attachments] == [b"row 0", b"row 1", b"row 2"]
    with pytest.raises(LookupError):
        read_part(raw, "1.9")


def test_an_attachment_name_is_never_a_path():
    raw = multipart(
        PLAIN + "x", 'Content-Type: text/csv\nContent-Disposition: attachment; filename="../../etc/x.csv"\n\n1'
    )
    assert reading(raw).attachments[0].filename == "x.csv"


def test_a_winmail_dat_is_an_attachment():
    raw = multipart(PLAIN + "hello", 'Content-Type: application/ms-tnef; name="winmail.dat"\n\nTNEF')
    message = reading(raw)
    assert message.text == "hello"
    assert message.attachments[0].filename == "winmail.dat"


def test_only_a_calendar_is_an_attachment():
    message = reading(mail("BEGIN:VCALENDAR\nEND:VCALENDAR\n", Content_Type="text/calendar; method=REQUEST"))
    assert message.text == ""
    assert message.attachments[0].content_type == "text/calendar"


def test_a_forwarded_mail_is_attached_and_its_text_is_not_the_senders():
    inner = "Content-Type: message/rfc822\n\nFrom: x@y.example\nSubject: inner\n\nsomebody else's words"
    message = reading(multipart(PLAIN + "see below", inner))
    assert message.text == "see below"
    assert message.attachments[0].content_type == "message/rfc822"


def test_a_picture_that_the_html_shows_is_inline_and_a_photo_is_not():
    picture = "Content-Type: image/png\nContent-ID: <logo>\nContent-Disposition: inline; filename=logo.png\n\nPNG"
    photo = "Content-Type: image/jpeg\nContent-Disposition: inline; filename=damage.jpg\n\nJPG"
    message = reading(multipart(HTML + '<p>hello<img src="cid:logo">', picture, photo))
    assert {a.filename: a.inline for a in message.attachments} == {"logo.png": True, "damage.jpg": False}


@pytest.mark.parametrize("levels", [300, 5000])
def test_parts_nested_beyond_the_limit_are_attached_as_they_are_and_named(levels: int):
    lines = []
    for level in range(levels):
        lines += [f'Content-Type: multipart/mixed; boundary="b{level}."', "", f"--b{level}."]
    raw = b"From: jo@customer.example\r\nSubject: deep\r\n" + "\r\n".join([*lines, PLAIN, "core"]).encode()
    message = reading(raw)
    assert message.sender == Address("", "jo@customer.example")
    assert any("nested too deeply" in defect for defect in message.defects)
    (innermost,) = message.attachments
    assert read_part(raw, innermost.part).endswith(b"core")


def test_a_mail_inside_a_mail_a_thousand_times_is_one_attachment():
    message = reading(b"From: jo@customer.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 1000)
    assert [attachment.content_type for attachment in message.attachments] == ["message/rfc822"]


def test_a_forwarded_mail_is_attached_byte_for_byte():
    inner = b"Subject:  two  blanks\r\nX-Odd:\tvalue\r\n\r\n\xff\r\n.\r\n"
    raw = multipart(PLAIN + "see below", b"Content-Type: message/rfc822\r\n\r\n" + inner)
    assert read_part(raw, reading(raw).attachments[0].part) == inner


def test_a_missing_last_delimiter_loses_nothing():
    raw = multipart(PLAIN + "one", 'Content-Type: text/csv; name="a.csv"\n\n1,2').removesuffix(b"--edge--\r\n")
    assert reading(raw).attachments[0].size == len(b"1,2\r\n")


def test_a_delimiter_that_only_begins_like_the_boundary_is_text():
    assert reading(multipart(PLAIN + "one\n--edges\ntwo")).text == "one\n--edges\ntwo"


def test_a_multipart_without_any_delimiter_is_text():
    assert reading(mail("The lift.", Content_Type="multipart/mixed; boundary=edge")).text == "The lift."


@pytest.mark.parametrize(
    ("encoded", "expected"), [("YWJj\r\nZGVm\r\n", b"abcdef"), ("YWJjZA", b"abcd"), ("YW!Jj", b"abc")]
)
def test_base64_that_is_cut_or_dirty_is_decoded_as_far_as_it_goes(encoded: str, expected: bytes):
    part = "Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64 \n\n"
    raw = multipart(PLAIN + "x", part + encoded)
    assert read_part(raw, reading(raw).attachments[0].part) == expected


def test_the_parser_crash_of_mail_parser_is_no_crash_here():
    raw = (
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\nx\r\n"
    )
    assert reading(raw).text == "x"


def test_more_parts_than_the_limit_are_cut_and_named():
    message = reading(multipart(*(f'Content-Type: text/csv; name="{n}"\n\n{n}' for n in range(500))))
    assert len(message.attachments) <= 200
    assert any("too many parts" in defect for defect in message.defects)


def test_a_subject_of_50_000_encoded_words_is_cut_and_named():
    message = reading(mail(Subject="\r\n ".join(["=?utf-8?Q?word?="] * 50_000)))
    assert message.subject.startswith("wordword")
    assert any("longer than 16 kB" in d or "too long" in d for d in message.defects)


def test_a_header_block_of_a_megabyte_is_cut_and_the_body_still_found():
    padding = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 500) for number in range(2000))
    message = reading(padding + mail())
    assert message.text == "The lift is out of order."
    assert any("header block is too long" in defect for defect in message.defects)


def test_references_are_cut_to_the_last_50():
    message = reading(mail(References=" ".join(f"<{number}@x.example>" for number in range(500))))
    assert len(message.references) == 50
    assert message.references[-1] == "<499@x.example>"


def test_bare_carriage_returns_are_line_ends():
    message = reading(mail().replace(b"\r\n", b"\r"))
    assert message.subject == "The lift"
    assert message.text == "The lift is out of order."


def test_an_mbox_line_in_front_is_passed_over():
    assert reading(b"From jo Tue Feb  3 10:00:00 2026\r\n" + mail()).subject == "The lift"


def test_flowed_text_is_paragraphs_again():
    raw = mail("The lift is \nout of order.\n> it was \n> fine\n", Content_Type="text/plain; format=flowed")
    assert reading(raw).text == "The lift is out of order.\n> it was fine"


def test_flowed_text_with_delsp_joins_words():
    raw = mail("苦 \n情", Content_Type="text/plain; charset=utf-8; format=flowed; delsp=yes")
    assert reading(raw).text == "苦情"


def test_two_copies_that_came_by_different_ways_have_one_digest():
    way = (
        b"Received: from a.example by mx2.desk.example; Tue, 3 Feb 2026 10:00:09 +0100\r\nDelivered-To: x@y.example\r\n"
    )
    assert reading(mail()).digest == reading(way + mail()).digest
    assert reading(mail()).digest != reading(mail("The lift is out of order!")).digest


def test_a_mail_was_received_when_our_own_host_says():
    received = (
        b"Received: from outside.example by mx.desk.example with ESMTPS; Tue, 3 Feb 2026 10:00:05 +0000\r\n"
        b"Received: from jo by outside.example (by mx.desk.example); Mon, 2 Feb 2026 10:00:05 +0000\r\n"
    )
    assert reading(received + mail()).received_at == datetime(2026, 2, 3, 10, 0, 5, tzinfo=UTC)
    assert reading(mail()).received_at is None


def test_the_probe_and_the_desk_header_are_noted():
    message = reading(mail(X_Maildesk_Probe="token", X_Maildesk_Desk="housing"))
    assert message.probe == "token"
    assert message.own_marks == ("housing",)


def test_a_message_comes_back_from_a_child_as_it_was():
    raw = multipart(PLAIN + "Grüße 😀", 'Content-Type: text/csv; name="ä.csv"\n\n1')
    assert unpack(read_packed(pack(raw, POLICY))) == reading(raw)


def test_an_unreadable_mail_keeps_sender_subject_and_words():
    message = unreadable(mail(Subject=Header("Größe", "utf-8").encode()), "it hangs")
    assert message.sender == Address("Jo Bloggs", "jo@customer.example")
    assert message.text == "The lift is out of order."
    assert message.defects == ("it hangs",)
    assert not message.may_acknowledge
    assert not message.sender_is_from
    assert message.is_partial
    assert message.digest == reading(mail(Subject=Header("Größe", "utf-8").encode())).digest


FRAGMENTS = st.sampled_from(
    [b"From: ", b"Subject: =?utf-8?B?", b"Content-Type: multipart/mixed; boundary=a\r\n", b"\r\n", b"\n", b"\r",
     b"\r\n\r\n", b"--a\r\n", b"--a--", b"Content-Type: text/html\r\n\r\n", b"<div><blockquote>",
     b"filename*=x''%", b"\x00", b"\xff",
     b"<a@b.example>", b"Received: by ", b"Content-Type: message/delivery-status\r\n\r\n", b"Final-Recipient: ;",
     b"=?iso-2022-jp?B?", b"charset=utf-7\r\n", b"+2AA-", b"Auto-Submitted: ;", b";", b'"', b"> ", b"On 1 wrote:\n",
     b"Content-Transfer-Encoding: base64\r\n", b"Date: Tue, 99 Feb 99999 99:99:99 +9999\r\n", b"References: <<>>\r\n"]
)  # fmt: skip


@settings(deadline=None)  # a loaded machine is no fault of the reader
@given(st.lists(FRAGMENTS | st.binary(max_size=20), max_size=40))
def test_whatever_the_bytes_there_is_a_message_that_can_be_sent_on(pieces: list[bytes]):
    message = unpack(read_packed(pack(b"".join(pieces), POLICY)))
    assert isinstance(message, Message)
    assert message.rule != "unreadable", message.defects
