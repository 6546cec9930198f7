"""The header block: cut off, capped and split before any parser sees it; then names, addresses, ids and dates.

RFC 5322 section 2.2. Addresses, encoded words and dates are read by mail-parser's own functions, on single fields:
its whole-mail reader would walk the bodies a second time and looks at every trace field.
"""

import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailparser.dates import parse_mail_date
from mailparser.utils import decode_header_part, get_addresses

from maildesk.domain.message import Address
from maildesk.mail.charsets import clean, header_text, known_labels, one_line

BLOCK_BYTES = 256 * 1024
FIELD_BYTES = 16 * 1024
FIELDS = 2_000
ADDRESSES = 500
REFERENCES = 50
SEARCHED_CHARACTERS = 1_000  # of a malformed value: the search for an address is quadratic

logging.getLogger("mailparser").setLevel(logging.CRITICAL)  # a log line a part is the sender's to write, not ours

FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\r\n]*(?:(?:\r\n|\n|\r)[ \t][^\r\n]*)*)(?:\r\n|\n|\r|\Z)")
STRAY_LINE = re.compile(rb"()([^\r\n]*)(?:\r\n|\n|\r)")
BLANK_LINE = re.compile(rb"(?:\r\n|\n)\r?\n|\r\r")
WELL_KNOWN = re.compile(
    rb"[\r\n](?:content-type|mime-version|message-id|received|from|to|date|subject)[ \t]*:", re.IGNORECASE
)
ENVELOPE_LINE = re.compile(rb">?From [^\r\n]*(?:\r\n|\n|\r)")
BLANK_LINES = re.compile(rb"[ \t]*(?:\r\n|\n|\r)")
FOLD = re.compile(r"(?:\r\n|\n|\r)(?=[ \t])")
MESSAGE_ID = re.compile(r"<([^<>]{1,1000})>")
BARE_MESSAGE_ID = re.compile(r"[^<>\s@,;]+@[^<>\s@,;]+")
ADDR_SPEC = re.compile(r"[^\s<>()\[\],;:\"@']+@[^\s<>()\[\],;:\"@']+")
BARE_WORD = re.compile(r"([A-Za-z0-9._-]{1,64})\s*(?:\(([^()]*)\))?")
COMMENT = re.compile(r"\([^()]*\)")
COMMENT_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Header:
    """The fields in their order, names in lower case, values as raw bytes; where the body starts; what was odd."""

    fields: tuple[tuple[str, bytes], ...]
    body: int
    defects: tuple[str, ...]
    names: frozenset[str]

    def raw(self, name: str) -> bytes:
        """The raw value of the first field of this name, empty where there is none."""
        if name not in self.names:
            return b""
        return next((value for found, value in self.fields if found == name), b"")

    def first(self, name: str) -> str:
        """The unfolded value of the first field of this name, encoded words as they are, empty where there is none."""
        return unfold(self.raw(name))

    def all(self, name: str) -> list[str]:
        """The unfolded values of all fields of this name, in order."""
        if name not in self.names:
            return []
        return [unfold(value) for found, value in self.fields if found == name]

    def has(self, name: str) -> bool:
        """Whether there is a field of this name."""
        return name in self.names


def split(raw: bytes) -> Header:
    """The header block of a mail. Never raises; what goes over a cap is named in `defects`."""
    position, fields = start_of(raw), Fields()
    while found := FIELD.match(raw, position) or fields.stray(raw, position):
        if fields.size > BLOCK_BYTES or len(fields.found) >= FIELDS:
            note(fields.defects, "the header block is too long; the fields after the first 256 kB were not read")
            position = end_of_block(raw, position)
            break
        fields.add(found.group(1), found.group(2))
        position = found.end()
    blank = BLANK_LINES.match(raw, position)
    if blank:
        position = blank.end()
    elif position < len(raw) and fields.found:
        note(fields.defects, "a line that is no header field ends the header block; the body was read from there")
    names = frozenset(name for name, _ in fields.found)
    return Header(tuple(fields.found), min(position, len(raw)), tuple(fields.defects), names)


@dataclass(slots=True)
class Fields:
    """The fields of a block while they are collected: `size` bytes; the last well-known one begins at `last_known`."""

    found: list[tuple[str, bytes]] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    last_known: int | None = None
    size: int = 0

    def add(self, name: bytes, value: bytes) -> None:
        """Take a field, or, where the name is empty, a line that belongs to the one before."""
        self.size += len(name) + min(len(value), FIELD_BYTES)
        if not name:
            note(self.defects, "a header field goes on without the blank that says so; it was read as one")
            before, begun = self.found[-1]
            if len(begun) < FIELD_BYTES:
                self.found[-1] = (before, begun + b" " + value.strip())
            return
        text = name.decode("ascii").lower()
        if len(value) > FIELD_BYTES:
            note(self.defects, f"the header field {text[:60]} is longer than 16 kB; its end was not read")
        self.found.append((text, value[:FIELD_BYTES]))

    def stray(self, raw: bytes, position: int) -> re.Match[bytes] | None:
        """A line without the blank that marks a continuation, where well-known fields still follow in the block."""
        line = STRAY_LINE.match(raw, position)
        if not self.found or not line or not line.group(2).strip():
            return None
        if self.last_known is None:
            blank = BLANK_LINE.search(raw, position, position + BLOCK_BYTES)
            end = blank.start() if blank else min(len(raw), position + BLOCK_BYTES)
            self.last_known = max((known.start() for known in WELL_KNOWN.finditer(raw, position, end)), default=-1)
        return line if line.end() - 1 <= self.last_known else None


