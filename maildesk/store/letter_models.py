"""The tables of what goes out: reply addresses, letters, their bodies. The rules of `models` hold here too."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from maildesk.store.columns import KeyField, UtcField, WordsField
from maildesk.store.models import RESTRICT, CaseRow, MessageRow, case_key, row_id


class ReplyAddressRow(Model):
    """Whose signed reply address it is, for what, until when. The token itself is never stored."""

    id = row_id()
    desk = KeyField()
    person = KeyField()
    purpose = KeyField()
    case: fields.ForeignKeyNullableRelation[CaseRow] = case_key(null=True, db_index=True)
    about: fields.ForeignKeyNullableRelation[MessageRow] = fields.ForeignKeyField(
        "store.MessageRow", related_name=False, on_delete=RESTRICT, null=True
    )
    expires_at = UtcField()
    is_spent = fields.BooleanField()

    class Meta:
        table = "reply_address"


class LetterRow(Model):
    """The outbox: one letter, one recipient, one Message-ID for ever (commits 2 and 3)."""

    id = row_id()
    case: fields.ForeignKeyNullableRelation[CaseRow] = case_key(null=True, db_index=True)
    desk = KeyField()
    kind = KeyField()
    recipient = KeyField()
    person = KeyField()
    address: fields.ForeignKeyNullableRelation[ReplyAddressRow] = fields.ForeignKeyField(
        "store.ReplyAddressRow", related_name=False, on_delete=RESTRICT, null=True
    )
    message_id = KeyField(unique=True)
    language = KeyField()
    state = KeyField()
    rank = fields.IntField()
    attempts = fields.IntField()
    next_at = UtcField()
    lease_until = UtcField(null=True)
    claimed_by = WordsField()
    release_at = UtcField(null=True)
    awaits: fields.ForeignKeyNullableRelation["LetterRow"] = fields.ForeignKeyField(
        "store.LetterRow", related_name=False, on_delete=RESTRICT, null=True, db_index=True
    )
    hold_seconds = fields.IntField()
    due_at = UtcField(null=True)
    code = fields.IntField(null=True)
    answer = WordsField()
    created_at = UtcField()
    accepted_at = UtcField(null=True)
    bounced_at = UtcField(null=True)
    is_capped = fields.BooleanField()

    class Meta:
        table = "letter"
        indexes = (
            Index(fields=("state", "desk", "rank", "id", "next_at"), name="letter_queue"),
            Index(fields=("recipient", "created_at"), name="letter_recipient"),
        )


class LetterBodyRow(Model):
    """The frozen octets of a letter; before its release, the inputs as JSON."""

    letter: fields.OneToOneRelation[LetterRow] = fields.OneToOneField(
        "store.LetterRow", related_name=False, on_delete=RESTRICT, primary_key=True, source_field="id"
    )
    octets = fields.BinaryField(null=True)
    inputs = WordsField(null=True)

    class Meta:
        table = "letter_body"
