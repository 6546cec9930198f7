"""From body parts to the text a person reads: charset, format=flowed (RFC 3676), HTML, enriched text (RFC 1896)."""

import re
from dataclasses import replace

from maildesk.domain.message import Attachment
from maildesk.mail import markup
from maildesk.mail.charsets import clean, decode
from maildesk.mail.mime import note
from maildesk.mail.parts import Text, Tree

TEXT_CHARACTERS = 1_000_000
META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
META_BYTES = 4_096
ENRICHED_TAG = re.compile(r"</?[a-zA-Z-]{1,60}>")
ENRICHED_PARAMETER = re.compile(r"<param>[^<]{0,200}</param>", re.IGNORECASE)
QUOTE_DEPTH = re.compile(r">*")


def text(tree: Tree) -> str:
    """The whole body, its parts one after another; quoted HTML stands between the marks of `domain.marker`."""
    whole = "\n\n".join(filter(None, (readable(part, tree.defects) for part in tree.texts)))
    if len(whole) > TEXT_CHARACTERS:
        note(tree.defects, "the text is longer than a million characters; its end is in the kept mail only")
        whole = whole[:TEXT_CHARACTERS]
    return whole


def readable(part: Text, defects: list[str]) -> str:
    """One body part as clean text with LF line ends and without outer blank lines."""
    found, oddity = decode(part.content, part.charset or declared_in_markup(part))
    if oddity:
        note(defects, oddity)
    if "\x00" in found:
        note(defects, "NUL bytes in the text were left out")
    found = clean(found.replace("\r\n", "\n").replace("\r", "\n"))
    if part.subtype == "html":
        found = markup.to_text(found, defects)
    elif part.subtype in {"enriched", "richtext"}:
        found = without_enrichment(found)
    elif part.flowed:
        found = unflowed(found, delsp=part.delsp)
    return found.strip("\n").rstrip()


def declared_in_markup(part: Text) -> str | None:
    """The charset that HTML names in itself where its MIME part names none."""
    if part.subtype != "html":
        return None
    found = META_CHARSET.search(part.content[:META_BYTES])
    return found.group(1).decode("ascii") if found else None


def unflowed(flowed: str, *, delsp: bool) -> str:
    """Paragraphs from lines that end in a blank (RFC 3676 section 4): same quote depth, never over "-- "."""
    paragraphs: list[list[str]] = []
    depth, is_open = -1, False
    for line in flowed.split("\n"):
        found = QUOTE_DEPTH.match(line)
        level = found.end() if found else 0
        words = line[level:].removeprefix(" ")
        is_signature = words == "-- "
        if is_open and level == depth and not is_signature:
            paragraphs[-1].append(words)
        else:
            paragraphs.append([">" * level + " " if level else "", words])
        is_open = words.endswith(" ") and not is_signature
        if is_open and delsp:
            paragraphs[-1][-1] = words[:-1]
        depth = level
    return "\n".join(map("".join, paragraphs))


def without_enrichment(enriched: str) -> str:
    """The words of text/enriched: commands go, a single line end is a blank, "<<" is a "<"."""
    words = ENRICHED_TAG.sub("", ENRICHED_PARAMETER.sub("", enriched))
    return words.replace("<<", "<")


def attachments(tree: Tree) -> tuple[Attachment, ...]:
    """The attachments; those pictures are inline that an HTML part shows (a signature's logo, a pasted picture)."""
    if not tree.markup or not any(identity for _, identity in tree.attached):
        return tuple(found for found, _ in tree.attached)
    shown = frozenset[str]().union(*(markup.shown_pictures(part.content.decode("latin-1")) for part in tree.markup))
    return tuple(replace(found, inline=True) if identity in shown else found for found, identity in tree.attached)
