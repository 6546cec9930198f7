"""`maildesk commands`: the staff's command language, as it is registered."""

from typing import Any

import click

from maildesk.cli.screen import print_json, print_table


@click.command("commands")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(as_json: bool) -> None:
    """List the commands that staff can write: usage, example, who may, which proof they need."""
    found = registered()
    if as_json:
        print_json(found)
        return
    rows = [
        (c["usage"], ", ".join(c["aliases"]), c["role"], c["proof"], "reads" if c["reads_only"] else "") for c in found
    ]
    print_table(("usage", "also", "who", "proof", ""), rows)


def registered() -> list[dict[str, Any]]:
    """Every command as data."""
    from maildesk.domain.commands import run
    from maildesk.domain.commands.registry import COMMANDS

    assert run.ROOMS  # noqa: S101 - importing it has filled the registry
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
        for row in COMMANDS.values()
    ]
