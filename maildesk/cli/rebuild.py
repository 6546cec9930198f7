"""`maildesk rebuild`: every case computed again from its history."""

from typing import TYPE_CHECKING

import click

from maildesk.cli.database import with_store
from maildesk.cli.screen import clean, print_json

if TYPE_CHECKING:
    from maildesk.store.rebuild import Difference


@click.command("rebuild")
@click.option("--verify", "is_verifying", is_flag=True, required=True, help="Compare only; nothing is written.")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
@click.pass_context
def command(ctx: click.Context, is_verifying: bool, as_json: bool) -> None:  # noqa: ARG001 - click demands the flag
    """Recompute every case from its history and compare it field by field with what is stored.

    Exit 0: nothing differs. Exit 1: one line per field, with both values.
    """
    found = with_store(ctx, _differences)
    if as_json:
        print_json(found)
    elif found:
        for one in found:
            click.echo(clean(f"{one.case}: {one.field}: stored {one.stored}, recomputed {one.recomputed}"))
    else:
        click.echo("every case is what its history says")
    ctx.exit(1 if found else 0)


async def _differences() -> "list[Difference]":
    from maildesk.store.rebuild import differences

    return [difference async for difference in differences()]
