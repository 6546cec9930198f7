"""Short sentences that the rules say to staff, by key; their words stand in templates/<language>/phrases.toml.

The domain names what is to be said and with which values; the reader's language is the letter's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Phrase:
    """A key of `PHRASES` and the values for its placeholders, in the order in which the table names them."""

    key: str
    values: tuple[str, ...] = ()


PHRASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # what commands did
        "take.done": (),
        "assign.done": ("name",),
        "note.done": (),
        "reply.done": ("recipient",),
        "ask.done": ("recipient",),
        "assess.done": ("fields",),
        "respond.done": ("outcome", "recipient"),
        "close.done": ("outcome",),
        "close.done_silently": ("outcome",),
        "reopen.done": (),
        "add.done": ("address", "role"),
        "newcase.done": ("reference",),
        "show.done": (),
        "mine.done": ("count",),
        "help.done": (),
        "undo.done": ("count", "letters"),
        "confirm.done": ("count",),
        # why commands were refused
        "refused.needs_text": ("command",),
        "refused.needs_value": ("command", "usage"),
        "refused.no_complainant": (),
        "refused.status": ("command", "status"),
        "refused.unknown_person": ("value",),
        "refused.ambiguous_person": ("value", "names"),
        "refused.not_an_address": ("value",),
        "refused.unknown_outcome": ("value", "outcomes"),
        "refused.unknown_field": ("value", "fields"),
        "refused.already_party": ("address",),
        "refused.own_address": ("address",),
        "refused.nothing_unverified": (),
        "refused.nothing_to_undo": (),
        "refused.undo_built_on": ("what",),
        "refused.undo_sent": ("letter",),
        "refused.undo_other": ("name",),
        "refused.not_a_challenge": (),
        "refused.only_confirm": (),
        "refused.too_large": (),
        "refused.no_case": ("command",),
        "refused.already": ("what",),
        "refused.expired": (),
        "refused.closed_token": (),
        "refused.too_many_lines": ("limit",),
        "refused.together": ("line",),
        "unknown.command": ("word",),
        "unknown.did_you_mean": ("word", "suggestion"),
        "kept.private_note": (),
        "close.needs_outcome": (),
        "close.needs_reasons": (),
        "close.needs_response": (),
        # why more proof is needed
        "challenge.no_token": (),
        "challenge.other_sender": ("sender",),
        "challenge.not_authentic": ("why",),
        # what is special about a mail that came in
        "notice.unverified": ("sender",),
        "notice.after_closing": (),
        "notice.no_letter_cap": ("limit",),
        "notice.no_letter_automatic": ("rule",),
        "notice.no_sender": (),
        "notice.too_large": ("size", "limit"),
        "notice.unreadable": ("why",),
        "notice.refers": ("references",),
        "notice.repeat": ("reference",),
        "notice.from_staff": ("name",),
        "notice.reference_only": ("reference",),
        "notice.copy_to_us": (),
        # what each command is for
        "help.take": (),
        "help.assign": (),
        "help.note": (),
        "help.reply": (),
        "help.ask": (),
        "help.assess": (),
        "help.respond": (),
        "help.close": (),
        "help.reopen": (),
        "help.add": (),
        "help.newcase": (),
        "help.show": (),
        "help.mine": (),
        "help.help": (),
        "help.undo": (),
        "help.confirm": (),
        # a case's history in words
        "event.Opened": ("detail",),
        "event.PartyAdded": ("detail",),
        "event.PartyRemoved": ("detail",),
        "event.MessageFiled": ("detail",),
        "event.StatusMoved": ("detail",),
        "event.OwnerNamed": ("detail",),
        "event.Assessed": ("detail",),
        "event.Noted": ("detail",),
        "event.Decided": ("detail",),
        "event.MilestoneReached": ("detail",),
        "event.MilestoneLost": ("detail",),
        "event.LetterWritten": ("detail",),
        "event.LetterRecalled": ("detail",),
        "event.LetterAccepted": ("detail",),
        "event.LetterRefused": ("detail",),
        "event.LetterBounced": ("detail",),
        "event.CasesRefer": ("detail",),
        "event.Undone": ("detail",),
        # health in the digest, and one-tap links
        "health.mailbox_read": ("minutes",),
        "health.mailbox_silent": ("since", "why"),
        "health.queue": ("count",),
        "health.queue_empty": (),
        "health.deferred": ("count", "since"),
        "health.shelf": ("count",),
        "health.failed": ("count",),
        "tap.take": (),
        "tap.reply": (),
        "tap.ask": (),
        "tap.respond": (),
        "tap.assess": (),
        "tap.close": (),
        "tap.show": (),
        "tap.note": (),
        "tap.undo": (),
        "tap.send_note": (),
        "tap.confirm": (),
        "tap.newcase": (),
        "tap.add": (),
        "tap.reopen": (),
        "digest.refused_letter": ("kind", "recipient", "answer"),
        "digest.overdue_by": ("days",),
    }
)
