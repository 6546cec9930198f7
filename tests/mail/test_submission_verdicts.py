"""Replies as real servers write them, and whose turn it is then."""

import pytest

from maildesk.mail.outgoing import Deferred, Refused, Whose
from maildesk.mail.verdicts import Verb, judge

OURS, THEIRS = Whose.OURS, Whose.THEIRS


@pytest.mark.parametrize(
    ("verb", "code", "text", "whose"),
    [
        (Verb.RCPT, 550, "5.1.1 <x@example.com>: Recipient address rejected: User unknown", None),
        (Verb.RCPT, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound", None),
        (Verb.RCPT, 450, "4.2.0 Greylisted, try again in 300 seconds", THEIRS),
        (Verb.RCPT, 452, "4.2.2 mailbox full", THEIRS),
        (Verb.RCPT, 552, "5.2.2 mailbox full", None),
        (Verb.RCPT, 554, "5.7.1 <x@example.com>: Relay access denied", OURS),
        (Verb.RCPT, 553, "5.7.1 <desk@example.org>: Sender address rejected: not owned by user y", OURS),
        (Verb.RCPT, 554, "5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", OURS),
        (Verb.RCPT, 530, "5.7.0 Authentication required", OURS),
        (Verb.MAIL, 530, "5.7.1 Must issue a STARTTLS command first", OURS),
        (Verb.MAIL, 501, "5.1.7 Bad sender address syntax", OURS),
        (Verb.MAIL, 550, "5.7.1 not allowed to send as this address", OURS),
        (Verb.MAIL, 552, "5.3.4 Message size exceeds fixed limit", None),
        (Verb.MAIL, 550, "5.6.7 SMTPUTF8 needed", None),
        (Verb.DATA, 552, "5.3.4 Message too big", None),
        (Verb.DATA, 554, "5.6.0 rejected by content filter", None),
        (Verb.DATA, 550, "5.4.5 Daily user sending quota exceeded", OURS),
        (Verb.DATA, 451, "4.3.0 Temporary lookup failure", THEIRS),
        (Verb.AUTH, 535, "5.7.8 Error: authentication failed", OURS),
        (Verb.AUTH, 454, "4.7.0 Temporary authentication failure", THEIRS),
        (Verb.CONNECT, 554, "5.7.1 no SMTP service here", OURS),
        (Verb.CONNECT, 421, "4.3.2 too many connections", THEIRS),
        (Verb.DATA, 251, "what does that mean", THEIRS),
        (Verb.RCPT, -1, "Malformed SMTP response line", THEIRS),
    ],
)
def test_a_reply_is_judged_by_where_it_came_and_what_it_says(verb, code, text, whose):
    assert judge(verb, code, text) == (Refused(code, text) if whose is None else Deferred(code, text, whose))
