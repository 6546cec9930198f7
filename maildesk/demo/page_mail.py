"""One mail as a mail client shows it: its header, its body made harmless, its text, and what the desk did with it.

The body stands in a shadow tree, so that no rule of a letter reaches the page and none of the page a letter. Of foreign
HTML nothing is kept but words and plain looks: no script, no picture, no form, nothing that is fetched.
"""

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from html import escape

import nh3

from maildesk.demo.chronicle import Sheet
from maildesk.visible import visible, visible_lines

_HEADER = ("From", "To", "Date", "Subject", "Auto-Submitted")
_LOOKS = frozenset(
    {"background-color", "color", "display", "font", "font-family", "font-size", "font-style", "font-weight"}
    | {"letter-spacing", "line-height", "text-align", "text-decoration", "text-transform", "vertical-align"}
    | {"white-space", "width", "max-width", "min-width", "height", "word-break", "overflow-wrap", "table-layout"}
    | {f"margin{side}" for side in ("", "-top", "-right", "-bottom", "-left")}
    | {f"padding{side}" for side in ("", "-top", "-right", "-bottom", "-left")}
    | {f"border{side}" for side in ("", "-top", "-right", "-bottom", "-left", "-collapse", "-radius", "-spacing")}
)
_TAGS = frozenset(nh3.ALLOWED_TAGS) - {"img", "map", "area"}
_ATTRIBUTES = {
    "*": {"style", "class", "lang", "dir", "title"},
    "a": {"href"},
    "table": {"role", "align", "width"},
    "td": {"align", "valign", "width", "colspan", "rowspan"},
    "th": {"align", "valign", "width", "colspan", "rowspan", "scope"},
    "ol": {"start"},
}
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_SHADOW_STYLE = ":host { display: block; } .page { padding: 4px 0; } .foreign { padding: 0 .9rem; }"


def mail_card(sheet: Sheet, *, is_open: bool) -> str:
    """The mail as a foldable card."""
    side = "out" if sheet.is_from_desk else "in"
    word = "forged" if sheet.is_forged else sheet.kind_word
    kind = f' <span class="kind">· {_line(word)}</span>' if word else ""
    return (
        f'<details class="mail {side}" id="mail-{sheet.number}"{" open" if is_open else ""}>'
        f'<summary><span class="who">{_line(sheet.sender)} → {_line(sheet.recipient)}{kind}</span>'
        f'<time datetime="{sheet.at.isoformat()}">{sheet.at:%H:%M}</time>'
        f'<span class="subject">{_line(sheet.subject)}</span></summary>'
        f'<div class="opened">{_header(sheet)}{_body(sheet)}{_why(sheet)}</div></details>\n'
    )


def harmless(html: str) -> str:
    """Foreign HTML without anything that acts or is fetched."""
    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags={"script", "style", "title"},
        attributes=_ATTRIBUTES,
        url_schemes={"mailto", "http", "https"},
        filter_style_properties=set(_LOOKS),
    )


def _header(sheet: Sheet) -> str:
    rows = "".join(f"<dt>{name}</dt><dd>{_line(value)}</dd>" for name, value in _fields(sheet))
    return f'<dl class="head">{rows}</dl>'


def _fields(sheet: Sheet) -> Iterator[tuple[str, str]]:
    for name in _HEADER:
        value = sheet.mail[name]
        if value is not None:
            yield name, f"{parsedate_to_datetime(str(value)):%A, %-d %B %Y, %H:%M}" if name == "Date" else str(value)


def _body(sheet: Sheet) -> str:
    text, html = sheet.body("plain"), sheet.body("html")
    if not html:
        words, quote = sheet.parted()
        body = f'<div class="body"><p class="words">{escape(visible_lines(words))}</p></div>'
        return body + (_folded("The quote below it", _preformatted(quote)) if quote else "")
    # a letter of the desk brings rules for dark screens along; foreign rules are left out
    own_rules = " ".join(_STYLE.findall(html)) if sheet.is_from_desk else ""
    frame = "page" if sheet.is_from_desk else "foreign"
    shown = f'<style>{_SHADOW_STYLE} {own_rules}</style><div class="{frame}">{harmless(html)}</div>'
    body = f'<div class="body"><div><template shadowrootmode="open">{shown}</template></div></div>'
    return body + _folded("The same mail as plain text", _preformatted(text))


def _preformatted(text: str) -> str:
    return f'<pre class="text">{escape(visible_lines(text))}</pre>'


def _folded(label: str, inner: str) -> str:
    return f'<details class="other"><summary>{label}</summary>{inner}</details>'


def _why(sheet: Sheet) -> str:
    return f'<ul class="why">{"".join(f"<li>{_line(words)}</li>" for words in sheet.said)}</ul>' if sheet.said else ""


def _line(text: str) -> str:
    return escape(visible(" ".join(text.split())))
