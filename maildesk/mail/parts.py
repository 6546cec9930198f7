"""The MIME tree: one walk over the standard library's compat32 parts, in document order, within caps.

RFC 2045 and 2046; which part is body and which is attached follows RFC 8621 section 4.1.4. A forwarded mail
(message/rfc822) is an attachment and is not entered. Every accessor of a part is guarded: on broken parameters the
standard library raises where it should answer.
"""

import hashlib
import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.generator import BytesGenerator
from email.message import Message as Part
from io import BytesIO

from maildesk.domain.message import Attachment
from maildesk.mail.charsets import header_text, one_line
from maildesk.mail.headers import Header, decoded

PARTS = 200
DEPTH = 20
BODY_TYPES = frozenset({"text/plain", "text/html", "text/enriched", "text/richtext"})
REPORT_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status", "message/feedback-report",
                          "message/disposition-notification"})  # fmt: skip
ORIGINAL_TYPES = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers",
                            "message/global-headers"})  # fmt: skip
EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "application/pdf": ".pdf",
              "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "message/rfc822": ".eml",
              "text/x-vcard": ".vcf", "text/vcard": ".vcf", "application/ms-tnef": ".dat"}  # fmt: skip
GARBLED = (AttributeError, TypeError, ValueError, LookupError, AssertionError, RecursionError)
ENCODING = re.compile(r"[A-Za-z0-9-]+")
CONTENT_ID = re.compile(r"<?([^<>\s]+)>?")


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
    """What the walk found. `reports` and `originals` are parts for the reading of bounces."""

    texts: list[Text] = field(default_factory=list)
    markup: list[Text] = field(default_factory=list)
    attached: list[tuple[Attachment, str]] = field(default_factory=list)
    reports: list[Part] = field(default_factory=list)
    originals: list[Part] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    content_type: str = "text/plain"
    report_type: str = ""
    seen: int = 0


def parse(raw: bytes, header: Header) -> Part:
    """The compat32 tree of a mail, from its MIME fields and its body alone. RecursionError at about 300 levels."""
    fields = [
        b"%b:%b\n" % (name.encode(), value)
        for name, value in header.fields
        if name.startswith("content-") or name == "mime-version"
    ]
    return message_from_bytes(b"".join((*fields, b"\n", raw[header.body :])))


def walk(root: Part) -> Tree:
    """The bodies to show, the attachments, and the parts of a report."""
    tree = Tree(content_type=content_type(root), report_type=parameter(root, "report-type").lower())
    tree.texts = bodies(root, "1", "", True, tree)
    return tree


def find(root: Part, wanted: str) -> Part | None:
    """The part that a path such as "1.2.1" names, or None."""
    part = root
    for number in wanted.split(".")[1:]:
        inner = children(part)
        index = int(number) - 1 if number.isdecimal() else -1
        if not 0 <= index < len(inner):
            return None
        part = inner[index]
    return part


def bodies(part: Part, path: str, parent: str, first: bool, tree: Tree) -> list[Text]:
    """The body texts of a part in order; what is attached is noted in the tree."""
    tree.seen += 1
    depth = path.count(".")
    if tree.seen > PARTS or depth > DEPTH:
        note(tree.defects, "it has too many parts or levels; the rest of them was not read")
        return []
    kind = content_type(part)
    inner = children(part) if kind.startswith("multipart/") else []
    if inner:
        found = [bodies(child, f"{path}.{i}", kind, i == 1, tree) for i, child in enumerate(inner, 1)]
        return preferred(found) if kind == "multipart/alternative" else [text for texts in found for text in texts]
    if kind in REPORT_TYPES:
        tree.reports.append(part)
    elif kind in ORIGINAL_TYPES:
        tree.originals.append(part)
    if is_body(part, kind, parent, first):
        return [text_of(part, kind, tree)]
    content = content_of(part, tree.defects)
    if content or name_of(part):
        tree.attached.append((attachment(part, kind, parent, path, content), content_id(part)))
    return []


def preferred(options: list[list[Text]]) -> list[Text]:
    """Of alternatives (RFC 2046 section 5.1.4) the plain text, or, where that is blank, the last that says anything."""
    for option in options:
        if option and all(text.subtype == "plain" for text in option) and any(text.content.strip() for text in option):
            return option
    return next((option for option in reversed(options) if any(text.content.strip() for text in option)), [])


