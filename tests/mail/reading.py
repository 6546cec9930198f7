"""Mails made for the tests of reading."""

from maildesk.domain.message import Message
from maildesk.mail.parse import ReadPolicy, read

POLICY = ReadPolicy(own_hosts=("mx.desk.example",), own_addresses=("complaints@desk.example",))
HEAD = {
    "From": "Jo Bloggs <jo@customer.example>",
    "To": "complaints@desk.example",
    "Subject": "The lift",
    "Date": "Tue, 3 Feb 2026 10:00:00 +0100",
    "Message-ID": "<1@customer.example>",
}


def mail(body: str | bytes = "The lift is out of order.", **fields: str | None) -> bytes:
    """A mail with the usual header; a field of None is left out, X_Name stands for X-Name."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    head = {**HEAD, **named}
    lines = [f"{name}: {value}".encode() for name, value in head.items() if value is not None]
    content = body if isinstance(body, bytes) else body.replace("\n", "\r\n").encode()
    return b"\r\n".join((*lines, b"", content))


def multipart(*parts: str | bytes, subtype: str = "mixed", **fields: str | None) -> bytes:
    """A mail of these parts, each with its own header lines."""
    pieces = [part if isinstance(part, bytes) else part.replace("\n", "\r\n").encode() for part in parts]
    body = b"".join(b"--edge\r\n" + piece + b"\r\n" for piece in pieces) + b"--edge--\r\n"
    return mail(body, MIME_Version="1.0", Content_Type=f'multipart/{subtype}; boundary="edge"', **fields)


def reading(raw: bytes, policy: ReadPolicy = POLICY) -> Message:
    """The message of a mail, with the desk's usual policy."""
    return read(raw, policy)
