"""A letter's words to RFC 5322 bytes, assembled from strings: `EmailMessage` costs forty times as much.

Nothing that is handed in can add a header. Names, subjects and filenames come from strangers, so control characters in
them become blanks; addresses, ids and marks are ours, so a control character in them raises `Unsendable`.
"""

import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import blake2b

from maildesk.domain.message import Address
from maildesk.mail.encoded_headers import (
    Unsendable,
    mailbox,
    message_ids,
    parameters,
    plain,
    unstructured,
)

__all__ = ["Attached", "Composed", "Headers", "Unsendable", "compose"]

_BASE64_LINE = 57
_BASE64_PAYS = 1.25  # octets a character, from which base64 is the shorter encoding
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")
_BINARY = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Headers:
    """What stands in a letter's header block; every text is plain, encoding is done here.

    `sent_at` is aware. `auto_submitted` is RFC 3834's keyword, empty where a person wrote the letter. `desk_mark` is
    the signed value by which we know our own mail when it comes home; `probe` is the signed
    value that makes it a probe.
    """

    sender: Address
    to: Address
    subject: str
    sent_at: datetime
    message_id: str
    reply_to: Address | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    auto_submitted: str = ""
    desk_mark: str = ""
    language: str = ""
    probe: str = ""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that travels with a letter."""

    filename: str
    content_type: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class Composed:
    """The letter's bytes, with CRLF; `needs_smtputf8` where an address has a local part beyond ASCII (RFC 6531)."""

    octets: bytes
    needs_smtputf8: bool


def compose(headers: Headers, text: str, html: str, attachments: Sequence[Attached] = ()) -> Composed:
    """The letter as it goes over the wire: multipart/alternative, within multipart/mixed where files travel with it.

    ASCII but for addresses that need SMTPUTF8. The same input makes the same bytes. Raises Unsendable for an address,
    id or mark that cannot stand in a header, and for a moment without a zone.
    """
    block = _header_block(headers)
    edge = blake2b(headers.message_id.encode(), digest_size=12).hexdigest()
    alternative = _alternative(f"=_a{edge}", text, html)
    if not attachments:
        body = alternative
    else:
        mixed = f"=_m{edge}".encode()
        parts = (alternative, *(_attachment(attached) for attached in attachments))
        body = b'Content-Type: multipart/mixed;\r\n boundary="%b"\r\n\r\n' % mixed
        body += b"".join(b"--%b\r\n%b\r\n" % (mixed, part) for part in parts) + b"--%b--\r\n" % mixed
    octets = block.encode() + body
    return Composed(octets, not block.isascii())


def _header_block(headers: Headers) -> str:
    if headers.sent_at.tzinfo is None:
        raise Unsendable("a letter's Date needs a zone")
    lines = [
        f"From: {mailbox(headers.sender, len('From: '))}",
        f"To: {mailbox(headers.to, len('To: '))}",
        f"Subject: {unstructured(headers.subject, len('Subject: '))}",
        f"Date: {format_datetime(headers.sent_at.astimezone(UTC))}",
        f"Message-ID: {plain(headers.message_id, 'Message-ID')}",
    ]
    if headers.reply_to:
        lines.append(f"Reply-To: {mailbox(headers.reply_to, len('Reply-To: '))}")
    if answered := message_ids((headers.in_reply_to,) if headers.in_reply_to else ()):
        lines.append(f"In-Reply-To: {answered}")
    if ancestors := message_ids(headers.references):
        lines.append(f"References: {ancestors}")
    if headers.auto_submitted:
        lines.append(f"Auto-Submitted: {plain(headers.auto_submitted, 'Auto-Submitted')}")
        lines.append("X-Auto-Response-Suppress: OOF, AutoReply")
    marks = (
        ("X-Maildesk-Desk", headers.desk_mark),
        ("Content-Language", headers.language if _LANGUAGE_TAG.fullmatch(headers.language) else ""),
        ("X-Maildesk-Probe", headers.probe),
    )
    lines += [f"{name}: {plain(value, name)}" for name, value in marks if value]
    return "\r\n".join((*lines, "MIME-Version: 1.0", ""))


def _alternative(edge: str, text: str, html: str) -> bytes:
    mark = edge.encode()
    return b'Content-Type: multipart/alternative;\r\n boundary="%b"\r\n\r\n--%b\r\n%b\r\n--%b\r\n%b\r\n--%b--\r\n' % (
        mark, mark, _text_part("plain", text), mark, _text_part("html", html), mark,
    )  # fmt: skip


def _text_part(subtype: str, text: str) -> bytes:
    """One body part: quoted-printable, or base64 where that is shorter (RFC 2045 sections 6.7 and 6.8)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    octets = lines.encode("utf-8", "replace")
    if len(octets) > len(lines) * _BASE64_PAYS:
        encoding, encoded = b"base64", _base64(octets.replace(b"\n", b"\r\n"))
    else:
        encoding, encoded = b"quoted-printable", b2a_qp(octets, istext=True).replace(b"\n", b"\r\n")
    return b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: %b\r\n\r\n%b" % (
        subtype.encode(), encoding, encoded,
    )  # fmt: skip


def _attachment(attached: Attached) -> bytes:
    """One file, always as an attachment and never as something that a mail client shows or runs by itself."""
    kind = attached.content_type.strip().lower()
    main, _, sub = kind.partition("/")
    is_safe = main not in ("message", "multipart") and all(
        part and part.isascii() and part.replace("-", "").replace("+", "").replace(".", "").isalnum()
        for part in (main, sub)
    )
    head = (
        f"Content-Type: {kind if is_safe else _BINARY}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment;\r\n {parameters('filename', attached.filename)}\r\n\r\n"
    )
    return head.encode() + _base64(attached.octets)


def _base64(octets: bytes) -> bytes:
    """Base64 in lines of 76 characters, the last one without a line end."""
    rows = [b2a_base64(octets[at : at + _BASE64_LINE], newline=False) for at in range(0, len(octets), _BASE64_LINE)]
    return b"\r\n".join(rows)
