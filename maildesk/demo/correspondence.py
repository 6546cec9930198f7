"""Mails as people's own programs write them: new ones, answers with the quote below, automatic replies."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr
from html import escape

from maildesk.demo.cast import Player

_QUOTED_LINES = 12


def new_mail(author: Player, to: Player, subject: str, text: str, at: datetime) -> EmailMessage:
    """A mail as a phone writes it: the same words as text and as HTML."""
    mail = _begun(author, to.mailbox, subject, at)
    mail.set_content(_signed(author, text))
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
    mail.add_alternative(f"<html><body>{paragraphs}<p>{escape(author.name)}</p></body></html>", subtype="html")
    return mail


def plain_mail(author: Player, to: str, subject: str, text: str, at: datetime) -> EmailMessage:
    """A mail of text alone, to an address or a mailbox."""
    mail = _begun(author, to, subject, at)
    mail.set_content(text)
    return mail


def answer(author: Player, letter: EmailMessage, text: str, at: datetime) -> EmailMessage:
    """An answer to where the letter asks for it (RFC 5322 section 3.6.4), signed, with the beginning of its words."""
    mail = _begun(author, str(letter["Reply-To"] or letter["From"]), f"Re: {letter['Subject']}", at)
    _thread(mail, letter)
    mail.set_content(f"{_signed(author, text)}\n{_quote(letter)}")
    return mail


def out_of_office(author: Player, letter: EmailMessage, subject: str, text: str, at: datetime) -> EmailMessage:
    """What an automatic responder writes (RFC 3834)."""
    mail = _begun(author, parseaddr(str(letter["From"]))[1], subject, at)
    _thread(mail, letter)
    mail["Auto-Submitted"] = "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(text)
    return mail


def _begun(author: Player, to: str, subject: str, at: datetime) -> EmailMessage:
    mail = EmailMessage(SMTP)
    mail["From"] = author.mailbox
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at.replace(microsecond=0))
    mail["Message-ID"] = make_msgid(domain=author.domain)
    return mail


def _thread(mail: EmailMessage, letter: EmailMessage) -> None:
    known = str(letter["References"] or "").split()
    mail["In-Reply-To"] = str(letter["Message-ID"])
    mail["References"] = " ".join([*known, str(letter["Message-ID"])])


def _signed(author: Player, text: str) -> str:
    return f"{text}\n\n-- \n{author.signature}\n" if author.signature else f"{text}\n"


def _quote(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    lines = str(body.get_content()).strip().splitlines() if body else []
    shown = [*lines[:_QUOTED_LINES], *(["[…]"] if len(lines) > _QUOTED_LINES else [])]
    name = parseaddr(str(letter["From"]))[0]
    return "\n".join([f"On {letter['Date']}, {name} wrote:", *(f"> {line}".rstrip() for line in shown), ""])
