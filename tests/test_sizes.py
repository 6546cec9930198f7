"""Modules of at most 300 lines, functions of at most 50, arguments few enough to remember. No exceptions are listed."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "maildesk"
MODULE_LINES = 300
FUNCTION_LINES = 50


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def too_big(path: Path) -> list[str]:
    text = path.read_text()
    lines = len(text.splitlines())
    found = [f"{path.name} has {lines} lines"] if lines > MODULE_LINES else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                found.append(f"{path.name}:{node.lineno} {node.name} has {length} lines")
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_and_its_functions_fit_on_a_page(path):
    assert too_big(path) == []


def test_a_function_of_51_lines_is_too_big(tmp_path):
    long = tmp_path / "long.py"
    long.write_text("def f():\n" + "    x = 1\n" * 50)
    assert too_big(long) == ["long.py:1 f has 51 lines"]
    long.write_text("x = 1\n" * 301)
    assert too_big(long) == ["long.py has 301 lines"]
