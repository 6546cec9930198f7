"""Styles from `_style.css` into the HTML templates, once per template and not once per letter.

Mail clients drop style sheets, so every element carries its own style. css-inline parses HTML, which a template is
not yet: the tags of Jinja are put out of its way first. Outside of an element's tag they stand as comments (the only
thing that HTML leaves in place inside a table), within one and as text they stand as private-use characters.
"""

import re
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import css_inline
from jinja2 import BaseLoader, Environment, FileSystemLoader, TemplateSyntaxError

STYLE_FILE = "_style.css"
_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_STANDIN = re.compile("<!--jinja:(\\d+)-->|\ue000(\\d+)\ue001")


def inline(source: str, css: str) -> str:
    """The template with the rules of `css` written into its elements; what Jinja reads stays as it was.

    Raises TemplateSyntaxError for a block tag between the attributes of an element, where no stand-in keeps its place.
    """
    kept: list[str] = []
    plain: list[str] = []
    place, end = _Place.TEXT, 0
    for found in _JINJA.finditer(source):
        between = source[end : found.start()]
        place = _after(between, place)
        is_block = found[0].startswith(("{%", "{#"))
        if is_block and place is _Place.ELEMENT:
            line = source.count("\n", 0, found.start()) + 1
            raise TemplateSyntaxError(f"{found[0]} may stand in an attribute's value, not between attributes", line)
        number, end = len(kept), found.end()
        kept.append(found[0])
        is_comment = is_block and place is _Place.TEXT
        plain += (between, f"<!--jinja:{number}-->" if is_comment else f"\ue000{number}\ue001")
    styled = _styled("".join(plain) + source[end:], css)
    return _STANDIN.sub(lambda found: kept[int(found[1] or found[2])], styled)


class _Place(Enum):
    """Where in HTML a place is; the values are the characters that lead out of it."""

    TEXT = "<"
    ELEMENT = ">"
    SINGLE = "'"
    DOUBLE = '"'


def _after(html: str, place: _Place) -> _Place:
    """The place behind a piece of HTML that begins at `place`."""
    for character in html:
        if place is _Place.ELEMENT and character in "'\"":
            place = _Place(character)
        elif character == place.value:
            place = _Place.TEXT if place is _Place.ELEMENT else _Place.ELEMENT
    return place


def _styled(html: str, css: str) -> str:
    if "<html" not in html:
        return css_inline.CSSInliner(load_remote_stylesheets=False).inline_fragment(html, css)
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True, extra_css=css).inline(html)


class StyledLoader(BaseLoader):
    """Reads templates from folders, the first that has one wins, and writes the styles into the HTML ones."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._files = FileSystemLoader(folders)
        found = [folder / STYLE_FILE for folder in folders if (folder / STYLE_FILE).is_file()]
        self._css = found[0].read_text(encoding="utf-8") if found else ""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The styled source, its file, and no wish to look again: templates are read once."""
        source, filename, _ = self._files.get_source(environment, template)
        if template.endswith(".html.j2"):
            try:
                source = inline(source, self._css)
            except TemplateSyntaxError as error:
                error.filename = filename
                raise
        return source, filename, lambda: True
