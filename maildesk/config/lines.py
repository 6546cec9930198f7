"""In which line of a TOML file each key stands, so that a mistake can be named by file and line.

`tomllib` gives no lines. This reads a text that `tomllib` has accepted already, so it only has to tell tokens apart,
never to check them (TOML 1.0).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r'(?P<long>"""(?:\\[\s\S]|(?!""")[^\\])*"{3,5}'
    r"|'''(?:(?!''')[\s\S])*'{3,5})"
    r'|(?P<text>"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*')"
    r"|(?P<bare>[^\s\[\]{},=.\"'#]+)"
    r"|(?P<mark>[\[\]{},=.])"
    r"|(?P<newline>\n)"
    r"|(?P<blank>[^\S\n]+|\#[^\n]*)"
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_NEWLINE = "\n"


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    line: int


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for found in _TOKEN.finditer(text.replace("\r\n", _NEWLINE)):
        if found.lastgroup != "blank":
            yield _Token(found[0], line)
        line += found[0].count(_NEWLINE)
    yield _Token(_NEWLINE, line)


def _unquoted(token: str) -> str:
    if token.startswith('"'):
        return _ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else m[3], token[1:-1])
    return token[1:-1] if token.startswith("'") else token


@dataclass(slots=True)
class _Reader:
    tokens: list[_Token]
    at: int = 0
    lines: dict[Path, int] = field(default_factory=dict)
    last_index: dict[Path, int] = field(default_factory=dict)

    @property
    def here(self) -> str:
        return self.tokens[self.at].text

    def skip_newlines(self) -> None:
        while self.here == _NEWLINE and self.at < len(self.tokens) - 1:
            self.at += 1

    def note(self, path: Path) -> None:
        for end in range(1, len(path) + 1):
            self.lines.setdefault(path[:end], self.tokens[self.at].line)

    def name(self) -> list[str]:
        """A key, bare, quoted or dotted, up to the mark after it."""
        parts = []
        while self.here not in {"=", "]"}:
            if self.here != ".":
                parts.append(_unquoted(self.here))
            self.at += 1
        return parts

    def within(self, parts: list[str]) -> Path:
        """The path of a header's name: each array of tables on the way stands for its last table."""
        path: Path = ()
        for part in parts:
            path = (*path, part)
            if path in self.last_index:
                path = (*path, self.last_index[path])
        return path

    def header(self) -> Path:
        start = self.at
        is_array = self.tokens[self.at + 1].text == "["
        self.at += 2 if is_array else 1
        parts = self.name()
        end = self.at + (2 if is_array else 1)
        if is_array:
            whole: Path = (*self.within(parts[:-1]), parts[-1])
            self.last_index[whole] = self.last_index.get(whole, -1) + 1
        self.at = start
        path = self.within(parts)
        self.note(path)
        self.at = end
        return path

    def setting(self, table: Path) -> None:
        start = self.at
        path = (*table, *self.name())
        end, self.at = self.at, start
        self.note(path)
        self.at = end + 1
        self.value(path)

    def value(self, path: Path) -> None:
        if self.here == "[":
            self.array(path)
        elif self.here == "{":
            self.inline_table(path)
        else:
            while self.here not in {",", "]", "}", _NEWLINE}:
                self.at += 1

    def array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while True:
            self.skip_newlines()
            if self.here == "]":
                break
            if self.here == ",":
                index += 1
                self.at += 1
                continue
            self.note((*path, index))
            self.value((*path, index))
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        while self.here != "}":
            if self.here in {",", _NEWLINE}:
                self.at += 1
            else:
                self.setting(path)
        self.at += 1


def key_lines(text: str) -> Mapping[Path, int]:
    """The line (from 1) of every key, table and list element of a valid TOML text, by its path."""
    reader = _Reader(list(_tokens(text)))
    table: Path = ()
    while True:
        reader.skip_newlines()
        if reader.at >= len(reader.tokens) - 1:
            return reader.lines
        if reader.here == "[":
            table = reader.header()
        else:
            reader.setting(table)
