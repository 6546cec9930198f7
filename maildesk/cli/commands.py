"""`maildesk commands`: the staff's command language, as it is registered."""

from typing import TYPE_CHECKING, Any

import click

from maildesk.cli.screen import print_json, print_table

if TYPE_CHECKING:
    from maildesk.domain.commands.registry import Command


@click.command("commands")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print docs/commands.md.")
def command(as_json: bool, as_markdown: bool) -> None:
    """List the commands that staff can write: usage, example, who may, which proof they need."""
    found = registered()
    if as_markdown:
        click.echo(markdown(), nl=False)
        return
    if as_json:
        print_json(found)
        return
    rows = [
        (c["usage"], ", ".join(c["aliases"]), c["role"], c["proof"], "reads" if c["reads_only"] else "") for c in found
    ]
    print_table(("usage", "also", "who", "proof", ""), rows)


def registered() -> list[dict[str, Any]]:
    """Every command as data."""
    return [
        {
            "name": row.name,
            "aliases": [f"#{word}" for word in row.aliases],
            "usage": row.usage,
            "example": row.example,
            "role": row.role.value,
            "proof": row.proof.value,
            "reads_only": row.reads_only,
        }
        for row in _rows()
    ]


def _rows() -> "list[Command]":
    from maildesk.domain.commands.run import every_command

    return list(every_command())


_PAGE = """# The commands of the staff

Write a command on a line of its own in a reply to a letter of the desk. What follows it on the line, and the lines
under it up to the next command, belong to it. Only your new words are read: never the quoted mail, never your
signature. The lines for one case apply together or not at all, and the answer says what became of each.

A command marked *proof* leaves the house or lets somebody in: the desk asks for `#confirm` from your registered
address, unless your mail server vouches for your mail.

"""


def markdown() -> str:
    """The documentation page of the commands."""
    from maildesk.domain.commands.registry import Proof
    from maildesk.letters.folders import template_dir
    from maildesk.letters.words import load

    words = load((template_dir() / "en" / "phrases.toml",))
    parts = [_PAGE]
    for row in _rows():
        proof = " *proof*" if row.proof is Proof.STRONG else ""
        also = f" Also: {', '.join(f'`#{word}`' for word in row.aliases)}." if row.aliases else ""
        parts.append(f"## `{row.usage}`{proof}\n\n{words.form(f'help.{row.name}', {})}{also}\n\n    ")
        parts.append(row.example.replace("\n", "\n    ") + "\n\n")
    return "".join(parts).rstrip() + "\n"
