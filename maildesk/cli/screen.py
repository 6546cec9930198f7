"""What commands print: foreign text made harmless, tables for people, JSON for programs."""

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import click

from maildesk.visible import visible, visible_lines

__all__ = ["clean", "print_json", "print_table", "print_text"]

_GAP = "  "
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def clean(text: str) -> str:
    """Foreign text for one line of a terminal: no character in it can move the cursor or forge a line."""
    return visible(text)


def print_text(text: str) -> None:
    """Print foreign text of several lines."""
    click.echo(visible_lines(text))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their headings, each column as wide as its widest cell; nothing is cut."""
    cells = [[clean("" if cell is None else str(cell)) for cell in row] for row in (headings, *rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        click.echo(_GAP.join(padded).rstrip())


def print_json(value: Any) -> None:
    """Print a value (dataclasses, enums, times, tuples and mappings too) as JSON, with hidden letters as escapes."""
    import msgspec

    text = json.dumps(msgspec.to_builtins(value, str_keys=True), indent=2, ensure_ascii=False)
    click.echo(_NOT_ASCII.sub(lambda letter: _json_letter(letter[0]), text))


def _json_letter(letter: str) -> str:
    return letter if visible(letter) == letter else json.dumps(letter)[1:-1]


def _width(text: str) -> int:
    """How many columns a terminal gives the text (Unicode Standard Annex 11)."""
    if text.isascii():
        return len(text)
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or letter in "\u200c\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
