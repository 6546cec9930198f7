"""What may be asked of a child process: to read a mail, or to take one part out of it. Bytes in, bytes out."""

from maildesk.domain.message import Message
from maildesk.mail.identity import ReadPolicy
from maildesk.mail.parse import pack, read_packed, read_part, unpack

__all__ = ["answer", "ask_for_part", "ask_to_read", "message_of"]

ROOM = "maildesk.mail.foreign"
TARGET = f"{ROOM}:answer"
_READ, _PART = b"R", b"P"
_END = b"\n"


def ask_to_read(raw: bytes, policy: ReadPolicy) -> bytes:
    """The item that asks for the Message of a mail."""
    return _READ + pack(raw, policy)


def ask_for_part(raw: bytes, part: str) -> bytes:
    """The item that asks for the decoded bytes of one part, named as in `Attachment.part`."""
    return _PART + part.encode("ascii") + _END + raw


def answer(item: bytes) -> bytes:
    """What a child does with an item. LookupError where a part is not there."""
    if item[:1] == _READ:
        return read_packed(item[1:])
    part, _, raw = item[1:].partition(_END)
    return read_part(raw, part.decode("ascii"))


def message_of(value: bytes) -> Message:
    """The message in a child's answer."""
    return unpack(value)
