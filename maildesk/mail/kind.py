"""Who or what wrote a mail, and whether an automatic answer may go out: an ordered table, the first row that hits wins.

RFC 3834 (automatic responders), RFC 3464 (delivery reports), RFC 5965 (feedback reports), RFC 2919 and 2369 (lists).
The answer to an automatic mail may be another automatic mail; so where a header speaks against an acknowledgement
none goes out, even where a person wrote.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from maildesk.domain.message import Address, Kind
from maildesk.mail import kind_words as words
from maildesk.mail.headers import Header, without_comments

DESK_HEADER = "x-maildesk-desk"
PROBE_HEADER = "x-maildesk-probe"
FAILED = "failed"
DELAYED = "delayed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rules look at. `actions` are those of a delivery report (RFC 3464 section 2.3.3), in lower case."""

    header: Header
    subject: str
    sender: Address | None
    report_type: str
    part_types: frozenset[str]
    actions: frozenset[str]
    text: str
    own_addresses: tuple[str, ...]

    @property
    def mailbox(self) -> str:
        """The sender's local part in lower case, without a plus tag."""
        return self.sender.key.rpartition("@")[0].partition("+")[0] if self.sender else ""

    def value(self, name: str) -> str:
        """A field's value without comments and parameters, in lower case."""
        return without_comments(self.header.first(name)).partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: when it holds, what the mail is, whether it may be acknowledged, and why, in words for the staff."""

    name: str
    holds: Callable[[Evidence], bool]
    kind: Kind
    reason: str
    may_acknowledge: bool = False
    is_list: bool = False


def starts_with(phrases: Iterable[str]) -> re.Pattern[str]:
    """A subject that begins with one of the phrases and goes on with punctuation, or ends."""
    listed = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"[\s\[(\"*]*(?:{listed})\s*(?:[:：;!\-–—,.（()\[\]\"*]|$)", re.IGNORECASE)


def has_any(subject: str, phrases: Iterable[str]) -> bool:
    """A subject that has one of the phrases anywhere."""
    lower = subject.lower()
    return any(phrase in lower for phrase in phrases)


RESPONDER = starts_with(words.RESPONDER_SUBJECTS)
REPLY_CODE = re.compile(r"\b[45]\d\d[ -]+#?[45]\.\d{1,3}\.\d{1,3}\b|^[ \t]*(?:55[0-4]|45[0-2])[ -]", re.MULTILINE)
REPLY = re.compile(r"\s*(?:re|aw|sv|vs|antw|rép|res|odp)\s*:", re.IGNORECASE)


def is_null_path(mail: Evidence) -> bool:
    """The null reverse-path (RFC 5321 section 4.5.5), as the server wrote it down."""
    return any("".join(value.split()) == "<>" for value in mail.header.all("return-path"))


def is_daemon(mail: Evidence) -> bool:
    """A mail system's own address or name."""
    if mail.mailbox in words.DAEMONS or mail.mailbox.startswith(("mailer-daemon", "postmaster")):
        return True
    return mail.sender is not None and has_any(f"{mail.sender.name} {mail.mailbox}", words.SYSTEM_NAMES)


def is_nobody(mail: Evidence) -> bool:
    """A From without any address, as some mail systems write theirs."""
    return mail.header.has("from") and "@" not in mail.header.first("from")


def speaks_of_delay(mail: Evidence) -> bool:
    """The subject says that something is late."""
    return has_any(mail.subject, words.DELAY_SUBJECTS)


def reports_delivery(mail: Evidence) -> bool:
    """It has the look of a report on delivery, though not its form."""
    if mail.mailbox.startswith("mailer-daemon") or mail.subject.lower().startswith(words.REPORT_SUBJECTS):
        return not is_automatic(mail) or mail.value("auto-submitted") != "auto-replied" or is_daemon(mail)
    by_system = is_daemon(mail) or is_null_path(mail) or is_nobody(mail) or is_no_reply(mail)
    if has_any(mail.subject, words.FAILURE_SUBJECTS) or speaks_of_delay(mail):
        return by_system or (not REPLY.match(mail.subject) and bool(REPLY_CODE.search(mail.text)))
    return by_system and bool(REPLY_CODE.search(mail.text)) and mail.value("auto-submitted") != "auto-replied"


def names_failed(mail: Evidence) -> bool:
    """X-Failed-Recipients, as Exim, Gmail and others write it."""
    return mail.header.has("x-failed-recipients") and not speaks_of_delay(mail)


def is_feedback(mail: Evidence) -> bool:
    """A report of RFC 5965."""
    return mail.report_type == "feedback-report" or "message/feedback-report" in mail.part_types


def has_failed(mail: Evidence) -> bool:
    """A delivery report with a failed recipient, or one that does not say what it reports."""
    if FAILED in mail.actions:
        return True
    said_nothing = not mail.actions and mail.report_type == "delivery-status"
    return said_nothing and not speaks_of_delay(mail)


def is_delayed(mail: Evidence) -> bool:
    """A delivery report in which nothing failed yet."""
    return DELAYED in mail.actions or (mail.report_type == "delivery-status" and not mail.actions)


def is_automatic(mail: Evidence) -> bool:
    """Auto-Submitted with any value but "no" (RFC 3834 section 5)."""
    return mail.value("auto-submitted") not in {"", "no"}


