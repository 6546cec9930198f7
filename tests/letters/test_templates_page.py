"""docs/templates.md names everything that a template can use."""

import inspect
import re
from pathlib import Path

import pytest

from maildesk.domain.letter import LetterKind
from maildesk.letters import render
from maildesk.letters.filters import FILTERS
from maildesk.letters.words import TABLES

PAGE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text()
NAMED = set(re.findall(r"[`(\"](\w+)", PAGE))
CONTEXT = re.findall(r'^        "(\w+)": ', inspect.getsource(render._context), re.MULTILINE)  # noqa: SLF001 - read, not called


@pytest.mark.parametrize("name", [*LetterKind, *FILTERS, *CONTEXT, *(TABLES.keys() - {"word"})])
def test_the_page_names_it(name):
    assert name in NAMED


def test_the_context_was_found():
    assert {"letter", "desk", "case", "taps"} <= set(CONTEXT)
