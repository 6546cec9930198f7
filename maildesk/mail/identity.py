"""What the header block alone says of a mail: who wrote it, to whom, which mail it is, when it came and by whose proof.

RFC 5322 section 3.6. `unread` is the same from a mere scan, for a mail that killed its reader: it calls no library on
foreign text.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from maildesk.domain.message import Address, Authenticity, Kind, Message
from maildesk.mail import authenticity, headers
from maildesk.mail.authenticity import GENERIC, Profile
from maildesk.mail.charsets import clean, one_line
from maildesk.mail.headers import Header
from maildesk.mail.kind import DESK_HEADER, PROBE_HEADER

SCANNED_CHARACTERS = 1_000
UNREAD_CHARACTERS = 64 * 1024
DELIVERIES = 50
REPEATED = 20
IDENTITY_FIELDS = ("message-id", "from", "date", "subject")
DELIVERY_FIELDS = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to")
SENDER_FIELDS = ("reply-to", "sender", "return-path")


@dataclass(frozen=True, slots=True)
class ReadPolicy:
    """What the reader must know of the desk.

    `own_hosts`: the names, in lower case, by which our own mail servers sign Received fields. `own_addresses`: the
    desk's addresses in lower case; their plus forms are ours too.
    """

    own_hosts: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()
    profile: Profile = GENERIC


def read(raw: bytes, header: Header, policy: ReadPolicy, defects: list[str]) -> Message:
    """The message as far as the header block goes: no text, no attachments, taken for a person's until it is judged."""
    sender, is_from = sender_of(header, defects)
    identifier = headers.message_id(header.first("message-id"))
    if identifier is None:
        defects.append("it has no Message-ID")
    date = headers.date(header.first("date"))
    if date is None and header.has("date"):
        defects.append("its Date cannot be read")
    from_domain = sender.domain if sender is not None and is_from else ""
    return Message(
        message_id=identifier,
        in_reply_to=headers.message_ids(header.all("in-reply-to")),
        references=headers.message_ids(header.all("references")),
        date=date,
        sender=sender,
        sender_is_from=is_from,
        reply_to=headers.addresses(header.first("reply-to"), defects, "Reply-To"),
        to=listed(header, "to", defects),
        cc=listed(header, "cc", defects),
        delivered_to=deliveries(header),
        subject=headers.decoded(header.first("subject")),
        text="",
        visible_text="",
        quoted_text="",
        attachments=(),
        kind=Kind.HUMAN,
        rule="unread",
        reasons=(),
        may_acknowledge=False,
        is_list=False,
        bounce=None,
        language=None,
        defects=(),
        digest=digest(raw, header),
        size=len(raw),
        received_at=received_at(header, policy.own_hosts),
        authenticity=authenticity.judge(header, policy.own_hosts, from_domain, policy.profile),
        probe=one_line(header.first(PROBE_HEADER)) or None,
        own_marks=tuple(one_line(value) for value in header.all(DESK_HEADER)),
    )


def sender_of(header: Header, defects: list[str]) -> tuple[Address | None, bool]:
    """Who wrote the mail, and whether From names exactly that one mailbox.

    Where From has no usable address it is that of Reply-To, Sender or Return-Path, with the name that From gives.
    """
    values = header.all("from")
    found = headers.addresses(values[0], defects, "From") if values else ()
    usable = [address for address in found if "@" in address.address]
    if len(values) > 1:
        defects.append("it has more than one From field; the first was taken, and it proves nothing")
    if usable:
        return usable[0], len(values) == 1 and len(usable) == 1
    name = found[0].name if found else headers.decoded(values[0].strip("<> ")) if values else ""
    for field in SENDER_FIELDS:
        stand_in = headers.addresses(header.first(field), [], field)
        if stand_in and "@" in stand_in[0].address:
            defects.append(f"From has no usable address; that of {field.title()} was taken")
            return Address(name or stand_in[0].name, stand_in[0].address), False
    defects.append("nobody is named as its sender")
    return (found[0], False) if found else (None, False)


def listed(header: Header, field: str, defects: list[str]) -> tuple[Address, ...]:
    """The mailboxes of all fields of a name; repeated fields happen and are meant."""
    values = header.all(field)[:REPEATED]
    found = [one for value in values for one in headers.addresses(value, defects, field.title())]
    return tuple(found[: headers.ADDRESSES])


def deliveries(header: Header) -> tuple[str, ...]:
    """The envelope recipients that servers noted, each once."""
    found = [
        clean(address)
        for field in DELIVERY_FIELDS
        for value in header.all(field)
        for address in headers.ADDR_SPEC.findall(value[:SCANNED_CHARACTERS])
    ]
    return tuple(dict.fromkeys(found))[:DELIVERIES]


def received_at(header: Header, own_hosts: tuple[str, ...]) -> datetime | None:
    """When our own host took the mail in: the date of its topmost Received field (RFC 5321 section 4.4)."""
    value = authenticity.own_received(header, own_hosts) if own_hosts else ""
    return headers.date(value.rpartition(";")[2].strip()) if value else None


def digest(raw: bytes, header: Header) -> str:
    """The same for two copies of one mail: over Message-ID, From, Date, Subject and the bytes after the header."""
    found = hashlib.sha256()
    for field in IDENTITY_FIELDS:
        value = header.raw(field).strip()
        found.update(len(value).to_bytes(4, "big") + value)
    found.update(memoryview(raw)[header.body :])
    return found.hexdigest()


def unread(raw: bytes, why: str) -> Message:
    """The message of a mail that cannot be read, by a scan of its bytes: enough for a case that a person looks at."""
    header = headers.split(raw)
    written = header.first("from")[:SCANNED_CHARACTERS]
    address = next(iter(headers.ADDR_SPEC.findall(written)), "")
    name = one_line(written.partition("<")[0].strip('" ')) if "<" in written else ""
    return Message(
        message_id=headers.message_id(header.first("message-id")[:SCANNED_CHARACTERS]),
        in_reply_to=headers.message_ids([header.first("in-reply-to")[:SCANNED_CHARACTERS]]),
        references=headers.message_ids([header.first("references")[-SCANNED_CHARACTERS:]]),
        date=None,
        sender=Address(name, clean(address)) if address else None,
        sender_is_from=False,
        reply_to=(),
        to=tuple(scanned(header, "to")),
        cc=tuple(scanned(header, "cc")),
        delivered_to=deliveries(header),
        subject=one_line(header.first("subject")[:SCANNED_CHARACTERS]),
        text=(text := readable_start(raw, header)),
        visible_text=text,
        quoted_text="",
        attachments=(),
        kind=Kind.HUMAN,
        rule="unreadable",
        reasons=("it could not be read, so a person must look at it",),
        may_acknowledge=False,
        is_list=False,
        bounce=None,
        language=None,
        defects=(clean(why),),
        digest=digest(raw, header),
        size=len(raw),
        authenticity=Authenticity(why="it could not be read"),
        own_marks=tuple(one_line(value[:SCANNED_CHARACTERS]) for value in header.all(DESK_HEADER)[:1]),
        is_partial=True,
    )


def scanned(header: Header, field: str) -> list[Address]:
    """The addresses of a field by a mere scan."""
    found = headers.ADDR_SPEC.findall(header.first(field)[:SCANNED_CHARACTERS])
    return [Address("", clean(address)) for address in found]


def readable_start(raw: bytes, header: Header) -> str:
    """The first 64 kB after the header block, as they stand."""
    piece = raw[header.body : header.body + UNREAD_CHARACTERS]
    return clean(piece.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")).strip()