def says_yes(mail: Evidence, names: Iterable[str]) -> bool:
    """One of the headers is there and its value is not a denial."""
    return any(mail.value(name) not in {"no", "false", "0", "none"} for name in mail.header.names.intersection(names))


def precedence(mail: Evidence) -> frozenset[str]:
    """Precedence and X-Precedence, in lower case."""
    return frozenset({mail.value("precedence"), mail.value("x-precedence")})


def is_no_reply(mail: Evidence) -> bool:
    """An address that says that nobody reads it."""
    bare = mail.mailbox
    return bare in words.NO_REPLY or bare.startswith(("noreply", "no-reply", "donotreply", "do-not-reply"))


def is_suppressed(mail: Evidence) -> bool:
    """X-Auto-Response-Suppress (MS-OXCMAIL) asks for no automatic answer."""
    wanted = {item.strip() for item in mail.value("x-auto-response-suppress").split(",")}
    return bool(wanted & {"all", "oof", "autoreply"})


def is_ours(mail: Evidence) -> bool:
    """It comes from one of the desk's own addresses."""
    if mail.sender is None or "@" not in mail.sender.address:
        return False
    return mail.sender.key in mail.own_addresses or f"{mail.mailbox}@{mail.sender.domain}" in mail.own_addresses


RULES: tuple[Rule, ...] = (
    Rule("probe", lambda m: m.header.has(PROBE_HEADER), Kind.AUTO_GENERATED, "the desk sent it to itself as a probe"),
    Rule("own-letter", lambda m: m.header.has(DESK_HEADER) and is_ours(m), Kind.AUTO_GENERATED,
         "it is the desk's own letter that came back"),
    Rule("feedback-report", is_feedback, Kind.FEEDBACK_REPORT, "it is a feedback report (RFC 5965)"),
    Rule("delivery-failed", has_failed, Kind.BOUNCE,
         "its delivery report says that a mail was not delivered (RFC 3464)"),
    Rule("delivery-delayed", is_delayed, Kind.DELAYED, "its delivery report says that a mail is late (RFC 3464)"),
    Rule("delivery-succeeded", lambda m: bool(m.actions), Kind.AUTO_GENERATED,
         "its delivery report says that a mail was delivered or passed on (RFC 3464)"),
    Rule("failed-recipients", names_failed, Kind.BOUNCE, "X-Failed-Recipients names who was not reached"),
    Rule("delay-in-words", lambda m: speaks_of_delay(m) and reports_delivery(m), Kind.DELAYED,
         "a mail system says in words that a mail is late"),
    Rule("bounce-in-words", reports_delivery, Kind.BOUNCE, "a mail system says in words that a mail was not delivered"),
    Rule("disposition-notification", lambda m: m.report_type == "disposition-notification", Kind.AUTO_GENERATED,
         "it is a receipt of reading (RFC 8098)"),
    Rule("auto-replied", lambda m: m.value("auto-submitted") == "auto-replied", Kind.AUTO_REPLY,
         "Auto-Submitted says that a responder wrote it (RFC 3834)"),
    Rule("auto-submitted", is_automatic, Kind.AUTO_GENERATED, "Auto-Submitted says that a program wrote it (RFC 3834)"),
    Rule("responder-precedence", lambda m: bool(precedence(m) & words.RESPONDER_PRECEDENCE), Kind.AUTO_REPLY,
         "Precedence says that a responder wrote it"),
    Rule("responder-header", lambda m: says_yes(m, words.RESPONDER_HEADERS), Kind.AUTO_REPLY,
         "it has a header that only responders write"),
    Rule("responder-subject", lambda m: bool(RESPONDER.match(m.subject)), Kind.AUTO_REPLY,
         "its subject begins as a responder's does"),
    Rule("mail-system", is_daemon, Kind.AUTO_GENERATED, "it comes from a mail system's own address"),
    Rule("no-reply", is_no_reply, Kind.AUTO_GENERATED, "it comes from an address that takes no answers"),
    Rule("program-header", lambda m: says_yes(m, words.PROGRAM_HEADERS), Kind.AUTO_GENERATED,
         "it has a header that only programs write"),
    Rule("bulk", lambda m: bool(precedence(m) & words.BULK_PRECEDENCE), Kind.AUTO_GENERATED,
         "Precedence says that it was sent to many"),
    Rule("null-path", is_null_path, Kind.AUTO_GENERATED,
         "its return path is empty, so nobody awaits an answer (RFC 3834)"),
    Rule("list", lambda m: "list" in precedence(m) or not m.header.names.isdisjoint(words.LIST_HEADERS), Kind.HUMAN,
         "it came by a mailing list", is_list=True),
    Rule("answers-suppressed", is_suppressed, Kind.HUMAN, "X-Auto-Response-Suppress asks for no automatic answer"),
    Rule("own-address", is_ours, Kind.HUMAN, "it comes from the desk's own address"),
    Rule("person", lambda _: True, Kind.HUMAN, "nothing says that a program wrote it", may_acknowledge=True),
)  # fmt: skip


def classify(mail: Evidence) -> Rule:
    """The first row of the table that holds; the last always does."""
    return next(rule for rule in RULES if rule.holds(mail))
