"""Messages that were read: those of a case, those on the shelf, one by its id."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from tortoise.queryset import QuerySet

from maildesk.domain.case import Role
from maildesk.domain.decision import Disposition
from maildesk.domain.message import Kind, Message
from maildesk.store.models import MessageRow

_COMPLAINANTS = (Role.COMPLAINANT.value, Role.ON_BEHALF.value)
_DECODER = msgspec.json.Decoder(Message)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as it was read, and what became of it. Its octets: `inbox.octets(stored.inbox)`."""

    id: int
    inbox: int
    desk: str
    case: int | None
    reason: str
    disposition: Disposition
    standing: str
    shelf_reason: str
    received_at: datetime
    message: Message


async def message(message_id: int) -> StoredMessage | None:
    """One message by its row id."""
    found = await _stored(MessageRow.filter(id=message_id))
    return found[0] if found else None


async def messages_of(case: int) -> list[StoredMessage]:
    """The messages on a case in order of receipt."""
    return await _stored(MessageRow.filter(case_id=case).order_by("received_at", "id"))


async def thread_of(case: int) -> tuple[str, ...]:
    """The Message-IDs that a letter to the complainant answers: their last mail first, then its ancestors."""
    written = MessageRow.filter(case_id=case, kind=Kind.HUMAN.value, standing__in=_COMPLAINANTS)
    found = await _stored(written.order_by("-received_at", "-id").limit(1))
    if not found:
        return ()
    mail = found[0].message
    return ((mail.message_id,) if mail.message_id else ()) + tuple(reversed(mail.references[-20:]))


async def unverified_of(case: int) -> StoredMessage | None:
    """The newest mail on the case whose sender is no party of it."""
    query = MessageRow.filter(case_id=case, standing="unverified").order_by("-received_at", "-id").limit(1)
    found = await _stored(query)
    return found[0] if found else None


async def shelved(desk: str | None = None) -> list[StoredMessage]:
    """What was set aside for a person to look at, the oldest first."""
    query = MessageRow.filter(disposition=Disposition.SHELVED.value).order_by("received_at", "id")
    return await _stored(query if desk is None else query.filter(desk=desk))


async def _stored(query: QuerySet[MessageRow]) -> list[StoredMessage]:
    rows = await query.values(
        *("id", "inbox_id", "desk", "case_id", "reason", "disposition", "standing", "shelf_reason", "received_at"),
        "content",
    )
    return [_stored_message(**row) for row in rows]


def _stored_message(inbox_id: int, case_id: int | None, disposition: str, content: str, **rest: Any) -> StoredMessage:
    return StoredMessage(
        **rest,
        inbox=inbox_id,
        case=case_id,
        disposition=Disposition(disposition),
        message=_DECODER.decode(content),
    )
