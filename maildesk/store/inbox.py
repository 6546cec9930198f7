"""Incoming mail from the server's mailbox to a row that is ours (commit 1), and the batches taken from there.

The key of a message is (mailbox, UIDVALIDITY, UID), unique in the database. UIDs are compared within one UIDVALIDITY
only (RFC 9051 section 2.3.1.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from tortoise.expressions import F
from tortoise.queryset import QuerySet

from maildesk.store import ids
from maildesk.store.connection import run, transaction
from maildesk.store.errors import StoreError
from maildesk.store.models import InboxRow, MailboxRow, MessageRow, RawMailRow
from maildesk.store.rows import chunks, column, insert, update


class InboxState(StrEnum):
    """Whether the processing has dealt with a kept message."""

    KEPT = "kept"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a mailbox stands. Mail with an INTERNALDATE before `started_at` is left alone.

    `is_new`: never seen before this call. `changed_from` is the UIDVALIDITY before, where this call found another one.
    UIDs under `anew_below` were there when the server renumbered the mailbox: they are read anew. `restored_from` is
    the moment of the backup that this database comes from, as long as the mail kept since is not found again.
    """

    started_at: datetime
    uidvalidity: int
    high_uid: int
    is_new: bool = False
    changed_from: int | None = None
    anew_below: int = 0
    restored_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as fetched. `size` is RFC822.SIZE; `octets` are fewer where `is_partial`."""

    uid: int
    size: int
    internaldate: datetime
    octets: bytes
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that is ours and waits to be processed. `attempts` counts this one."""

    id: int
    mailbox: str
    uid: int
    size: int
    internaldate: datetime
    octets: bytes
    is_partial: bool
    attempts: int


async def mailbox_mark(name: str, uidvalidity: int, uidnext: int, now: datetime) -> Mark:
    """Where to go on in the mailbox; a new one starts behind its present mail, a renumbered one from its first UID."""
    async with transaction():
        row = await MailboxRow.filter(name=name).first()
        if row is None:
            fresh = (name, uidvalidity, now, uidnext - 1, 0)
            await insert(MailboxRow, ("name", "uidvalidity", "started_at", "high_uid", "anew_below"), [fresh])
            return Mark(now, uidvalidity, uidnext - 1, is_new=True)
        if row.uidvalidity == uidvalidity:
            return Mark(
                row.started_at, uidvalidity, row.high_uid, anew_below=row.anew_below, restored_from=row.restored_from
            )
        changed = (uidvalidity, 0, now, row.uidvalidity, uidnext)
        columns = ("uidvalidity", "high_uid", "changed_at", "changed_from", "anew_below")
        await update(MailboxRow, columns, ("name",), [(*changed, name)])
        return Mark(
            row.started_at, uidvalidity, 0, changed_from=row.uidvalidity, anew_below=uidnext,
            restored_from=row.restored_from,
        )  # fmt: skip


async def unknown(raws: Sequence[bytes]) -> list[bool]:
    """Of each mail whether its octets are not in the ledger."""
    digests = [sha256(raw).hexdigest() for raw in raws]
    known = {one for chunk in chunks(digests) for one in await column(InboxRow.filter(sha256__in=chunk), "sha256")}
    return [digest not in known for digest in digests]


async def all_found_again(mailbox: str) -> None:
    """Note that the mail that was kept after the backup lies in the inbox again."""
    async with transaction():
        await MailboxRow.filter(name=mailbox).update(restored_from=None)


_INBOX = (
    *("id", "mailbox", "uidvalidity", "uid", "size", "internaldate", "is_partial"),
    *("sha256", "state", "is_moved", "attempts", "error"),
)


async def keep(mailbox: str, uidvalidity: int, arrived: Sequence[Arrived], high_uid: int) -> int:
    """Commit 1: the octets are ours. How many were new; what was here already is left as it is.

    `high_uid` is the highest UID that was looked at, whether or not it was fetched.
    """
    numbers = await ids.take(len(arrived))
    rows = [
        (
            *(number, mailbox, uidvalidity, mail.uid, mail.size, mail.internaldate, mail.is_partial),
            *(sha256(mail.octets).hexdigest(), InboxState.KEPT.value, False, 0, ""),
        )
        for number, mail in zip(numbers, arrived, strict=True)
    ]
    octets = {number: mail.octets for number, mail in zip(numbers, arrived, strict=True)}
    async with transaction():
        await insert(InboxRow, _INBOX, rows, on_conflict="DO NOTHING")
        new = [number for chunk in chunks(numbers) for number in await column(InboxRow.filter(id__in=chunk), "id")]
        await insert(RawMailRow, ("inbox_id", "octets"), [(number, octets[number]) for number in new])
        await run(
            'UPDATE "mailbox" SET "high_uid" = ? WHERE "name" = ? AND "uidvalidity" = ? AND "high_uid" < ?',
            *(high_uid, mailbox, uidvalidity, high_uid),
        )
    return len(new)


