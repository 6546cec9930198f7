"""One language's templates, read through a chain of folders, and the rendering of one kind with them.

Templates are compiled at first use and kept. A folder that is not the last is a user's: its templates run in Jinja's
sandbox, and whoever asks falls back to the next edition where they raise.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from maildesk.domain.letter import LetterKind
from maildesk.letters.filters import FILTERS
from maildesk.letters.folders import HTML_SUFFIX, PHRASES_FILE, TEXT_SUFFIX
from maildesk.letters.inline import StyledLoader
from maildesk.letters.problem import BrokenTemplate, Problem, locate
from maildesk.letters.words import Words, load

DEFAULT_LANGUAGE = "en"
SUBJECT_LENGTH_MAX = 200
_PLAIN_HTML = "_plain.html.j2"
_UNPRINTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter in words. `subject` has no line end; `text` and `html` end their lines with LF and say the same.

    `language` is the one that the words are in, which may not be the one that was asked for.
    """

    subject: str
    text: str
    html: str
    language: str


class Edition:
    """The templates of one language; `folders` in the order in which they are asked, the last one being ours."""

    def __init__(self, folders: tuple[Path, ...], language: str) -> None:
        self.language = language
        self.folders = folders
        last_resort = folders[-1] / DEFAULT_LANGUAGE / PHRASES_FILE
        own = tuple(folder / language / PHRASES_FILE for folder in folders)
        self.words: Words = load((*own, last_resort))
        is_foreign = len(folders) > 1
        self._text = environment(FileSystemLoader(folders), self.words, is_foreign=is_foreign)
        self._html = environment(StyledLoader(folders), self.words, is_foreign=is_foreign)
        self._pairs: dict[LetterKind, tuple[Template, Template]] = {}

    def render(self, kind: LetterKind, context: Mapping[str, Any]) -> Rendered:
        """Text and HTML of one kind. Raises whatever is wrong with the templates; `find` says where it stands."""
        pair = self._pairs.get(kind)
        if pair is None:
            pair = self._pairs[kind] = self._compile(kind)
        text, html = pair
        subject, body = split_subject(text.render(context), str(text.filename))
        return Rendered(subject, body, _tidy(html.render(context, subject=subject, text=body)), self.language)

    def _compile(self, kind: LetterKind) -> tuple[Template, Template]:
        name = f"{self.language}/{kind}"
        text = self._text.get_template(name + TEXT_SUFFIX)
        folder = next(folder for folder in self.folders if (folder / (name + TEXT_SUFFIX)).is_file())
        has_html = (folder / (name + HTML_SUFFIX)).is_file()
        return text, self._html.get_template(name + HTML_SUFFIX if has_html else _PLAIN_HTML)

    def find(self, kind: LetterKind, context: Mapping[str, Any], error: Exception) -> Problem:
        """Where the mistake behind `error` stands: seen without the styles, whose writing moves lines."""
        name = f"{self.language}/{kind}"
        plain = environment(FileSystemLoader(self.folders), self.words, is_foreign=len(self.folders) > 1)
        for suffix in (TEXT_SUFFIX, HTML_SUFFIX):
            try:
                plain.get_template(name + suffix).render(context, subject="", text="")
            except Exception as found:  # noqa: BLE001 - a template can raise anything; this is the place that says what
                return locate(found, name + suffix)
        return locate(error, name)


def environment(loader: BaseLoader, words: Words, *, is_foreign: bool) -> Environment:
    """Jinja as letters need it: every variable must exist, `.html.j2` escapes by name, nothing is read twice."""
    build = ImmutableSandboxedEnvironment if is_foreign else Environment
    made = build(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.filters.update(FILTERS)
    made.globals["word"] = SimpleNamespace(**words.tables["word"])
    return made


def split_subject(rendered: str, file: str) -> tuple[str, str]:
    """The subject from the first line, and the body after the empty line. BrokenTemplate where the first is none."""
    first, _, body = rendered.lstrip().partition("\n")
    name, colon, subject = first.partition(":")
    if name.strip().lower() != "subject" or not colon or not subject.strip():
        raise BrokenTemplate(Problem(file, 1, "the first line must be `Subject: …`"))
    flat = " ".join(_tidy(subject).split())
    if len(flat) > SUBJECT_LENGTH_MAX:
        flat = flat[: SUBJECT_LENGTH_MAX - 1] + "…"
    return flat, _BLANK_LINES.sub("\n\n", _tidy(body)).strip() + "\n"


def _tidy(rendered: str) -> str:
    """Without control characters and without the marks that turn the direction of what follows them."""
    return _UNPRINTED.sub("", rendered)
