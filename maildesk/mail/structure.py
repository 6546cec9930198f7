"""Which part to ask for when a mail is too big: the first text part of its BODYSTRUCTURE (RFC 3501 section 7.4.2)."""

from dataclasses import dataclass
from typing import Any

_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class TextPart:
    """`section` is the part's IMAP number; `boundary` that of the outermost multipart, empty for a mail of one part."""

    section: str
    boundary: bytes


def first_text(structure: Any) -> TextPart | None:
    """The first text/plain part, else the first text/html, as imapclient parsed it; None where none is to be found.

    Any odd shape gives None: the structure is what a server made of a stranger's mail.
    """
    try:
        return _pick(structure)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None


def _pick(structure: Any) -> TextPart | None:
    if not isinstance(structure[0], list):
        return TextPart("TEXT", b"") if structure[0].lower() == b"text" else None
    boundary = _boundary(structure)
    leaves = list(_leaves(structure, "", 0))
    for wanted in (b"plain", b"html"):
        for section, kind in leaves:
            if kind == wanted and boundary:
                return TextPart(section, boundary)
    return None


def _leaves(multipart: Any, prefix: str, depth: int) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    if depth > _DEEPEST:
        return found
    for number, part in enumerate(multipart[0], start=1):
        section = f"{prefix}{number}"
        if isinstance(part[0], list):
            found += _leaves(part, f"{section}.", depth + 1)
        elif part[0].lower() == b"text":
            found.append((section, part[1].lower()))
    return found


def _boundary(multipart: Any) -> bytes:
    flat = multipart[2]
    pairs = dict(zip(flat[::2], flat[1::2], strict=False))
    named = {key.lower(): value for key, value in pairs.items()}
    boundary = named.get(b"boundary", b"")
    return boundary if isinstance(boundary, bytes) else b""
