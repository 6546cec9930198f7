"""Which parts of a mail are its body, which are attached to it, and which report on another mail.

RFC 2046 and, for the choice, RFC 8621 section 4.1.4, in document order. A forwarded mail (message/rfc822) is an
attachment and is not entered.
"""

import hashlib
from dataclasses import dataclass, field

from maildesk.domain.message import Attachment
from maildesk.mail.mime import Part

BODY_TYPES = frozenset({"text/plain", "text/html", "text/enriched", "text/richtext"})
REPORT_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status", "message/feedback-report",
                          "message/disposition-notification"})  # fmt: skip
ORIGINAL_TYPES = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers",
                            "message/global-headers"})  # fmt: skip
EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "application/pdf": ".pdf",
              "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "message/rfc822": ".eml",
              "text/x-vcard": ".vcf", "text/vcard": ".vcf", "application/ms-tnef": ".dat"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """One body part: its subtype, its decoded bytes, and the parameters that its reading needs."""

    subtype: str
    content: bytes
    charset: str | None
    flowed: bool = False
    delsp: bool = False


@dataclass(slots=True)
class Tree:
    """What the walk found. `markup` is all the HTML, shown or not; `attached` has each Content-ID beside it."""

    content_type: str
    report_type: str
    defects: list[str]
    texts: list[Text] = field(default_factory=list)
    markup: list[Text] = field(default_factory=list)
    attached: list[tuple[Attachment, str]] = field(default_factory=list)
    reports: list[Part] = field(default_factory=list)
    originals: list[Part] = field(default_factory=list)


def walk(root: Part) -> Tree:
    """The bodies to show, the attachments, and the parts of a report."""
    tree = Tree(root.kind, root.parameter("report-type").lower(), root.defects)
    tree.texts = bodies(root, "", True, tree)
    return tree


def find(root: Part, path: str) -> Part | None:
    """The part that a path such as "1.2.1" names, or None."""
    part = root
    for number in path.split(".")[1:]:
        index = int(number) - 1 if number.isdecimal() else -1
        if not 0 <= index < len(part.children):
            return None
        part = part.children[index]
    return part


def bodies(part: Part, parent: str, first: bool, tree: Tree) -> list[Text]:
    """The body texts of a part in order; what is attached is noted in the tree."""
    if part.children:
        found = [bodies(child, part.kind, child is part.children[0], tree) for child in part.children]
        if part.kind == "multipart/alternative":
            return preferred(found)
        return [text for texts in found for text in texts]
    if part.kind in REPORT_TYPES:
        tree.reports.append(part)
    elif part.kind in ORIGINAL_TYPES:
        tree.originals.append(part)
    if is_body(part, parent, first):
        return [text_of(part, tree)]
    content = part.content()
    if content or part.filename:
        tree.attached.append((attachment(part, parent, content), part.content_id))
    return []


def preferred(options: list[list[Text]]) -> list[Text]:
    """Of alternatives (RFC 2046 section 5.1.4) the plain text, or, where that is blank, the last that says anything."""
    for option in options:
        if option and all(text.subtype == "plain" for text in option) and any(text.content.strip() for text in option):
            return option
    return next((option for option in reversed(options) if any(text.content.strip() for text in option)), [])


def is_body(part: Part, parent: str, first: bool) -> bool:
    """Whether a leaf is shown as text of the mail rather than attached to it."""
    if part.kind.startswith("multipart/"):
        return not part.is_too_deep  # it says multipart and has no parts: what is there can only be read as text
    if part.kind not in BODY_TYPES or part.disposition == "attachment":
        return False
    return first or (parent != "multipart/related" and not part.filename)


def text_of(part: Part, tree: Tree) -> Text:
    """A body part as bytes with what is needed to read them."""
    subtype = part.kind.partition("/")[2] if part.kind in BODY_TYPES else "plain"
    flowed = part.parameter("format").lower() == "flowed"
    delsp = flowed and part.parameter("delsp").lower() == "yes"
    text = Text(subtype, part.content(), part.charset, flowed, delsp)
    if subtype == "html":
        tree.markup.append(text)
    return text


def attachment(part: Part, parent: str, content: bytes) -> Attachment:
    """The record of an attached part. Which other pictures are inline, the HTML says (`bodies.attachments`)."""
    is_picture = part.kind.startswith("image/") and bool(part.content_id)
    shown = is_picture and parent == "multipart/related" and part.disposition != "attachment"
    name = part.filename or f"part-{part.path}{EXTENSIONS.get(part.kind, '')}"
    return Attachment(name, part.kind, len(content), hashlib.sha256(content).hexdigest(), shown, part.path)