async def unmoved(mailbox: str, uidvalidity: int, limit: int) -> list[int]:
    """UIDs of kept messages that still lie in the server's inbox."""
    found = InboxRow.filter(is_moved=False, mailbox=mailbox, uidvalidity=uidvalidity).order_by("uid").limit(limit)
    return await column(found, "uid")


async def moved(mailbox: str, uidvalidity: int, uids: Sequence[int]) -> None:
    """Note that the server has moved or flagged these."""
    async with transaction():
        for chunk in chunks(uids):
            await InboxRow.filter(mailbox=mailbox, uidvalidity=uidvalidity, uid__in=chunk).update(is_moved=True)


async def claim(mailboxes: Sequence[str], limit: int, max_bytes: int, after: int = 0) -> list[Kept]:
    """The oldest waiting messages, at least one where there is any; the attempt is counted and committed.

    `max_bytes` bounds the sum of their octets. `after` leaves out ids up to it: those of a batch still at work.
    """
    chosen = await _oldest(mailboxes, limit, max_bytes, after)
    if not chosen:
        return []
    async with transaction():
        await InboxRow.filter(id__in=chosen).update(attempts=F("attempts") + 1)
    octets = dict(await RawMailRow.filter(inbox_id__in=chosen).values_list("inbox_id", "octets"))
    rows = InboxRow.filter(id__in=chosen).order_by("id")
    names = ("id", "mailbox", "uid", "size", "internaldate", "is_partial", "attempts")
    return [Kept(**row, octets=octets[row["id"]]) for row in await rows.values(*names)]


async def _oldest(mailboxes: Sequence[str], limit: int, max_bytes: int, after: int) -> list[int]:
    waiting = _waiting(mailboxes).filter(id__gt=after).order_by("id").limit(limit)
    chosen: list[int] = []
    for ident, size, is_partial in await waiting.values_list("id", "size", "is_partial"):
        max_bytes -= 0 if is_partial else size
        if chosen and max_bytes < 0:
            break
        chosen.append(ident)
    return chosen


async def began(mailboxes: Sequence[str]) -> datetime | None:
    """Since when these mailboxes are read; None where none of them ever was."""
    found = await column(MailboxRow.filter(name__in=tuple(mailboxes)).order_by("started_at").limit(1), "started_at")
    return found[0] if found else None


async def waiting(mailboxes: Sequence[str]) -> int:
    """How many kept messages wait to be processed."""
    return await _waiting(mailboxes).count()


def _waiting(mailboxes: Sequence[str]) -> QuerySet[InboxRow]:
    return InboxRow.filter(state=InboxState.KEPT.value, mailbox__in=tuple(mailboxes))


async def struggling(mailboxes: Sequence[str]) -> int:
    """How many kept messages wait although an attempt at them failed."""
    return await _waiting(mailboxes).exclude(error="").count()


async def failed(inbox_ids: Sequence[int], error: str) -> None:
    """Note why an attempt came to nothing; the messages go on waiting."""
    async with transaction():
        await InboxRow.filter(id__in=tuple(inbox_ids)).update(error=error)


async def octets(inbox_id: int) -> bytes:
    """The mail as it came. Raises StoreError where there is none."""
    found: bytes = _only(await column(RawMailRow.filter(inbox_id=inbox_id), "octets"), f"kept mail {inbox_id}")
    return found


async def octets_of_message(message_id: int) -> bytes:
    """The mail as it came, by the id of the message that was read from it. Raises StoreError where there is none."""
    found = await column(MessageRow.filter(id=message_id), "inbox_id")
    return await octets(_only(found, f"message {message_id}"))


def _only(found: Sequence[Any], what: str) -> Any:
    if not found:
        raise StoreError(f"{what} is not in the database")
    return found[0]
