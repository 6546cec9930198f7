"""Styles from `_style.css` into the HTML templates, once per template and not once per letter.

Mail clients drop style sheets, so every element carries its own style. css-inline parses HTML, which a template is
not yet: the tags of Jinja are put out of its way first. Outside of an element's tag they stand as comments (the only
thing that HTML leaves in place inside a table), within one and as text they stand as private-use characters.
"""

import re
from collections.abc import Callable
from pathlib import Path

import css_inline
from jinja2 import BaseLoader, Environment, FileSystemLoader

STYLE_FILE = "_style.css"
_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_STANDIN = re.compile("<!--jinja:(\\d+)-->|\ue000(\\d+)\ue001")


def inline(source: str, css: str) -> str:
    """The template with the rules of `css` written into its elements; what Jinja reads stays as it was."""
    kept: list[str] = []
    plain: list[str] = []
    is_inside_element, end = False, 0
    for found in _JINJA.finditer(source):
        between = source[end : found.start()]
        opened, closed = between.rfind("<"), between.rfind(">")
        if opened != closed:
            is_inside_element = opened > closed
        is_comment = found[0].startswith(("{%", "{#")) and not is_inside_element
        number, end = len(kept), found.end()
        kept.append(found[0])
        plain += (between, f"<!--jinja:{number}-->" if is_comment else f"\ue000{number}\ue001")
    styled = _styled("".join(plain) + source[end:], css)
    return _STANDIN.sub(lambda found: kept[int(found[1] or found[2])], styled)


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
            source = inline(source, self._css)
        return source, filename, lambda: True
