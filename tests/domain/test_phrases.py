"""Every phrase that the rules name has its key, and as many values as its words have placeholders."""

import ast
from pathlib import Path

import pytest

import maildesk.domain
from maildesk.domain.commands.registry import COMMANDS
from maildesk.domain.events import EVENTS
from maildesk.domain.lifecycle import Demand
from maildesk.domain.phrases import PHRASES

ROOT = Path(maildesk.domain.__file__).parent
BUILT = {  # keys that are put together while running: what they are built from is held by the tests below
    "event.": EVENTS,
    "help.": COMMANDS,
}
HANDED_ON = {"missing[0]"}  # a Demand; its values are phrases' keys


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Every call of that name in the rules, with its place."""
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for path in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def keys_of(node: ast.expr) -> list[str] | None:
    """The keys that the expression may stand for; None where they are made while running."""
    if isinstance(node, ast.Constant):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*keys_of(node.body), *keys_of(node.orelse)]
    return None


@pytest.mark.parametrize(("place", "call"), calls("Phrase"), ids=lambda value: value if isinstance(value, str) else "")
def test_a_phrase_has_a_key_and_as_many_values_as_placeholders(place, call):
    keys = keys_of(call.args[0])
    if keys is None:
        written = ast.unparse(call.args[0])
        assert written in HANDED_ON or any(written.startswith(f"f'{prefix}") for prefix in BUILT), place
        return
    values = call.args[1] if len(call.args) > 1 else ast.Tuple(elts=[])
    assert isinstance(values, ast.Tuple), f"{place}: values are written as a tuple, so that they can be counted"
    for key in keys:
        assert len(PHRASES[key]) == len(values.elts), place


@pytest.mark.parametrize(("place", "call"), calls("Tap"), ids=lambda value: value if isinstance(value, str) else "")
def test_a_tap_has_a_label(place, call):
    assert call.args[0].value.startswith("tap."), place
    assert PHRASES[call.args[0].value] == ()


def test_the_walk_finds_the_phrases():
    assert len(calls("Phrase")) > 60
    assert len(calls("Tap")) > 10


def test_every_event_can_be_told_in_words():
    assert all(PHRASES[f"event.{name}"] == ("detail",) for name in EVENTS)


def test_every_command_is_explained():
    assert all(PHRASES[f"help.{name}"] == () for name in COMMANDS)


def test_every_closing_demand_can_be_said():
    assert all(PHRASES[str(demand)] == () for demand in Demand)
