"""Bytes to `Message`: the one door through which foreign mail is read. It never raises.

It runs in a child process with limits (`children`), by `read_packed`; `pack` and `unpack` are the parent's side, and
`unreadable` is what the parent makes of a mail that its child did not survive. What a mail lacks or gets wrong is
named in `defects`, in words, with how it was read all the same.
"""

import struct
from dataclasses import replace
from functools import lru_cache

import msgspec

from maildesk.domain.message import BouncedRecipient, Message
from maildesk.mail import bodies, bounces, headers, identity, kind, language, mime, parts, quoting
from maildesk.mail.headers import Header
from maildesk.mail.identity import ReadPolicy
from maildesk.mail.parts import Tree

__all__ = ["PRELOAD", "ReadPolicy", "pack", "read", "read_packed", "read_part", "unpack", "unreadable"]

# What a fork server should hold before it forks: this module and the libraries that reading loads on demand.
PRELOAD = (
    "maildesk.mail.parse",
    "authres",
    "charset_normalizer",
    "flufl.bounce",
    "inscriptis.css_profiles",
    "inscriptis.html_engine",
    "lxml.html",
    "selectolax.lexbor",
)
RAW_BYTES = 64 << 20
EVIDENCE_CHARACTERS = 16_384
LENGTH = struct.Struct("!I")
PACK = msgspec.msgpack.Encoder()
MESSAGE = msgspec.msgpack.Decoder(Message)
POLICY = msgspec.msgpack.Decoder(ReadPolicy)


def read(raw: bytes, policy: ReadPolicy) -> Message:
    """The mail as a person would understand it. Never raises: what cannot be read is `unreadable`."""
    try:
        return understood(raw, policy)
    except Exception as failure:  # noqa: BLE001  foreign input; the mail is kept, shown as far as it goes, and marked
        return unreadable(raw, f"the reader failed on it ({type(failure).__name__}: {str(failure)[:200]})")


def unreadable(raw: bytes, why: str) -> Message:
    """The message of a mail that no reader survives: by a scan of its header, for a person to look at."""
    return identity.unread(raw[:RAW_BYTES], why)


def understood(raw: bytes, policy: ReadPolicy) -> Message:
    """The mail read in full. Raises where a library meets something it did not expect."""
    header = headers.split(raw)
    defects = list(header.defects)
    if len(raw) > RAW_BYTES:
        defects.append("it is larger than 64 MB; its end was not read")
    message = identity.read(raw, header, policy, defects)
    tree = parts.walk(mime.parse(raw[:RAW_BYTES], header))
    marked = bodies.text(tree)
    text = quoting.unmarked(marked)
    visible, quoted = quoting.split(marked)
    recipients = bounces.reported(tree)
    message = replace(message, text=text)
    rule = kind.classify(evidence(message, header, tree, recipients, policy))
    return replace(
        message,
        visible_text=visible,
        quoted_text=quoted,
        attachments=bodies.attachments(tree),
        kind=rule.kind,
        rule=rule.name,
        reasons=(rule.reason,),
        may_acknowledge=rule.may_acknowledge,
        is_list=rule.is_list,
        bounce=bounces.read(rule.kind, recipients, (raw, header, tree, text)),
        language=language.of(header.first("content-language"), visible or text),
        defects=tuple(dict.fromkeys((*defects, *tree.defects))),
    )


def evidence(
    message: Message,
    header: Header,
    tree: Tree,
    recipients: tuple[BouncedRecipient, ...],
    policy: ReadPolicy,
) -> kind.Evidence:
    """What the table of kinds looks at."""
    return kind.Evidence(
        header=header,
        subject=message.subject,
        sender=message.sender,
        report_type=tree.report_type if tree.content_type == "multipart/report" else "",
        part_types=frozenset(part.kind for part in tree.reports),
        actions=frozenset(recipient.action for recipient in recipients if recipient.action),
        text=message.text[:EVIDENCE_CHARACTERS],
        own_addresses=policy.own_addresses,
    )


def read_part(raw: bytes, part: str) -> bytes:
    """The decoded bytes of an attachment, by its `part`. LookupError where the mail has no such part."""
    found = parts.find(mime.parse(raw[:RAW_BYTES], headers.split(raw)), part)
    if found is None:
        raise LookupError(f"the mail has no part {part!r}")
    return found.content()


def pack(raw: bytes, policy: ReadPolicy) -> bytes:
    """A mail and its policy as one item for a child."""
    head = packed(policy)
    return b"".join((LENGTH.pack(len(head)), head, raw))


@lru_cache(maxsize=64)
def packed(policy: ReadPolicy) -> bytes:
    """A policy as bytes: there is one per desk, and every item carries it."""
    return PACK.encode(policy)


@lru_cache(maxsize=64)
def unpacked(head: bytes) -> ReadPolicy:
    """A policy from its bytes."""
    return POLICY.decode(head)


def read_packed(item: bytes) -> bytes:
    """What a child does with an item: `pack` to `unpack`."""
    end = LENGTH.size + LENGTH.unpack_from(item)[0]
    return PACK.encode(read(item[end:], unpacked(item[LENGTH.size : end])))


def unpack(value: bytes) -> Message:
    """The message that a child made. msgspec.DecodeError where the bytes are none of ours."""
    return MESSAGE.decode(value)