def is_body(part: Part, kind: str, parent: str, first: bool) -> bool:
    """Whether a leaf is shown as text of the mail rather than attached to it."""
    if kind.startswith("multipart/"):
        return True  # it says multipart and has no parts: what is there can only be read as text
    if kind not in BODY_TYPES or disposition(part) == "attachment":
        return False
    return first or (parent != "multipart/related" and not name_of(part))


def text_of(part: Part, kind: str, tree: Tree) -> Text:
    """A body part as bytes with what is needed to read them."""
    subtype = kind.partition("/")[2] if kind in BODY_TYPES else "plain"
    flowed = parameter(part, "format").lower() == "flowed"
    text = Text(
        subtype=subtype,
        content=content_of(part, tree.defects),
        charset=parameter(part, "charset") or None,
        flowed=flowed,
        delsp=flowed and parameter(part, "delsp").lower() == "yes",
    )
    if subtype == "html":
        tree.markup.append(text)
    return text


def attachment(part: Part, kind: str, parent: str, path: str, content: bytes) -> Attachment:
    """The record of an attached part. `inline` is corrected by those who know which pictures the HTML shows."""
    shown = parent == "multipart/related" and bool(content_id(part)) and disposition(part) != "attachment"
    name = name_of(part) or f"part-{path}{EXTENSIONS.get(kind, '')}"
    digest = hashlib.sha256(content).hexdigest()
    return Attachment(name, kind, len(content), digest, shown and kind.startswith("image/"), path)


def content_of(part: Part, defects: list[str]) -> bytes:
    """A leaf's decoded bytes; a nested mail or report as it was written."""
    try:
        if part.is_multipart():
            return flattened(part)
        repair_encoding(part)
        content = part.get_payload(decode=True)
    except GARBLED as failure:
        note(defects, f"a part could not be decoded ({type(failure).__name__})")
        return b""
    return content if isinstance(content, bytes) else b""


def repair_encoding(part: Part) -> None:
    """Reduce Content-Transfer-Encoding to its word: with blanks around it the standard library decodes nothing."""
    written = str(part.get("content-transfer-encoding", ""))
    word = ENCODING.search(written)
    if word and word.group() != written:
        part.replace_header("content-transfer-encoding", word.group())


def flattened(part: Part) -> bytes:
    """The nested messages of a part as bytes, headers unchanged."""
    out = BytesIO()
    for inner in children(part):
        BytesGenerator(out, mangle_from_=False, maxheaderlen=0).flatten(inner)
    return out.getvalue()


def children(part: Part) -> list[Part]:
    """The parts inside a part; none where it has none or says so falsely."""
    inner = part.get_payload()
    return [child for child in inner if isinstance(child, Part)] if isinstance(inner, list) else []


def content_type(part: Part) -> str:
    """The media type in lower case; text/plain where the field makes no sense (RFC 2045 section 5.2)."""
    try:
        return part.get_content_type()
    except GARBLED:
        return "text/plain"


def disposition(part: Part) -> str:
    """The Content-Disposition in lower case (RFC 2183), empty where there is none."""
    try:
        return part.get_content_disposition() or ""
    except GARBLED:
        return ""


def parameter(part: Part, name: str) -> str:
    """A parameter of Content-Type (RFC 2231 decoded), empty where it is not there."""
    try:
        value = part.get_param(name)
    except GARBLED:
        return ""
    if isinstance(value, tuple):
        value = value[2]
    return one_line(value) if isinstance(value, str) else ""


def name_of(part: Part) -> str:
    """The file name: RFC 2231, or encoded words and raw bytes as mailers write them; never a path."""
    try:
        name = part.get_filename() or ""
    except GARBLED:
        return ""
    name = decoded(header_text(name.encode("utf-8", "surrogateescape")))
    return re.split(r"[/\\]", name)[-1].strip(". ")


def content_id(part: Part) -> str:
    """The Content-ID without its angle brackets (RFC 2392), empty where there is none."""
    found = CONTENT_ID.search(str(part.get("content-id", "")))
    return found.group(1) if found else ""


def note(defects: list[str], words: str) -> None:
    """Say a thing once."""
    if words not in defects:
        defects.append(words)
