"""HTML to readable text, with the quoted mail inside it marked off.

inscriptis lays the text out; it answers '' beyond 300 levels and every converter is slow on hostile markup, so size
and depth are looked at first. The quoted mail of Gmail, Outlook, Apple, Yahoo and the others stands in elements that
have names: `QUOTES` is the table of them. Their text is put between two private-use characters for `quoting`.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from maildesk.domain.marker import QUOTE_BEGINS, QUOTE_ENDS

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # only for the types: lxml is heavy and loaded where it is needed

MARKUP_CHARACTERS = 256 * 1024
LEVELS = 200
FALLBACK_CHARACTERS = 64 * 1024

# element, attribute, value: as whole word of class, or the id
QUOTES = (
    ("blockquote", "", ""),
    ("div", "class", "gmail_quote"),
    ("div", "class", "gmail_quote_container"),
    ("div", "class", "yahoo_quoted"),
    ("div", "class", "protonmail_quote"),
    ("div", "class", "moz-cite-prefix"),
    ("div", "class", "zmail_extra"),
    ("div", "class", "WordSection_quoted"),
    ("div", "id", "mail-editor-reference-message-container"),
    ("div", "id", "OLK_SRC_BODY_SECTION"),
    ("span", "id", "OLK_SRC_BODY_SECTION"),
)
# element, attribute, value: from here to the end of what contains it
QUOTES_FROM_HERE = (
    ("div", "id", "divRplyFwdMsg"),
    ("div", "id", "x_divRplyFwdMsg"),
    ("div", "id", "appendonsend"),
    ("hr", "id", "stopSpelling"),
    ("hr", "id", "zwchr"),
)
REMOVED = (("<style", "</style>"), ("<script", "</script>"), ("<!--", "-->"), ("<![", "]>"), ("<?xml", ">"))
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*?(/?)>")
ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p", "param", "source",
     "td", "th", "tr", "track", "wbr"}
)  # fmt: skip
DATA_URI = re.compile(r"data:[a-z]+/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=\s%]+")
BLANKS = re.compile(r"\n{3,}")
CID = re.compile(r"cid:([^\"'\s>)]+)", re.IGNORECASE)


def to_text(markup: str, defects: list[str]) -> str:
    """The text that a person sees, quoted mail between marks. Never raises for what the markup holds."""
    markup = without_noise(markup)
    if len(markup) > MARKUP_CHARACTERS:
        defects.append("the HTML is longer than 256 kB; its end was not read")
        markup = markup[:MARKUP_CHARACTERS]
    if not markup.strip():
        return ""
    if deepest(markup) > LEVELS:
        defects.append("the HTML is nested too deeply; its layout was not kept")
        return tidy(stripped(markup))
    return tidy(laid_out(markup) or plain_words(markup) or stripped(markup))


def shown_pictures(markup: str) -> frozenset[str]:
    """The Content-IDs that the HTML refers to (RFC 2392)."""
    return frozenset(CID.findall(markup))


def without_noise(markup: str) -> str:
    """The markup without styles, scripts, comments and pictures written into it, by linear searches."""
    for begin, end in REMOVED:
        if begin in markup.lower():
            markup = "".join(outside(markup, begin, end))
    return DATA_URI.sub("", markup) if ";base64," in markup else markup


def outside(markup: str, begin: str, end: str) -> Iterator[str]:
    """The pieces of a text that do not stand between two marks; after an unclosed mark, nothing is dropped."""
    lower, position = markup.lower(), 0
    while (start := lower.find(begin, position)) >= 0:
        stop = lower.find(end, start + len(begin))
        if stop < 0:
            break
        yield markup[position:start]
        position = stop + len(end)
    yield markup[position:]


def deepest(markup: str) -> int:
    """How deeply elements nest, reckoned from the tags alone."""
    level = most = 0
    for closing, name, self_closed in TAG.findall(markup):
        if name.lower() in VOID or self_closed:
            continue
        level += -1 if closing else 1
        level = max(level, 0)
        most = max(most, level)
    return most


def laid_out(markup: str) -> str:
    """The layout of inscriptis; empty where it or the parser gives up."""
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.html_engine import Inscriptis
    from inscriptis.model.config import ParserConfig
    from lxml.etree import ParserError
    from lxml.html import HtmlElement, fromstring

    try:
        tree = fromstring(markup)
    except (ParserError, ValueError):
        return ""
    if not isinstance(tree, HtmlElement):
        return ""
    mark_quotes(tree)
    text: str = Inscriptis(tree, ParserConfig(css=CSS_PROFILES["strict"])).get_text()
    return text


def mark_quotes(tree: "HtmlElement") -> None:
    """Put marks around the text of the elements that the tables name, the outermost only."""
    from lxml.html import HtmlElement

    for element in list(tree.iter("blockquote", "div", "span", "hr")):
        if any(names(element, *row) for row in QUOTES):
            begin_at(element)
            end_after(element)
        elif any(names(element, *row) for row in QUOTES_FROM_HERE):
            parent = element.getparent()
            if isinstance(parent, HtmlElement):
                begin_at(element)
                parent[-1].tail = f"{parent[-1].tail or ''}{QUOTE_ENDS}"


def names(element: "HtmlElement", tag: str, attribute: str, value: str) -> bool:
    """Whether a row of the tables names an element."""
    if element.tag != tag:
        return False
    if tag == "blockquote":
        return "webkit-indent" not in element.get("class", "")
    found = element.get(attribute, "")
    return value in found.split() if attribute == "class" else found == value


def begin_at(element: "HtmlElement") -> None:
    """The quote begins with this element."""
    if element.tag == "hr":
        element.tail = f"{QUOTE_BEGINS}{element.tail or ''}"
    else:
        element.text = f"{QUOTE_BEGINS}{element.text or ''}"


def end_after(element: "HtmlElement") -> None:
    """The quote ends with this element."""
    if len(element):
        element[-1].tail = f"{element[-1].tail or ''}{QUOTE_ENDS}"
    else:
        element.text = f"{element.text or ''}{QUOTE_ENDS}"


def plain_words(markup: str) -> str:
    """The words without layout, by selectolax."""
    from selectolax.lexbor import LexborHTMLParser

    body = LexborHTMLParser(markup).body
    return body.text(separator="\n", strip=True) if body is not None else ""


def stripped(markup: str) -> str:
    """The words of markup that no parser should see."""
    return ANY_TAG.sub(" ", markup[:FALLBACK_CHARACTERS])


def tidy(text: str) -> str:
    """No blanks at line ends, no more than one blank line at a time."""
    return BLANKS.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip("\n")
