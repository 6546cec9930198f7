"""The MIME tree of a mail as offsets into its bytes: no part is copied until somebody wants its content.

RFC 2046 section 5.1.1 (what separates parts), RFC 2045 section 6 (transfer encodings). The standard library's parser
goes through every line of every attachment in Python and holds a 40 MB mail five times over; here the delimiters are
searched for, and the library reads what is intricate: the parameters of each part's header.
Every accessor is guarded: on broken parameters the library raises where it should answer.
"""

import binascii
import re
from dataclasses import dataclass, field
from email.message import Message as Fields

from maildesk.mail import headers
from maildesk.mail.charsets import header_text, one_line
from maildesk.mail.headers import BLOCK_BYTES, Header, decoded

PARTS = 200
DEPTH = 20
GARBLED = (AttributeError, TypeError, ValueError, LookupError, AssertionError, RecursionError)
AFTER_DELIMITER = re.compile(rb"(--)?[ \t]*(?:\r\n|\n|\r|\Z)")
LINE_ENDS = b"\r\n"
ENCODING = re.compile(r"[a-z0-9-]+")
CONTENT_ID = re.compile(r"<?([^<>\s]+)>?")
UUENCODED = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its fields, where its content stands in the mail, and the parts inside it."""

    path: str
    kind: str
    fields: Fields
    raw: bytes
    start: int
    end: int
    children: tuple["Part", ...] = ()
    defects: list[str] = field(default_factory=list)

    @property
    def is_too_deep(self) -> bool:
        """Whether it is a multipart that was not entered because of its depth."""
        return self.path.count(".") >= DEPTH

    @property
    def encoded(self) -> bytes:
        """The content as it was written."""
        return self.raw[self.start : self.end]

    @property
    def disposition(self) -> str:
        """Content-Disposition in lower case (RFC 2183), empty where there is none."""
        try:
            return self.fields.get_content_disposition() or ""
        except GARBLED:
            return ""

    @property
    def filename(self) -> str:
        """The file name: RFC 2231, or encoded words and raw bytes as mailers write them; never a path."""
        try:
            name = self.fields.get_filename() or ""
        except GARBLED:
            return ""
        name = decoded(header_text(name.encode("utf-8", "surrogateescape")))
        return re.split(r"[/\\]", name)[-1].strip(". ")

    @property
    def content_id(self) -> str:
        """Content-ID without its angle brackets (RFC 2392), empty where there is none."""
        found = CONTENT_ID.search(str(self.fields.get("content-id", "")))
        return found.group(1) if found else ""

    @property
    def charset(self) -> str | None:
        """The charset that Content-Type names."""
        return self.parameter("charset") or None

    def parameter(self, name: str) -> str:
        """A parameter of Content-Type (RFC 2231 decoded), empty where it is not there."""
        try:
            value = self.fields.get_param(name)
        except GARBLED:
            return ""
        if isinstance(value, tuple):
            value = value[2]
        return one_line(value) if isinstance(value, str) else ""

    def content(self) -> bytes:
        """The decoded bytes of a leaf; a nested mail, a report and a whole multipart as they were written."""
        found = ENCODING.search(str(self.fields.get("content-transfer-encoding", "")).lower())
        encoding = found.group() if found else ""
        try:
            if encoding == "base64":
                return from_base64(self.encoded)
            if encoding == "quoted-printable":
                return binascii.a2b_qp(self.encoded)
            if encoding in UUENCODED:
                return from_uuencode(self.encoded)
        except GARBLED as failure:
            note(self.defects, f"a part could not be decoded ({type(failure).__name__}); it is as it was written")
        return self.encoded


def parse(raw: bytes, header: Header) -> Part:
    """The tree of a mail. It enters neither nested mails nor what is deeper than 20 levels or beyond 200 parts."""
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    return Reader(raw).part("1", header, header.body, len(raw), "text/plain")


@dataclass(slots=True)
class Reader:
    """The bytes of one mail, how many parts were found so far, and what was odd."""

    raw: bytes
    seen: int = 0
    defects: list[str] = field(default_factory=list)

    def part(self, path: str, header: Header, start: int, end: int, default: str) -> Part:
        """The part whose content stands between two offsets."""
        self.seen += 1
        fields = fields_of(header)
        kind = content_type(fields, default)
        children = self.children(path, fields, kind, (start, end)) if kind.startswith("multipart/") else ()
        return Part(path, kind, fields, self.raw, start, end, children, self.defects)

    def children(self, path: str, fields: Fields, kind: str, place: tuple[int, int]) -> tuple[Part, ...]:
        """The parts inside a multipart; none where no delimiter is found or it lies too deep."""
        boundary = boundary_of(fields)
        if not boundary:
            return ()
        if path.count(".") >= DEPTH:
            note(self.defects, "it is nested too deeply; the innermost parts are attached as they are")
            return ()
        default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        found: list[Part] = []
        for number, (start, end) in enumerate(delimited(self.raw, boundary, *place), 1):
            if self.seen >= PARTS:
                note(self.defects, "it has too many parts; those after the first 200 were not read")
                break
            header = headers.split(self.raw[start : min(end, start + BLOCK_BYTES)])
            found.append(self.part(f"{path}.{number}", header, start + header.body, end, default))
        return tuple(found)


def delimited(raw: bytes, boundary: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Where the parts between delimiter lines begin and end; the last may lack its closing delimiter."""
    mark, found, begun, position = b"--" + boundary, list[tuple[int, int]](), -1, start
    while (place := raw.find(mark, position, end)) >= 0 and len(found) <= PARTS:
        position = place + len(mark)
        after = AFTER_DELIMITER.match(raw, position, end)
        if after is None or (place > start and raw[place - 1] not in LINE_ENDS):
            continue
        if begun >= 0:
            found.append((begun, before_line_end(raw, begun, place)))
        begun = -1 if after.group(1) else after.end()
        if after.group(1):
            break
        position = after.end()
    if begun >= 0:
        found.append((begun, end))
    return found


