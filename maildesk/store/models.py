"""The tables. Foreign keys restrict, never cascade; ids of rows that mails and letters speak of come from `ids`.

Large octets and words stand in tables of their own, so that claiming and settling rewrite small rows. No index begins
with the desk: SQLite would take it, and read everything the desk ever had, where a look-up names the desk as well.
"""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from maildesk.store.columns import KeyField, RowIdField, UtcField, WordsField

RESTRICT = fields.OnDelete.RESTRICT


def row_id() -> RowIdField:
    """A primary key that the application gives out."""
    return RowIdField(primary_key=True, generated=False)


class CounterRow(Model):
    """A counter from which blocks of numbers are reserved. `next` is the first free number."""

    name = KeyField(primary_key=True)
    next = fields.BigIntField()

    class Meta:
        table = "counter"


class MailboxRow(Model):
    """One mailbox as the server numbers it: mail received before `started_at` is left alone.

    `restored_from` is the moment of the backup that this database comes from, until the mail since is found.
    """

    name = KeyField(primary_key=True)
    uidvalidity = fields.BigIntField()
    started_at = UtcField()
    high_uid = fields.BigIntField()
    changed_at = UtcField(null=True)
    changed_from = fields.BigIntField(null=True)
    anew_below = fields.BigIntField()
    restored_from = UtcField(null=True)

    class Meta:
        table = "mailbox"


class InboxRow(Model):
    """The ledger of incoming mail (commit 1). The octets stand in `raw_mail` under the same id."""

    id = row_id()
    mailbox = KeyField()
    uidvalidity = fields.BigIntField()
    uid = fields.BigIntField()
    size = fields.BigIntField()
    internaldate = UtcField()
    is_partial = fields.BooleanField()
    sha256 = KeyField()
    state = KeyField()
    is_moved = fields.BooleanField()
    attempts = fields.IntField()
    error = WordsField()

    class Meta:
        table = "inbox"
        unique_together = (("mailbox", "uidvalidity", "uid"),)
        indexes = (
            Index(fields=("state", "mailbox", "id"), name="inbox_waiting"),
            Index(fields=("is_moved", "mailbox", "uidvalidity", "uid"), name="inbox_unmoved"),
        )


class RawMailRow(Model):
    """The mail as it came, byte for byte."""

    inbox: fields.OneToOneRelation[InboxRow] = fields.OneToOneField(
        "store.InboxRow", related_name=False, on_delete=RESTRICT, primary_key=True, source_field="id"
    )
    octets = fields.BinaryField()

    class Meta:
        table = "raw_mail"


class CaseRow(Model):
    """The snapshot of a case, and the head of its history's chain."""

    id = row_id()
    reference = KeyField(unique=True)
    desk = KeyField()
    received_at = UtcField()
    seq = fields.IntField()
    head = KeyField()
    status = KeyField()
    closed_at = UtcField(null=True)
    channel = KeyField()
    language = KeyField()
    subject = WordsField()
    what_happened = WordsField()
    happened_on = WordsField()
    due_at = UtcField(null=True)
    parties = WordsField()
    milestones = WordsField()
    owner = KeyField(null=True)
    severity = WordsField()
    safety = WordsField()
    complexity = WordsField()
    impact = WordsField()
    immediate_action = WordsField()
    product = WordsField()
    branch = WordsField()
    category = WordsField()
    remedy_sought = WordsField()
    people_complained_about = WordsField()
    root_cause = WordsField()
    remedies = WordsField()
    outcome = KeyField(null=True)
    reasons = WordsField()
    vulnerability = WordsField()
    vulnerability_driver = WordsField()
    confidential = fields.BooleanField()
    legal_hold = fields.BooleanField()
    repeat_of: fields.ForeignKeyNullableRelation["CaseRow"] = fields.ForeignKeyField(
        "store.CaseRow", related_name=False, on_delete=RESTRICT, null=True
    )

    class Meta:
        table = "case_file"
        indexes = (
            Index(fields=("status", "desk"), name="case_of_desk"),
            Index(fields=("owner", "status"), name="case_of_owner"),
            Index(fields=("received_at",), name="case_received"),
            Index(fields=("closed_at",), name="case_closed"),
        )


