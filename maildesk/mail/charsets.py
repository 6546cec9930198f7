"""Bytes to text, whatever the label says: an alias table, then the declared charset, then a guess on the raw bytes.

Python does not know all the names that mailers use, and knows some under a smaller repertoire than mailers mean:
"gb2312" is written where GB 18030 is meant, "iso-8859-1" where windows-1252 is (the WHATWG Encoding Standard).
"""

import codecs
import re
from functools import lru_cache

GUESS_BYTES = 16_384
LEAST_TO_GUESS = 24  # below that a guess is worse than windows-1252
LEAST_FOREIGN = 8
HIGH = 0x80
LARGER_REPERTOIRE = {
    "ansi_x3.4-1968": "cp1252",
    "ascii": "cp1252",
    "big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "cn-gb": "gb18030",
    "cp-850": "cp850",
    "cp-936": "gb18030",
    "euc-cn": "gb18030",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "hebrew": "iso8859_8",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-1": "cp1252",
    "iso-8859-11": "cp874",
    "iso-8859-6-i": "iso8859_6",
    "iso-8859-8-e": "iso8859_8",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-9": "cp1254",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "ks_c_5601": "cp949",
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ms_kanji": "cp932",
    "shift-jis": "cp932",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "tis-620": "cp874",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "us-ascii": "cp1252",
    "utf-8mb4": "utf-8",
    "utf8mb4": "utf-8",
    "windows-1252": "cp1252",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "windows-936": "gb18030",
    "windows-949": "cp949",
    "x-big5": "big5hkscs",
    "x-cp1252": "cp1252",
    "x-gbk": "gb18030",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "x-sjis": "cp932",
    "x-windows-949": "cp949",
}
NOT_TEXT = frozenset({"base64", "bz2", "hex", "idna", "punycode", "quopri", "raw_unicode_escape", "rot13", "rot_13",
                      "undefined", "unicode_escape", "uu", "zlib", "mbcs", "oem"})  # fmt: skip
LABEL = re.compile(r"[a-z0-9][a-z0-9_.:+-]*")
ENCODED_WORD_CHARSET = re.compile(r"=\?([^?*\s]{1,40})(\*[^?]*)?\?")
SURROGATES = re.compile("[\ud800-\udfff]")
# RFC 5198 section 2: controls other than tab and line ends have no meaning in text; PostgreSQL refuses NUL.
CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")


@lru_cache(maxsize=512)
def codec(label: str) -> str | None:
    """The Python codec that a charset label stands for, or None where nobody knows it."""
    found = LABEL.search(label.strip().lower())
    if not found:
        return None
    name = found.group()
    name = LARGER_REPERTOIRE.get(name, name)
    for candidate in (name, re.sub(r"^(?:x|cs)-?", "", name), name.replace("windows-", "cp").replace("cp-", "cp")):
        try:
            info = codecs.lookup(candidate)
        except (LookupError, ValueError):
            continue
        return None if info.name.replace("-", "_") in NOT_TEXT else candidate
    return None


def decode(raw: bytes, label: str | None) -> tuple[str, str | None]:
    """The text of a body part, and what was odd about its charset, or None. Never raises, drops no byte silently."""
    if not raw:
        return "", None
    declared = codec(label) if label else "cp1252"
    if raw.isascii() and declared not in {None, "iso2022_jp_ext", "utf-7", "hz", "utf-16", "utf-32"}:
        return raw.decode("ascii"), None
    if label and declared and declared != "cp1252":
        text = strictly(raw, declared)
        if text is not None:
            return text.removeprefix("\ufeff"), None
    return undeclared(raw, label, declared)


def undeclared(raw: bytes, label: str | None, declared: str | None) -> tuple[str, str | None]:
    """Bytes whose label is absent, wrong, unknown or the "Latin-1" that mailers write for anything."""
    text = strictly(raw, "utf-8")
    if text is not None:
        return text.removeprefix("\ufeff"), None if label is None else f"charset {label!r} was really utf-8"
    if declared == "cp1252" and label and "ascii" not in label.lower():
        return western(raw), None
    name, text = guess(raw)
    return text, f"charset {label!r} read as {name}" if label else f"no charset given, read as {name}"


def strictly(raw: bytes, name: str) -> str | None:
    """The text, or None where the bytes are not of this charset or make no Unicode text."""
    try:
        text = raw.decode(name)
    except (LookupError, ValueError):
        return None
    return None if SURROGATES.search(text) else text


def western(raw: bytes) -> str:
    """windows-1252; the five bytes that it leaves open are read as ISO 8859-1, so nothing is lost."""
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(bytes((b,)).decode("cp1252", "ignore") or chr(b) for b in raw)


def guess(raw: bytes) -> tuple[str, str]:
    """The most likely charset's name and the text, from the bytes alone."""
    sample = raw[:GUESS_BYTES]
    if len(sample) >= LEAST_TO_GUESS:
        from charset_normalizer import from_bytes

        best = from_bytes(sample).best()
        text = strictly(raw, best.encoding) if best is not None else None
        if best is not None and text is not None:
            return best.encoding, text
    if len(strictly(raw[: len(raw) - 3], "utf-8") or "") or raw.decode("utf-8", "ignore").encode() == raw:
        return "utf-8", raw.decode("utf-8", "replace")
    return "windows-1252", western(raw)


def header_text(raw: bytes) -> str:
    """A header field's bytes as text: ASCII or UTF-8 (RFC 6532), else what old mailers wrote.

    That is windows-1252, or, where hardly a byte is ASCII, a script that has to be guessed.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        foreign = sum(byte >= HIGH for byte in raw)
        return guess(raw)[1] if foreign >= LEAST_FOREIGN and foreign * 2 > len(raw) else western(raw)


def known_labels(text: str) -> str:
    """Encoded words (RFC 2047) with their charset labels replaced by names that Python's decoder knows."""
    if "=?" not in text:
        return text
    return ENCODED_WORD_CHARSET.sub(lambda found: f"=?{codec(found[1]) or 'utf-8'}?", text)


def clean(text: str) -> str:
    """Text that UTF-8, JSON and every database can hold: no lone surrogates, no NUL, no stray controls."""
    if text.isascii() and text.isprintable():
        return text
    return CONTROLS.sub("", SURROGATES.sub("\ufffd", text))


def one_line(text: str) -> str:
    """Text for a name or a subject: clean, on one line, blanks collapsed, so that it can forge no header."""
    return " ".join(clean(text).split())
