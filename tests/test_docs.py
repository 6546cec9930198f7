"""The documents say what the program does: commands of the program, commands of the staff, exit statuses."""

from pathlib import Path

import pytest

from maildesk.cli import COMMANDS
from maildesk.cli.commands import markdown

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_program_stands_in_the_readme(name: str):
    assert f"`maildesk {name}" in README or f"`{name}" in README


def test_the_page_of_staff_commands_is_what_the_registry_says():
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == markdown()


def test_every_picture_and_page_that_a_document_names_is_there():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in _links(page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} names {target}"


def _links(text: str) -> list[str]:
    found = [piece.partition(")")[0] for piece in text.split("](")[1:]]
    return [link.partition("#")[0] for link in found if "://" not in link and not link.startswith("#")]