def before_line_end(raw: bytes, begun: int, place: int) -> int:
    """The end of a part: the line end before a delimiter belongs to the delimiter."""
    if place - 1 >= begun and raw[place - 1] in LINE_ENDS:
        return place - 2 if place - 2 >= begun and raw[place - 2 : place] == LINE_ENDS else place - 1
    return max(place, begun)


def fields_of(header: Header) -> Fields:
    """The MIME fields of a part, for the standard library to read their parameters."""
    fields = Fields()
    for name, value in header.fields:
        if name.startswith("content-"):
            fields[name] = headers.FOLD.sub("", value.decode("ascii", "surrogateescape")).strip()
    return fields


def content_type(fields: Fields, default: str) -> str:
    """The media type in lower case; text/plain where the field makes no sense (RFC 2045 section 5.2)."""
    if "content-type" not in fields:
        return default
    try:
        return fields.get_content_type()
    except GARBLED:
        return "text/plain"


def boundary_of(fields: Fields) -> bytes:
    """The boundary of a multipart as it stands in the mail, empty where there is none."""
    try:
        boundary = fields.get_boundary()
    except GARBLED:
        return b""
    return boundary.encode("utf-8", "surrogateescape") if boundary else b""


def from_base64(encoded: bytes) -> bytes:
    """RFC 2045 section 6.8; a missing end is made up for, characters that are none of base64 are passed over."""
    try:
        return binascii.a2b_base64(encoded)
    except binascii.Error:
        kept = re.sub(rb"[^A-Za-z0-9+/]", b"", encoded)
        return binascii.a2b_base64(kept[: len(kept) - (len(kept) % 4 == 1)] + b"===")


def from_uuencode(encoded: bytes) -> bytes:
    """The old encoding of Unix mail, by the standard library."""
    part = Fields()
    part["content-transfer-encoding"] = "x-uuencode"
    part.set_payload(encoded.decode("ascii", "surrogateescape"))
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else encoded


def note(defects: list[str], words: str) -> None:
    """Say a thing once."""
    if words not in defects:
        defects.append(words)