def note(defects: list[str], words: str) -> None:
    """Say a thing once."""
    if words not in defects:
        defects.append(words)


def start_of(raw: bytes) -> int:
    """Where the first field begins: after blank lines and the mbox line that some exports leave in front."""
    position = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    while (found := BLANK_LINES.match(raw, position)) and found.end() > position:
        if not FIELD.match(raw, found.end()) and not BLANK_LINES.match(raw, found.end()):
            break
        position = found.end()
    envelope = ENVELOPE_LINE.match(raw, position)
    return envelope.end() if envelope else position


def end_of_block(raw: bytes, position: int) -> int:
    """Where the blank line stands that ends a block that is not read to its end."""
    found = BLANK_LINE.search(raw, position)
    return found.end() if found else len(raw)


def unfold(value: bytes) -> str:
    """A field's bytes as one line of text (RFC 5322 section 2.2.3)."""
    text = header_text(value)
    return FOLD.sub("", text).strip() if "\n" in text or "\r" in text else text.strip()


def decoded(value: str) -> str:
    """An unstructured field as a person reads it: encoded words decoded (RFC 2047), on one line."""
    if "=?" in value:
        value = decode_header_part(known_labels(value))
    return one_line(value)


def addresses(value: str, defects: list[str], field: str) -> tuple[Address, ...]:
    """The mailboxes of an address field (RFC 5322 section 3.4), groups flattened, at most 500.

    What mail-parser holds to be ambiguous is searched for an addr-spec; `defects` says so.
    """
    if not value:
        return ()
    problems: list[dict[str, object]] = []
    pairs = get_addresses(known_labels(value), defects=problems, decode_names=True)
    found = [Address(one_line(name), clean(address).strip()) for name, address in pairs if address]
    for problem in problems:
        if not problem["recovered"]:
            recovered = loose_address(str(problem["raw"]))
            if recovered is not None:
                found.append(recovered)
            defects.append(f"{field} is malformed ({problem['reason']})")
    return tuple(found[:ADDRESSES])


def loose_address(value: str) -> Address | None:
    """The last addr-spec in a malformed mailbox and the words before it, or None."""
    value = value[-SEARCHED_CHARACTERS:]
    matches = list(ADDR_SPEC.finditer(value))
    if not matches:
        word = BARE_WORD.fullmatch(value.strip())
        return Address(decoded(word.group(2) or ""), clean(word.group(1))) if word else None
    name = decoded(value[: matches[-1].start()].partition("<")[0].strip(" \t<>\"'"))
    return Address(name, clean(matches[-1].group()).strip("."))


def message_ids(values: list[str]) -> tuple[str, ...]:
    """The ids of In-Reply-To or References in their order, each once, with angle brackets, the last 50."""
    found: dict[str, None] = {}
    for value in values:
        marked = MESSAGE_ID.findall(value)
        for inner in marked or BARE_MESSAGE_ID.findall(value[-SEARCHED_CHARACTERS:]):
            found[clean("".join(inner.split()))] = None
    return tuple(f"<{identifier}>" for identifier in found if identifier)[-REFERENCES:]


def message_id(value: str) -> str | None:
    """The id of Message-ID, with angle brackets; None where the field says nothing."""
    marked = MESSAGE_ID.search(value)
    inner = marked.group(1) if marked else value.strip("<> \t")
    inner = "".join(clean(inner).split())
    return f"<{inner}>" if inner else None


def date(value: str) -> datetime | None:
    """A date-time in UTC (RFC 5322 sections 3.3 and 4.3); None where no safe reading exists."""
    if not value:
        return None
    found = parse_mail_date(value).value
    if found is None:
        try:
            found = parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return in_utc(found)


def in_utc(moment: datetime) -> datetime | None:
    """The moment in UTC; a time without a zone is taken as UTC; None where the calendar ends."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def without_comments(value: str) -> str:
    """A structured field without its comments (RFC 5322 section 3.2.2), nested ones included."""
    for _ in range(COMMENT_DEPTH):
        shorter = COMMENT.sub(" ", value)
        if shorter == value:
            break
        value = shorter
    return value
