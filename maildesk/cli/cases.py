"""`maildesk cases`: the cases, as a list or one of them whole."""

from typing import TYPE_CHECKING, Any

import click

from maildesk.cli import CliError
from maildesk.cli.database import with_store
from maildesk.cli.screen import print_json, print_table, print_text

if TYPE_CHECKING:
    from maildesk.domain.case import Case

_EVERYTHING = ("open", "closed", "all")


@click.command("cases")
@click.argument("reference", required=False, metavar="[C-...]")
@click.option("--desk", help="Only the cases of this desk.")
@click.option("--owner", metavar="KEY", help="Only the cases of this member of staff.")
@click.option("--show", "which", type=click.Choice(_EVERYTHING), default="all", help="Which cases (default: all).")
@click.option("--json", "as_json", is_flag=True, help="Every field, with parties, milestones and clocks, as JSON.")
@click.pass_context
def command(  # noqa: PLR0917 - click hands each option in by name
    ctx: click.Context, reference: str | None, desk: str | None, owner: str | None, which: str, as_json: bool
) -> None:
    """List the cases in order of receipt, or show one whole."""
    found = with_store(ctx, lambda: _find(reference, desk, owner, which))
    if as_json:
        print_json([whole(case) for case in found])
    elif reference is not None:
        print_text("\n".join(f"{name}: {_plain(value)}" for name, value in whole(found[0]).items() if value))
    else:
        rows = [(c.reference, c.status, c.owner, _day(c.received_at), _day(c.due_at), c.subject[:60]) for c in found]
        print_table(("reference", "status", "owner", "received", "due", "subject"), rows)


async def _find(reference: str | None, desk: str | None, owner: str | None, which: str) -> "list[Case]":
    from maildesk.store import cases

    if reference is not None:
        case = await cases.by_reference(reference)
        if case is None:
            raise CliError(f"there is no case {reference}")
        return [case]
    return await cases.find(desk, owner=owner, is_open={"open": True, "closed": False, "all": None}[which])


def whole(case: "Case") -> dict[str, Any]:
    """Every field of the case, and its clocks: name, due time and the words that explain it."""
    from msgspec import to_builtins

    fields: dict[str, Any] = to_builtins(case)
    assessment: dict[str, Any] = fields.pop("assessment")
    clocks = []
    if case.due_at is not None:
        words = f"the desk answers within its days from {_day(case.received_at)}; ends {case.due_at:%Y-%m-%d %H:%M} UTC"
        clocks.append({"name": "response", "due_at": fields["due_at"], "words": words})
    return {**fields, **assessment, "clocks": clocks}


def _day(moment: Any) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):  # msgspec leaves the tuples of a case as they are
        return "; ".join(_plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items() if one not in (None, ""))
    return str(value)
