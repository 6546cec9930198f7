"""Header values as RFC 5322 and RFC 2047 want them: encoded words, folding, quoted names, parameters of RFC 2231."""

import re
from binascii import b2a_base64
from collections.abc import Sequence
from urllib.parse import quote

from maildesk.domain.message import Address
from maildesk.domain.oneline import oneline

LINE_LENGTH_MAX = 76
REFERENCES_MAX = 21
NAME_LENGTH_MAX = 200
FILENAME_LENGTH_MAX = 150
_ENCODED_WORD_OCTETS = 42
_NO_LANGUAGE = "''"
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+")
_LOCAL_PART = re.compile(r'[^\s"(),:;<>@\[\\\]\x00-\x20\x7f-\x9f]+|"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\[\x20-\x7e])*"')
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[[A-Za-z0-9.:]+\]")
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,900}>")
_PLAIN = re.compile(r"[\x20-\x7e]{1,900}")


class Unsendable(ValueError):  # noqa: N818 - said of a letter: this one cannot be sent
    """A value that cannot stand in a header; the words say which and why."""


def plain(value: str, name: str) -> str:
    """A value of ours, in printable ASCII. Raises Unsendable for anything else."""
    if not _PLAIN.fullmatch(value):
        raise Unsendable(f"{name} must be printable ASCII on one line: {value[:80]!r}")
    return value


def unstructured(value: str, used: int) -> str:
    """A subject: as it is where it is ASCII, else encoded words; folded. `used` is what the line holds already."""
    flattened = oneline(value)
    if _stands_as_it_is(flattened):
        return _folded(flattened.split(" "), used)
    return _encoded_words(flattened, used)


def mailbox(address: Address, used: int) -> str:
    """A display name and an addr-spec (RFC 5322 section 3.4). Raises Unsendable where the addr-spec is none."""
    spec = addr_spec(address.address)
    name = oneline(address.name, NAME_LENGTH_MAX)
    if not name:
        return spec
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    if _stands_as_it_is(name) and _ATOM.fullmatch(name):
        spoken = _folded(name.split(" "), used)
    elif _stands_as_it_is(name) and used + len(escaped) + len('""') <= LINE_LENGTH_MAX:
        spoken = f'"{escaped}"'
    else:  # a quoted string may be folded, but not every reader puts it together again
        spoken = _encoded_words(name, used)
    last = len(spoken) - (spoken.rfind("\r\n") + 2) if "\r\n" in spoken else used + len(spoken)
    blank = " " if last + len(spec) + len(" <>") <= LINE_LENGTH_MAX else "\r\n "
    return f"{spoken}{blank}<{spec}>"


def _stands_as_it_is(value: str) -> bool:
    """Whether a value needs no encoded words: ASCII, not to be taken for one, and without a word too long to fold."""
    return value.isascii() and "=?" not in value and max(map(len, value.split(" "))) < LINE_LENGTH_MAX


def addr_spec(address: str) -> str:
    """The address with its domain in ASCII (RFC 5890). Raises Unsendable for what is no addr-spec."""
    local, at, domain = address.strip(" ").rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError as error:
        raise Unsendable(f"{address[:80]!r} has no usable domain: {error}") from error
    if not at or not _LOCAL_PART.fullmatch(local) or not _DOMAIN.fullmatch(ascii_domain):
        raise Unsendable(f"{address[:80]!r} is not an email address")
    if len(local) + len(ascii_domain) > 253 or not local.encode("utf-8", "replace").decode() == local:  # noqa: PLR2004
        raise Unsendable(f"{address[:80]!r} is not an email address that can be sent to")
    return f"{local}@{ascii_domain}"


def message_ids(ids: Sequence[str]) -> str:
    """Message-IDs one a line, the first and the last twenty; what is none of them is left out, foreign as it is."""
    good = [each for each in dict.fromkeys(each.strip() for each in ids) if _MESSAGE_ID.fullmatch(each)]
    if len(good) > REFERENCES_MAX:
        good = [good[0], *good[-(REFERENCES_MAX - 1) :]]
    return "\r\n ".join(good)


def parameters(name: str, value: str) -> str:
    """A filename as a parameter: quoted where it is plain, else an ASCII stand-in and RFC 2231's extended form."""
    safe = re.sub(r'[/\\:*?"<>|]', "_", oneline(value)).strip(". ") or "attachment"
    stem, dot, ending = safe.rpartition(".")
    if len(safe) > FILENAME_LENGTH_MAX:
        safe = f"{stem[: FILENAME_LENGTH_MAX - len(ending) - 1]}{dot}{ending}"[:FILENAME_LENGTH_MAX]
    if safe.isascii() and len(safe) + len(name) < LINE_LENGTH_MAX - 5:
        return f'{name}="{safe}"'
    encoded = quote(safe, safe="", encoding="utf-8", errors="replace")
    pieces = re.findall(r"(?:%[0-9A-F]{2}|[^%]){1,18}", encoded)
    sections = [
        f"{name}*{number}*={'utf-8' + _NO_LANGUAGE if not number else ''}{piece}" for number, piece in enumerate(pieces)
    ]
    return ";\r\n ".join(sections)


def _folded(words: Sequence[str], used: int) -> str:
    """Words with blanks between them, a new line before the one that would be too much."""
    lines, length = [words[0]], used + len(words[0])
    for word in words[1:]:
        if length + 1 + len(word) > LINE_LENGTH_MAX:
            lines.append("\r\n")
            length = 0
        lines.append(f" {word}")
        length += 1 + len(word)
    return "".join(lines)


def _encoded_words(value: str, used: int) -> str:
    """RFC 2047 encoded words in base64, cut between characters, each at most 75 long and on lines of at most 76."""
    words: list[str] = []
    room = min(_ENCODED_WORD_OCTETS, (LINE_LENGTH_MAX - used - len("=?utf-8?b??=")) // 4 * 3)
    chunk: list[str] = []
    size = 0
    for character in value:
        width = len(character.encode())
        if size + width > room and chunk:
            words.append(_encoded_word("".join(chunk)))
            chunk, size, room = [], 0, _ENCODED_WORD_OCTETS
        chunk.append(character)
        size += width
    words.append(_encoded_word("".join(chunk)))
    return "\r\n ".join(words)


def _encoded_word(text: str) -> str:
    return f"=?utf-8?b?{b2a_base64(text.encode(), newline=False).decode()}?="