def case_key(**more: Any) -> Any:
    """A foreign key to a case, in the column `case_id`."""
    return fields.ForeignKeyField(
        "store.CaseRow", related_name=False, on_delete=RESTRICT, source_field="case_id", **more
    )


class PartyRow(Model):
    """Which address belongs to which case: the look-up beside the case's own `parties`."""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[CaseRow] = case_key()
    address = KeyField(db_index=True)
    role = KeyField()
    name = WordsField()

    class Meta:
        table = "party"
        unique_together = (("case", "address"),)


class EventRow(Model):
    """One event of a case's history. Erasure empties `content` and `salt`; the chain hashes `content_digest`."""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[CaseRow] = case_key()
    seq = fields.IntField()
    kind = KeyField()
    version = fields.IntField()
    at = UtcField()
    by = KeyField(source_field="caused_by")
    cause = fields.BigIntField(null=True)
    facts = WordsField()
    content = WordsField(null=True)
    salt = fields.BinaryField(null=True)
    content_digest = KeyField()
    hash = KeyField()

    class Meta:
        table = "event"
        unique_together = (("case", "seq"),)


class MessageRow(Model):
    """What was read of one mail, and what became of it. `content` is the whole Message as JSON."""

    id = row_id()
    inbox: fields.OneToOneRelation[InboxRow] = fields.OneToOneField(
        "store.InboxRow", related_name=False, on_delete=RESTRICT
    )
    desk = KeyField()
    case: fields.ForeignKeyNullableRelation[CaseRow] = case_key(null=True, db_index=True)
    message_id = KeyField(null=True, db_index=True)
    sender = KeyField(null=True)
    text_digest = KeyField()
    digest = KeyField()
    kind = KeyField()
    rule = WordsField()
    reason = WordsField()
    disposition = KeyField()
    standing = WordsField()
    shelf_reason = WordsField()
    received_at = UtcField()
    content = WordsField()

    class Meta:
        table = "message"
        unique_together = (("digest", "desk"),)
        indexes = (
            Index(fields=("sender", "received_at"), name="message_sender"),
            Index(fields=("disposition", "desk"), name="message_disposition"),
        )


class CopyRow(Model):
    """A mail that came again: it does nothing more."""

    id = fields.BigIntField(primary_key=True)
    message: fields.ForeignKeyRelation[MessageRow] = fields.ForeignKeyField(
        "store.MessageRow", related_name=False, on_delete=RESTRICT, db_index=True
    )
    inbox: fields.OneToOneRelation[InboxRow] = fields.OneToOneField(
        "store.InboxRow", related_name=False, on_delete=RESTRICT
    )
    at = UtcField()

    class Meta:
        table = "copy"


class OnceRow(Model):
    """What fires once has its key here."""

    key = KeyField(primary_key=True)
    at = UtcField()

    class Meta:
        table = "once"


class AnchorRow(Model):
    """The anchor of a day: a hash over the anchor before it and the heads that moved since."""

    day = KeyField(primary_key=True)
    at = UtcField()
    hash = KeyField(unique=True)
    previous = KeyField()

    class Meta:
        table = "anchor"


class AnchorHeadRow(Model):
    """A case's head as an anchor saw it. No foreign key to the case: a removed case must be missed here."""

    id = fields.BigIntField(primary_key=True)
    anchor: fields.ForeignKeyRelation[AnchorRow] = fields.ForeignKeyField(
        "store.AnchorRow", related_name=False, on_delete=RESTRICT
    )
    case_id = fields.BigIntField()
    seq = fields.IntField()
    hash = KeyField()

    class Meta:
        table = "anchor_head"
        unique_together = (("anchor", "case_id"),)
        indexes = (Index(fields=("case_id", "seq"), name="anchor_head_case"),)
