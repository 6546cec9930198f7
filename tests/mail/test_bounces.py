import pytest
from reading import mail, multipart, reading

from maildesk.domain.message import BouncedRecipient, Kind

NOTICE = "Content-Type: text/plain\n\nYour mail could not be delivered."
ORIGINAL = "Content-Type: message/rfc822\n\nMessage-ID: <letter@desk.example>\nSubject: Your complaint\n\nDear Jo,"
HEADERS = "Content-Type: text/rfc822-headers\n\nSubject: Your complaint\nMessage-ID: <letter@desk.example>\n"
DAEMON = {"From": "MAILER-DAEMON@mx.example", "Subject": "Undelivered Mail Returned to Sender"}


def status(action: str, code: str = "5.1.1", recipient: str = "rfc822; jo@customer.example") -> str:
    return (
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: {recipient}\nAction: {action}\nStatus: {code}\nDiagnostic-Code: smtp; 550 no such\n user\n"
    )


def report(*parts: str, report_type: str = "delivery-status", **fields: str) -> bytes:
    raw = multipart(*parts, subtype="report", **{**DAEMON, **fields})
    return raw.replace(b'boundary="edge"', f'boundary="edge"; report-type={report_type}'.encode(), 1)


@pytest.mark.parametrize("original", [ORIGINAL, HEADERS])
def test_a_failed_delivery_names_its_recipient_and_the_letter(original: str):
    message = reading(report(NOTICE, status("failed"), original))
    assert (message.kind, message.rule) == (Kind.BOUNCE, "delivery-failed")
    assert message.bounce is not None
    assert message.bounce.original_message_id == "<letter@desk.example>"
    assert message.bounce.recipients == (
        BouncedRecipient("jo@customer.example", "failed", "5.1.1", "smtp; 550 no such user"),
    )
    assert not message.may_acknowledge


def test_a_delayed_delivery_is_no_failure():
    message = reading(report(NOTICE, status("delayed", "4.4.1"), HEADERS, Subject="Delayed Mail"))
    assert (message.kind, message.rule) == (Kind.DELAYED, "delivery-delayed")
    assert message.bounce is not None
    assert message.bounce.recipients[0].status == "4.4.1"


def test_one_failed_recipient_among_delayed_ones_is_a_failure():
    both = status("delayed", "4.4.1") + "\nFinal-Recipient: rfc822; x@y.example\nAction: failed\nStatus: 5.0.0\n"
    assert reading(report(NOTICE, both, HEADERS)).kind is Kind.BOUNCE


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_delivery_that_succeeded_is_no_bounce(action: str):
    message = reading(report(NOTICE, status(action, "2.0.0"), HEADERS, Subject="Successful Mail Delivery Report"))
    assert message.kind is Kind.AUTO_GENERATED
    assert message.bounce is None


def test_the_address_that_we_wrote_to_is_named_rather_than_the_one_it_was_forwarded_to():
    forwarded = status("failed") + "Original-Recipient: rfc822;old@customer.example\n"
    message = reading(report(NOTICE, forwarded, HEADERS))
    assert message.bounce is not None
    assert message.bounce.recipients[0].address == "old@customer.example"


def test_a_report_whose_parts_are_broken_is_a_bounce_without_recipients():
    message = reading(report(NOTICE, "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822;\n"))
    assert message.kind is Kind.BOUNCE
    assert message.bounce is not None
    assert message.bounce.recipients == ()


def test_a_feedback_report_is_one():
    feedback = "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
    message = reading(report(NOTICE, feedback, ORIGINAL, report_type="feedback-report", From="fbl@isp.example"))
    assert (message.kind, message.bounce) == (Kind.FEEDBACK_REPORT, None)


def test_a_receipt_of_reading_is_no_bounce():
    receipt = "Content-Type: message/disposition-notification\n\nDisposition: manual-action; displayed\n"
    raw = report(NOTICE, receipt, report_type="disposition-notification", From="jo@customer.example", Subject="Read: x")
    assert (reading(raw).kind, reading(raw).bounce) == (Kind.AUTO_GENERATED, None)


def test_exims_header_names_the_recipient():
    raw = mail("A message could not be delivered.", X_Failed_Recipients="jo@customer.example", **DAEMON)
    message = reading(raw)
    assert message.kind is Kind.BOUNCE
    assert message.bounce is not None
    assert [one.address for one in message.bounce.recipients] == ["jo@customer.example"]


QMAIL = """Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<jo@customer.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <complaints@desk.example>
Message-ID: <letter@desk.example>
"""


def test_a_bounce_in_words_names_recipient_and_letter():
    message = reading(mail(QMAIL, Return_Path="<>", From="MAILER-DAEMON@mx.example", Subject="failure notice"))
    assert (message.kind, message.rule) == (Kind.BOUNCE, "bounce-in-words")
    assert message.bounce is not None
    assert message.bounce.original_message_id == "<letter@desk.example>"
    assert [one.address for one in message.bounce.recipients] == ["jo@customer.example"]


def test_the_desks_own_address_in_a_notice_is_not_the_recipient():
    words = "There was an error delivering your mail to <jo@customer.example>.\nIt was sent by complaints@desk.example."
    message = reading(mail(words, From="MAILER-DAEMON <>", Subject="Mail delivery failed"))
    assert message.bounce is not None
    assert [one.address for one in message.bounce.recipients] == ["jo@customer.example"]
