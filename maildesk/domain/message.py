"""What was read of one incoming mail: frozen values that carry no bytes of the attachments.

`mail.parse` makes them in a child process; everything after it sees only these. Times are aware and in UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """Who or what wrote the mail (RFC 3834, RFC 3464, RFC 5965)."""

    HUMAN = "human"
    AUTO_REPLY = "auto_reply"
    AUTO_GENERATED = "auto_generated"
    BOUNCE = "bounce"
    DELAYED = "delayed"
    FEEDBACK_REPORT = "feedback_report"


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of RFC 5322 section 3.4: a display name and an addr-spec, as written."""

    name: str
    address: str

    @property
    def key(self) -> str:
        """The form in which two addresses are compared: lower case."""
        return self.address.strip().lower()

    @property
    def domain(self) -> str:
        """The part after the last @, lower case; empty where there is none."""
        return self.key.rpartition("@")[2] if "@" in self.address else ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attached part. `size` and `sha256` are of the decoded bytes; `part` finds it again in the raw mail."""

    filename: str
    content_type: str
    size: int
    sha256: str
    inline: bool
    part: str


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """One recipient of a delivery status notification (RFC 3464 section 2.3)."""

    address: str
    action: str
    status: str
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery status notification says: whose mail, and which message of ours it was."""

    original_message_id: str | None
    recipients: tuple[BouncedRecipient, ...]


class Authentic(StrEnum):
    """The verdict on who really sent the mail. Only PASS proves anything."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Authenticity:
    """The provider profile's verdict on the From address, and the words to explain it."""

    verdict: Authentic = Authentic.UNKNOWN
    why: str = "no profile was asked"


@dataclass(frozen=True, slots=True)
class Message:
    """One mail as a person would understand it.

    `sender` is From; where From has no usable address, that of Reply-To, Sender or Return-Path. `sender_is_from` is
    true only where exactly one From field names exactly one mailbox: any other sender never proves who somebody is.
    `delivered_to` are the envelope recipients that the server noted (Delivered-To, X-Original-To, Envelope-To). `text`
    is the whole body; `visible_text` and `quoted_text` together hold every word of it. `digest` is the same for two
    copies of one mail that came by different ways. `rule` names the row of the kind table that decided.
    """

    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    date: datetime | None
    sender: Address | None
    sender_is_from: bool
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    delivered_to: tuple[str, ...]
    subject: str
    text: str
    visible_text: str
    quoted_text: str
    attachments: tuple[Attachment, ...]
    kind: Kind
    rule: str
    reasons: tuple[str, ...]
    may_acknowledge: bool
    is_list: bool
    bounce: Bounce | None
    language: str | None
    defects: tuple[str, ...]
    digest: str
    size: int
    received_at: datetime | None = None
    authenticity: Authenticity = field(default_factory=Authenticity)
    probe: str | None = None
    own_marks: tuple[str, ...] = ()
    is_partial: bool = False

    @property
    def is_automatic(self) -> bool:
        """Whether no person wrote it: such mail moves no status, stops no clock and gets no answer."""
        return self.kind is not Kind.HUMAN

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every address the mail was sent to, lower case, in order: To, Cc, then what the server noted."""
        found = [a.key for a in (*self.to, *self.cc)] + [a.strip().lower() for a in self.delivered_to]
        return tuple(dict.fromkeys(found))
