"""Mails, cases and commits as the desk makes them, in one call each."""

import itertools
from datetime import UTC, datetime

from maildesk.domain import events
from maildesk.domain.case import Role
from maildesk.domain.events import Opened, PartyAdded, Recorded
from maildesk.domain.filing import ReplyAddress
from maildesk.domain.letter import Acknowledgement, Letter, LetterKind, Purpose
from maildesk.domain.message import Address, Kind, Message
from maildesk.store import cases, ids, inbox, references
from maildesk.store.commit import CaseChange, Commit, Disposition, LetterState, NewAddress, NewLetter, NewMessage

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_NUMBERS = itertools.count(1)


def mail(sender="ann@example.com", **more) -> Message:
    """A message as the reader makes it, one of its kind."""
    number = next(_NUMBERS)
    said = {
        "message_id": f"<{number}@example.com>",
        "in_reply_to": (),
        "references": (),
        "date": NOW,
        "sender": Address("Ann", sender),
        "sender_is_from": True,
        "reply_to": (),
        "to": (Address("", "complaints@example.org"),),
        "cc": (),
        "delivered_to": (),
        "subject": "Broken boiler",
        "text": f"The boiler is broken, {number} days now.",
        "visible_text": f"The boiler is broken, {number} days now.",
        "quoted_text": "",
        "attachments": (),
        "kind": Kind.HUMAN,
        "rule": "human",
        "reasons": (),
        "may_acknowledge": True,
        "is_list": False,
        "bounce": None,
        "language": "en",
        "defects": (),
        "digest": f"digest-{number}",
        "size": 1000,
        "received_at": NOW,
    }
    return Message(**{**said, **more})


async def kept(count=1, mailbox="INBOX", octets=b"From: ann@example.com\r\n\r\nhello\r\n") -> list[inbox.Kept]:
    """So many mails that were fetched and committed."""
    mark = await inbox.mailbox_mark(mailbox, 1, 1, NOW)
    arrived = [inbox.Arrived(mark.high_uid + n, len(octets), NOW, octets) for n in range(1, count + 1)]
    await inbox.keep(mailbox, 1, arrived, mark.high_uid + count)
    return (await inbox.claim([mailbox], 1000, 10**9))[-count:]


async def opening(message=None, inbox_row=None, desk="complaints", at=NOW, due_at=None) -> Commit:
    """A mail that becomes a case, is acknowledged, and leaves a reply address."""
    message = message or mail()
    inbox_row = inbox_row or (await kept())[0]
    case, message_row, letter, address = await ids.take(4)
    (reference,) = await references.take(at.year, 1)
    sender = message.sender.key if message.sender else ""
    first = Opened(reference, desk, at, "email", "en", due_at, message_row, None, message.subject, message.visible_text)
    happened = (
        first,
        PartyAdded(Role.COMPLAINANT, sender, "Ann"),
        events.LetterWritten(letter, LetterKind.ACKNOWLEDGEMENT, sender),
    )
    written = NewLetter(
        id=letter,
        desk=desk,
        letter=Letter(
            LetterKind.ACKNOWLEDGEMENT, Address("Ann", sender), "en", "UTC", Acknowledgement(), case, person=sender
        ),
        message_id=f"<{letter}@desk.example>",
        state=LetterState.QUEUED,
        created_at=at,
        octets=b"Subject: received\r\n\r\nThank you.\r\n",
        address=address,
    )
    return Commit(
        at=at,
        changes=(CaseChange(None, events.replay(case, happened), recorded(*happened, at=at)),),
        messages=(NewMessage(message_row, inbox_row.id, desk, case, message, "new", Disposition.OPENED, at),),
        letters=(written,),
        addresses=(NewAddress(desk, ReplyAddress(address, sender, Purpose.COMPLAINANT, case, at, message_row)),),
        inbox_done=(inbox_row.id,),
    )


async def opened(**given):
    """The case of `opening`, committed."""
    batch = await opening(**given)
    await cases.commit(batch)
    return batch


def recorded(*happened, at=NOW, by="desk"):
    return tuple(Recorded(event, at, by) for event in happened)


def changed(case, *happened, at=NOW, by="staff:bo") -> CaseChange:
    """The case after these events."""
    after = case
    for event in happened:
        after = events.apply(after, event)
    return CaseChange(case, after, recorded(*happened, at=at, by=by))
