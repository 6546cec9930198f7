"""`maildesk history`: show what happened to a case, and prove that nobody changed it."""

from typing import TYPE_CHECKING

import click
from msgspec import to_builtins

from maildesk.cli import CliError
from maildesk.cli.database import with_store
from maildesk.cli.screen import clean, print_json, print_table
from maildesk.domain.events import kind_of

if TYPE_CHECKING:
    from maildesk.domain.events import Recorded
    from maildesk.store.verify import Fault


@click.group("history")
def command() -> None:
    """Show and verify the history of the cases."""


@command.command("verify")
@click.option("--anchor", metavar="HASH", help="An anchor from outside, such as one printed in an old digest.")
@click.option("--json", "as_json", is_flag=True, help="Print the faults as JSON.")
@click.pass_context
def verify(ctx: click.Context, anchor: str | None, as_json: bool) -> None:
    """Recompute every hash and say what was changed, is missing, was swapped, cut off or removed.

    Exit 0: the history is whole. Exit 1: one line per fault.
    """
    from maildesk.store.verify import verify as all_faults

    faults = with_store(ctx, lambda: all_faults(anchor))
    if as_json:
        print_json(faults)
    elif faults:
        for fault in faults:
            click.echo(clean(_line(fault)))
    else:
        click.echo("the history is whole")
    ctx.exit(1 if faults else 0)


def _line(fault: "Fault") -> str:
    place = f"{fault.case or 'the database'}" + (f", event {fault.event}" if fault.event is not None else "")
    both = f": stored {fault.stored or 'nothing'}, computed {fault.computed}" if fault.computed else ""
    return f"{place}: {fault.what}{both}"


@command.command("show")
@click.argument("reference", metavar="C-...")
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON.")
@click.pass_context
def show(ctx: click.Context, reference: str, as_json: bool) -> None:
    """Show what happened to a case, in order, and who caused it."""
    recorded = with_store(ctx, lambda: _history_of(reference))
    if as_json:
        print_json([_entry(entry) for entry in recorded])
        return
    rows = [(entry.seq, entry.at.isoformat(), entry.by, kind_of(entry.event), _said(entry)) for entry in recorded]
    print_table(("seq", "at", "by", "event", "what"), rows)


async def _history_of(reference: str) -> "list[Recorded]":
    from maildesk.store import cases, history

    case = await cases.by_reference(reference)
    if case is None:
        raise CliError(f"there is no case {reference}")
    return await history.read(case.id)


def _said(entry: "Recorded") -> str:
    return ", ".join(f"{name} {value}" for name, value in to_builtins(entry.event).items() if value not in (None, ""))


def _entry(entry: "Recorded") -> dict[str, object]:
    place = {"seq": entry.seq, "at": entry.at.isoformat(), "by": entry.by, "cause": entry.cause}
    return {**place, "event": kind_of(entry.event), "said": to_builtins(entry.event)}
