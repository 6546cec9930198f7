"""The words of the loader: mistakes and warnings as values, and how values and types are called before people."""

import difflib
import json
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

_SHOWN = 40
_KINDS: tuple[tuple[object, str], ...] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (str, "a text in quotes"),
    (Path, "a path in quotes"),
    (time, 'a time in quotes, like "07:30"'),
    (tuple, 'a list of texts, like ["a", "b"]'),
    (Mapping, "a table of texts"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. `line` is 0 where it stands in no line: in the environment, or a file that is missing."""

    file: str
    line: int
    key: str
    what: str
    what_to_do: str

    def __str__(self) -> str:
        """The form that editors and terminals can follow: FILE:LINE: key: what. What to do."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key + ': ' if self.key else ''}{self.what}. {self.what_to_do}"


class ConfigurationError(Exception):
    """The configuration cannot be used; `problems` names every mistake in it, in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest known word as a question, or nothing where none is near."""
    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.7)
    return f'Did you mean "{by_folded[near[0]]}"?' if near else ""


def choices(names: Iterable[str]) -> str:
    """Names as a person would list them: "a", "b" or "c"."""
    quoted = [f'"{name}"' for name in names]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))


def expected(hint: Any) -> str:
    """What a type wants, in words."""
    if get_origin(hint) is Literal:
        return choices(get_args(hint))
    if get_origin(hint) is types.UnionType:
        return expected(get_args(hint)[0])
    plain = get_origin(hint) or hint
    return next(
        words
        for kind, words in _KINDS
        if isinstance(plain, type) and isinstance(kind, type) and issubclass(plain, kind)
    )


def shown(value: object) -> str:
    """A value from the file, shortened, for a person to recognise. Never hand it a secret."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
