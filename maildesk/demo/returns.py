"""The delivery status notification of the demo's mail server (RFC 3464)."""

from datetime import datetime
from email.message import EmailMessage
from email.parser import Parser
from email.policy import SMTP
from email.utils import format_datetime

_WORDS = """\
This is the mail system at host {host}.

I am sorry to have to inform you that your message could not be delivered. It is attached below.

<{recipient}>: host {far} said: 550 5.1.1 <{recipient}>: Recipient address rejected: no such mailbox
"""
_STATUS = """\
Reporting-MTA: dns; {host}

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Remote-MTA: dns; {far}
Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: Recipient address rejected: no such mailbox
"""
_HEADER = ("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References")


def delivery_report(lost: EmailMessage, recipient: str, host: str, at: datetime) -> bytes:
    """The report that `lost` did not reach the recipient, from the mail system at `host`."""
    names = {"host": host, "recipient": recipient, "far": f"mx.{recipient.rpartition('@')[2]}"}
    report = EmailMessage(SMTP)
    report["From"] = f"Mail Delivery System <MAILER-DAEMON@{host}>"
    report["To"] = str(lost["From"])
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"] = format_datetime(at)
    report["Message-ID"] = f"<{at:%Y%m%d%H%M%S}.{abs(hash(recipient)) % 10**8}@{host}>"
    report["Auto-Submitted"] = "auto-replied"
    report["MIME-Version"] = "1.0"
    report["Content-Type"] = "multipart/report; report-type=delivery-status"
    header = "".join(f"{name}: {lost[name]}\n" for name in _HEADER if lost[name])
    report.attach(_part("text/plain; charset=utf-8", _WORDS.format(**names)))
    report.attach(_part("message/delivery-status", _STATUS.format(**names)))
    report.attach(_part("text/rfc822-headers; charset=utf-8", header))
    return report.as_bytes()


def _part(content_type: str, text: str) -> EmailMessage:
    """A part, read rather than made: the parser alone knows how to take a report's groups apart."""
    parser = Parser(EmailMessage, policy=SMTP)
    return parser.parsestr(f"Content-Type: {content_type}\n\n{text}")
