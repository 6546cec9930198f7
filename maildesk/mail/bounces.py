"""Whose mail was not delivered, and which of our letters it was.

The machine-readable report first (RFC 3464 section 2), then X-Failed-Recipients, then flufl.bounce for what mail
systems say in words, then the report's fields wherever they stand in the text.
"""

import logging
import re
from email import message_from_bytes
from types import MappingProxyType

from maildesk.domain.message import Bounce, BouncedRecipient, Kind
from maildesk.mail.charsets import clean, header_text, one_line
from maildesk.mail.headers import ADDR_SPEC, SEARCHED_CHARACTERS, Header
from maildesk.mail.parts import Tree

SCANNED_BYTES = 512 * 1024
RECIPIENTS = 200
NOTICE_CHARACTERS = 16_384
SUCCESSFUL = frozenset({"delivered", "relayed", "expanded"})
GROUPS = re.compile(r"\n[ \t]*\n")
FIELD = re.compile(r"^([!-9;-~]+)[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
ORIGINAL_ID = re.compile(
    r"^[>| \t]*(?:X-Original-)?Message-ID:\s*<?([^<>\s]+@[^<>\s]+|[^<>\s]{6,})>?", re.IGNORECASE | re.MULTILINE
)
ACTIONS = MappingProxyType(
    {
        "failed": "failed", "failure": "failed", "fail": "failed", "error": "failed", "delayed": "delayed",
        "delay": "delayed", "delivered": "delivered", "relayed": "relayed", "expanded": "expanded",
        "deliverable": "delivered",
    }
)  # fmt: skip
ACTION = re.compile(r"[a-z]+")
USABLE = re.compile(r"[^\s<>\"\\{}\[\](),;:]{1,64}@[^\s<>\"\\{}\[\](),;:@]{1,253}")
# Where the notice ends and the mail that it speaks of begins.
NOTICE_END = re.compile(
    r"^[ \t]*(?:Received|Return-Path|Message-ID)\s*:|^[-= ]*(?:returned|original|unsent|undelivered) m|"
    r"headers? (?:lines? )?follow|message follows|^-{5,}.{0,40}original",
    re.IGNORECASE | re.MULTILINE,
)
NAMED = re.compile(
    r"^[ \t>*]*<?([^\s<>@:,;]{1,64}@[^\s<>@:,;]{1,253})>?[ \t]*[:;.,]?[ \t]*$|"
    r"(?:recipients?|addressee|mailbox|address)\W{1,30}<?([^\s<>@:,;\"]{1,64}@[^\s<>@:,;\"]{1,253})|"
    r"(?:deliver|sent|send|mail|reach)[^\n@]{0,60}?\bto:?\s{0,20}<?([^\s<>@:,;\"]{1,64}@[^\s<>@:,;\"]{1,253})|"
    r"RCPT TO: ?<([^\s<>]{1,320})>",
    re.IGNORECASE | re.MULTILINE,
)
STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it logs each detector and each broken mail's trace


def reported(tree: Tree) -> tuple[BouncedRecipient, ...]:
    """The recipients of the mail's delivery reports, of whatever action."""
    found: list[BouncedRecipient] = []
    for part in tree.reports:
        if "delivery-status" in part.kind:
            found += recipients_in(lines_of(part.content()))
    return tuple(found[:RECIPIENTS])


def read(kind: Kind, recipients: tuple[BouncedRecipient, ...], mail: tuple[bytes, Header, Tree, str]) -> Bounce | None:
    """What a bounce or a delay says; None for other mail. `mail`: the raw bytes, their header, tree and text."""
    if kind not in {Kind.BOUNCE, Kind.DELAYED}:
        return None
    raw, header, tree, text = mail
    failed = tuple(r for r in recipients if r.action not in SUCCESSFUL)
    failed = failed or named_in_header(header, kind) or found_by_library(raw, kind)
    failed = failed or tuple(recipients_in(text)) or named_in_notice(text, header, kind)
    return Bounce(original_message_id(header, tree, text), failed)


def lines_of(content: bytes) -> str:
    """A report's bytes as text with LF line ends."""
    return clean(header_text(content[:SCANNED_BYTES]).replace("\r\n", "\n").replace("\r", "\n"))


def recipients_in(report: str) -> list[BouncedRecipient]:
    """The per-recipient groups of a delivery report (RFC 3464 section 2.3)."""
    found: dict[str, BouncedRecipient] = {}
    if "-recipient" not in report.lower():
        return []
    for group in GROUPS.split(report):
        fields = {name.lower(): " ".join(value.split()) for name, value in reversed(FIELD.findall(group))}
        address = mailbox_in(fields.get("original-recipient", "")) or mailbox_in(fields.get("final-recipient", ""))
        address = address or mailbox_in(fields.get("x-actual-recipient", ""))
        if not address:
            continue
        action = ACTION.search(fields.get("action", "").lower())
        status = STATUS.search(fields.get("status", ""))
        found.setdefault(
            address.lower(),
            BouncedRecipient(
                address=address,
                action=ACTIONS.get(action.group(), action.group()) if action else "",
                status=status.group() if status else "",
                diagnostic=one_line(fields.get("diagnostic-code", ""))[:500],
            ),
        )
    return list(found.values())


def mailbox_in(value: str) -> str:
    """The address of "rfc822; address" (RFC 3464 section 2.1.2), empty where there is none."""
    bare = (value.partition(";")[2] or value)[:SEARCHED_CHARACTERS]
    found = ADDR_SPEC.search(bare)
    return found.group().strip(".") if found else ""


def named_in_header(header: Header, kind: Kind) -> tuple[BouncedRecipient, ...]:
    """The addresses that Exim, Gmail and others name in X-Failed-Recipients."""
    return in_words(ADDR_SPEC.findall(" ".join(header.all("x-failed-recipients"))[:4_000]), kind)


def named_in_notice(text: str, header: Header, kind: Kind) -> tuple[BouncedRecipient, ...]:
    """The addresses that stand where a notice names whom it speaks of; not those of the notice's own header."""
    end = NOTICE_END.search(text)
    notice = text[: end.start() if end else NOTICE_CHARACTERS][:NOTICE_CHARACTERS]
    own = {
        a.lower() for f in ("from", "to", "reply-to") for a in ADDR_SPEC.findall(header.first(f)[:SEARCHED_CHARACTERS])
    }
    named = [next(filter(None, groups)) for groups in NAMED.findall(notice)]
    return in_words([address for address in named if address.strip(".").lower() not in own], kind)


def found_by_library(raw: bytes, kind: Kind) -> tuple[BouncedRecipient, ...]:
    """What flufl.bounce makes of the mail. It is a heap of heuristics over foreign text, so its failure is no news."""
    from flufl.bounce import all_failures

    content = raw[:SCANNED_BYTES]
    try:
        temporary, permanent = all_failures(
            message_from_bytes(content if b"\n" in content else content.replace(b"\r", b"\n"))
        )
    except Exception:  # noqa: BLE001  foreign input in a foreign library; the mail goes on without its findings
        return ()
    found = sorted(temporary if kind is Kind.DELAYED else permanent) or sorted({*temporary, *permanent})
    return in_words([address.decode("ascii", "replace") for address in found], kind)


def in_words(addresses: list[str], kind: Kind) -> tuple[BouncedRecipient, ...]:
    """Recipients of whom nothing but the address is known."""
    action = "delayed" if kind is Kind.DELAYED else "failed"
    unique = dict.fromkeys(clean(address).strip(" .") for address in addresses)
    usable = [address for address in unique if USABLE.fullmatch(address)]
    return tuple(BouncedRecipient(address, action, "") for address in usable[:RECIPIENTS])


def original_message_id(header: Header, tree: Tree, text: str) -> str | None:
    """The Message-ID of the mail that is reported on: by its MIME part, else wherever its header stands in the text."""
    own = header.first("message-id").strip("<> ")
    sources = [lines_of(part.content()) for part in tree.originals]
    sources += [text, *(lines_of(part.content()) for part in tree.reports)]
    sources += [lines_of(part.content) for part in tree.texts]
    found = [match.group(1) for source in sources for match in ORIGINAL_ID.finditer(source)]
    other = next((identifier for identifier in found if identifier != own), None)
    identifier = other or next(iter(found), None)
    return f"<{identifier}>" if identifier else None
