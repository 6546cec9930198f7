"""Mail as it should not be, at a running desk: each becomes a case or waits on the shelf, none stops another."""

import pytest
from living import LivingDesk, mail, text_of

from maildesk.domain.case import Milestone

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS = "The lift has been out of order for three weeks."


def raw_mail(
    desk: LivingDesk, sender: str, *more: bytes, body: bytes = WORDS.encode(), subject: bytes = b"The lift"
) -> bytes:
    """A mail written by hand, so that it can be wrong."""
    fields = [
        b"From: " + sender.encode() if sender else b"X-Nobody: yes",
        b"To: " + desk.desk.address.encode(),
        b"Subject: " + subject,
        b"Date: Tue, 03 Mar 2026 10:00:00 +0000",
        b"Message-ID: <"
        + (sender or "nobody").encode().replace(b"<", b"").replace(b">", b"").replace(b" ", b"")
        + b".1>",
        *more,
    ]
    return b"\r\n".join(fields) + b"\r\n\r\n" + body


def nested(depth: int) -> bytes:
    opening = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(depth)
    )
    closing = b"".join(b"\r\n--b%d--\r\n" % level for level in reversed(range(depth)))
    return opening + b"Content-Type: text/plain\r\n\r\n" + WORDS.encode() + closing


async def acknowledged(desk: LivingDesk, raw: bytes, sender: str):
    """The case of this mail and its one acknowledgement."""
    await desk.append(raw)
    letter = await desk.letter(sender, "We have received your complaint")
    await desk.settled()
    assert desk.count(sender) == 1
    case = await desk.case_of(sender)
    assert case.reached(Milestone.ACKNOWLEDGED)
    assert case.reference in str(letter["Subject"])
    return case, letter


async def test_a_mail_without_from_is_a_case_that_staff_hear_of_and_nobody_is_answered(desk):
    before = len(await desk.cases())
    await desk.append(raw_mail(desk, "", body=b"No name on this one: the bins were not emptied."))
    notice = await desk.letter("anna@staff.test", "No name on this one")
    await desk.settled()
    cases = await desk.cases()
    assert len(cases) == before + 1
    (case,) = [case for case in cases if "No name on this one" in case.what_happened]
    assert case.parties == ()
    assert "No acknowledgement was sent" in text_of(notice)


async def test_a_mail_without_message_id_is_acknowledged_without_pointing_at_one(desk):
    raw = raw_mail(desk, "noid@example.com").replace(b"Message-ID:", b"X-Removed:")
    _, letter = await acknowledged(desk, raw, "noid@example.com")
    assert letter["In-Reply-To"] is None


async def test_of_two_froms_the_first_is_answered_and_the_second_hears_nothing(desk):
    raw = raw_mail(desk, "first@example.com", b"From: second@example.com")
    await acknowledged(desk, raw, "first@example.com")
    assert desk.count("second@example.com") == 0


async def test_three_hundred_nested_parts_are_a_case(desk):
    raw = raw_mail(desk, "nested@example.com").partition(b"\r\n\r\n")[0] + b"\r\n" + nested(300)
    await desk.append(raw)
    await desk.until_async(lambda: _has_case(desk, "nested@example.com"))
    await desk.settled()
    assert desk.count("nested@example.com") <= 1


async def _has_case(desk: LivingDesk, address: str) -> bool:
    return any(case.party(address) for case in await desk.cases())


async def test_an_unknown_charset_loses_no_word(desk):
    raw = raw_mail(desk, "charset@example.com", b'Content-Type: text/plain; charset="klingon-8"')
    case, _ = await acknowledged(desk, raw, "charset@example.com")
    assert WORDS in case.what_happened


async def test_nul_bytes_are_a_case_whose_words_can_be_read(desk):
    raw = raw_mail(desk, "nul@example.com", body=b"The \x00lift is\x00 broken.")
    await desk.deliver(raw)  # IMAP has no way to say NUL in a literal; LMTP has
    await desk.letter("nul@example.com", "We have received")
    case = await desk.case_of("nul@example.com")
    assert "lift" in case.what_happened
    assert "\x00" not in case.what_happened


async def test_an_empty_body_is_acknowledged(desk):
    case, _ = await acknowledged(desk, raw_mail(desk, "empty@example.com", body=b""), "empty@example.com")
    assert case.subject == "The lift"


async def test_html_alone_is_read_as_text(desk):
    html = b"<html><body><p>The lift has been <b>out of order</b> for three weeks.</p><script>x</script></body></html>"
    raw = raw_mail(desk, "html@example.com", b"Content-Type: text/html; charset=utf-8", body=html)
    case, _ = await acknowledged(desk, raw, "html@example.com")
    assert WORDS in case.what_happened
    assert "<" not in case.what_happened


async def test_an_attachment_alone_is_named_to_staff(desk):
    raw = raw_mail(
        desk, "scan@example.com", b"Content-Type: application/pdf", b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment; filename=letter.pdf", body=b"JVBERi0xLjQK",
    )  # fmt: skip
    case, _ = await acknowledged(desk, raw, "scan@example.com")
    notice = await desk.letter("anna@staff.test", case.reference)
    assert "letter.pdf" in text_of(notice)


async def test_fifty_thousand_encoded_words_in_the_subject_hold_nobody_up(desk):
    words = b"\r\n ".join([b"=?utf-8?q?never_ending?="] * 50_000)
    await desk.append(raw_mail(desk, "words@example.com", subject=words), raw_mail(desk, "after@example.com"))
    await desk.letter("after@example.com", "We have received")
    await desk.until_async(lambda: _has_case(desk, "words@example.com"))
    await desk.settled()
    case = await desk.case_of("words@example.com")
    assert len(case.subject) <= 500


@pytest.mark.parametrize(
    "name",
    ["=?utf-8?q?Eve=0D=0ABcc:_victim@example.org?=", "=?utf-8?b?RXZlDQpCY2M6IHZpY3RpbUBleGFtcGxlLm9yZw==?="],
    ids=["quoted", "base64"],
)
async def test_a_line_break_in_a_display_name_adds_no_header_to_any_letter(desk, name):
    sender = f"eve{len(name)}@example.com"
    case, letter = await acknowledged(desk, raw_mail(desk, f"{name} <{sender}>"), sender)
    notice = await desk.letter("anna@staff.test", case.reference)
    for one in (letter, notice):
        assert one["Bcc"] is None
    assert not any("victim@example.org" in taken.recipients for taken in desk.sink.taken)
    (party,) = case.parties
    assert party.name.isprintable()


async def test_a_newsletter_waits_on_the_shelf_and_gets_no_answer(desk):
    await desk.append(
        mail(
            "News <news@shop.example>",
            "Spring sale",
            "Buy.",
            to=desk.desk.address,
            headers={"List-Id": "<news.shop.example>", "List-Unsubscribe": "<mailto:x@shop.example>"},
        )
    )
    await desk.until_async(lambda: _is_shelved(desk, "news@shop.example"))
    assert desk.count("news@shop.example") == 0
    assert not await _has_case(desk, "news@shop.example")


async def _is_shelved(desk: LivingDesk, sender: str) -> bool:
    from maildesk.store import messages

    async with desk.database():
        return any(one.message.sender and one.message.sender.key == sender for one in await messages.shelved())
