"""Row ids and references that are handed to the rules, and letters that carry theirs from the first moment on."""

from collections.abc import Iterator
from dataclasses import dataclass

from maildesk.domain.letter import Letter


@dataclass(frozen=True, slots=True)
class Numbers:
    """Unused row ids and case references, reserved before anything is decided."""

    ids: Iterator[int]
    references: Iterator[str]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A letter with the row id that it has from its first moment on."""

    id: int
    letter: Letter
