"""What a person reads of an HTML letter, without its markup: for tests that compare it with the text part."""

import re
from html.parser import HTMLParser


class _Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden += tag in ("title", "style", "script")
        self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("title", "style", "script")
        self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def read(html: str) -> _Shown:
    shown = _Shown()
    shown.feed(html)
    shown.close()
    return shown


def shown_text(html: str) -> str:
    return "".join(read(html).pieces)


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text)
