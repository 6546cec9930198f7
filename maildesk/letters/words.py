"""The words of one language from phrases.toml: phrases with their placeholders, and names for statuses and the like.

A phrase is a text, or a table of texts by plural form (`one`, `other`, … as Babel names them) where it counts.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

from babel import Locale, UnknownLocaleError

from maildesk.domain.case import Milestone, Outcome, Role, Status
from maildesk.domain.letter import LetterKind, Verdict
from maildesk.domain.phrases import PHRASES
from maildesk.letters.problem import BrokenTemplate, Problem

COUNTED = ("count", "days", "minutes", "limit")
TABLES: Mapping[str, tuple[str, ...]] = {
    "status": tuple(Status),
    "outcome": tuple(Outcome),
    "finding": tuple(Outcome),
    "role": tuple(Role),
    "letter": tuple(LetterKind),
    "verdict": tuple(Verdict),
    "field": (),
    "filed": (),
    "event": (),
    "milestone": tuple(Milestone),
    "author": (),
    "word": (),
}

Forms = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """What one language says: phrases (plural forms by key), name tables, and the locale of its dates and numbers."""

    locale: Locale
    phrases: Mapping[str, Forms]
    tables: Mapping[str, Mapping[str, str]]
    problems: tuple[Problem, ...] = field(default=(), compare=False)

    def name_of(self, value: str, table: str) -> str:
        """The word for a status, an outcome, a field, …; the value itself where the table has none."""
        return self.tables[table].get(str(value), str(value))

    def form(self, key: str, values: Mapping[str, str]) -> str:
        """The phrase's text in the plural form that the first counted value asks for. KeyError: no such phrase."""
        forms = self.phrases[key]
        if len(forms) == 1:
            return forms["other"]
        counted = next((int(values[name]) for name in COUNTED if values.get(name, "").isdecimal()), 2)
        return forms.get(self.locale.plural_form(counted), forms["other"])


def load(files: tuple[Path, ...]) -> Words:
    """The words of one language from one or more phrases.toml, an earlier file winning word by word.

    Words that are wrong are left out and reported in `problems`, so that the next file's stand. Raises
    BrokenTemplate where no file can be read at all.
    """
    read = [(file, _read(file)) for file in files if file.is_file()]
    problems = [content for _, content in read if isinstance(content, Problem)]
    contents = [(file, content) for file, content in read if not isinstance(content, Problem)]
    if not contents:
        raise BrokenTemplate(problems[0] if problems else Problem(str(files[0]), 0, "is missing"))
    phrases: dict[str, Forms] = {}
    tables: dict[str, dict[str, str]] = {name: {} for name in TABLES}
    locale = ""
    for file, content in reversed(contents):
        mistakes = dict(_mistakes(content))
        problems += [Problem(str(file), _line(file, key), what) for (_, key), what in mistakes.items()]
        good = {key: text for key, text in content.get("phrases", {}).items() if ("phrases", key) not in mistakes}
        phrases |= {key: {"other": text} if isinstance(text, str) else text for key, text in good.items()}
        for name in TABLES:
            rows = content.get(name, {})
            tables[name] |= {key: text for key, text in rows.items() if (name, key) not in mistakes}
        locale = content.get("locale", locale) if ("", "locale") not in mistakes else locale
    return Words(Locale.parse(locale or "en_GB"), phrases, tables, tuple(problems))


def _read(file: Path) -> dict[str, Any] | Problem:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        return Problem(str(file), int(found[1]) if found else 0, str(error))
    except UnicodeDecodeError as error:
        return Problem(str(file), 0, f"not UTF-8: {error.reason}")


def _mistakes(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """What is wrong in one phrases.toml: ((table, key), words)."""
    for name in sorted(content.keys() - TABLES.keys() - {"phrases", "locale"}):
        yield (name, name), f"there is no table [{name}]"
    try:
        Locale.parse(content.get("locale", "en_GB"))
    except (UnknownLocaleError, ValueError, TypeError) as error:
        yield ("", "locale"), str(error)
    for key, text in content.get("phrases", {}).items():
        if what := _phrase_mistake(key, text):
            yield ("phrases", key), what
    for name, known in TABLES.items():
        for key, text in content.get(name, {}).items():
            if known and key not in known:
                yield (name, key), f"[{name}] has no {key!r}, only {', '.join(known)}"
            elif not isinstance(text, str):
                yield (name, key), f"[{name}] {key!r} must be a text"


def _phrase_mistake(key: str, text: object) -> str:
    if key not in PHRASES:
        return f"there is no phrase {key!r}"
    forms = {"other": text} if isinstance(text, str) else text
    if not isinstance(forms, dict) or "other" not in forms or not all(isinstance(form, str) for form in forms.values()):
        return "must be a text, or a table of texts by plural form that holds `other`"
    return next((what for form in forms.values() if (what := _placeholder_mistake(form, PHRASES[key]))), "")


def _placeholder_mistake(text: str, expected: tuple[str, ...]) -> str:
    try:
        found = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        return str(error)
    if found == set(expected):
        return ""
    wanted = ", ".join(f"{{{name}}}" for name in expected) or "no placeholder"
    return f"must hold {wanted}, but holds {', '.join(f'{{{name}}}' for name in sorted(found)) or 'none'}"


def _line(file: Path, key: str) -> int:
    """The line on which the key stands; 0 where it is not found."""
    named = re.compile(rf'^\s*\[?"?{re.escape(key)}"?\s*[=\].]')
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if named.match(line)), 0)
