"""Messages that were read: those of a case, those on the shelf, one by its id."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from tortoise.queryset import QuerySet

from maildesk.domain.message import Message
from maildesk.store.commit import Disposition
from maildesk.store.models import MessageRow

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
