"""`maildesk letters`: what went out, what waits, what was refused."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from maildesk.cli import CliError
from maildesk.cli.database import with_store
from maildesk.cli.screen import print_json, print_table, print_text

if TYPE_CHECKING:
    from maildesk.store.letters import StoredLetter

_STATES = ("draft", "held", "queued", "sending", "accepted", "refused", "recalled")


class _Letters(click.Command):
    """`maildesk letters recall …` is a command of its own, whatever else the arguments of `letters` are."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of `recall` where that is the first word."""
        if args[:1] == ["recall"]:
            return recall.make_context(f"{info_name} recall", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Whichever of the two the context is of."""
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


@click.command("recall")
@click.option(
    "--to", required=True, metavar="DOMAIN|ADDRESS", help="Letters to this address, or to all at this domain."
)
@click.option("--held-back", is_flag=True, help="Only those that wait because too many left.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def recall(ctx: click.Context, to: str, held_back: bool, as_json: bool) -> None:
    """Take back automatic letters that wait and were never tried, as after a storm; never one that a person wrote."""
    from maildesk.store import pacing

    count = with_store(ctx, lambda: pacing.recall(to, datetime.now(UTC), only_held_back=held_back))
    if as_json:
        print_json({"recalled": count})
    else:
        print_text(f"{count} letters to {to} were recalled")


@click.command("letters", cls=_Letters)
@click.argument("letter", required=False, type=int, metavar="[ID]")
@click.option("--case", "reference", metavar="C-...", help="Only the letters of this case.")
@click.option("--state", type=click.Choice(_STATES), help="Only letters in this state.")
@click.option("--desk", help="Only the letters of this desk.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(  # noqa: PLR0917 - click hands each option in by name
    ctx: click.Context, letter: int | None, reference: str | None, state: str | None, desk: str | None, as_json: bool
) -> None:
    """List the letters in the order in which they were made, or print the one with this id as it went out.

    `maildesk letters recall --to DOMAIN` takes back automatic letters that wait.
    """
    if letter is not None:
        print_text(with_store(ctx, lambda: _frozen(letter)))
        return
    found = with_store(ctx, lambda: _find(reference, state, desk))
    if as_json:
        print_json(found)
        return
    rows = [(x.id, x.kind, x.state, x.recipient, f"{x.created_at:%Y-%m-%d %H:%M}", _fate(x)) for x in found]
    print_table(("id", "kind", "state", "to", "made (UTC)", "what became of it"), rows)


async def _find(reference: str | None, state: str | None, desk: str | None) -> "list[StoredLetter]":
    from maildesk.store import cases, letters
    from maildesk.store.commit import LetterState

    case = None
    if reference is not None:
        found = await cases.by_reference(reference)
        if found is None:
            raise CliError(f"there is no case {reference}")
        case = found.id
    return await letters.listing(desk, case=case, states=(LetterState(state),) if state else ())


async def _frozen(letter: int) -> str:
    from maildesk.store import letters

    octets = await letters.octets(letter)
    if octets is None:
        raise CliError(f"there is no letter {letter}, or its words are not fixed yet")
    return octets.decode("utf-8", "replace").replace("\r\n", "\n")


def _fate(letter: "StoredLetter") -> str:
    if letter.bounced_at:
        return f"came back {letter.bounced_at:%Y-%m-%d %H:%M}"
    if letter.accepted_at:
        return f"accepted {letter.accepted_at:%Y-%m-%d %H:%M}"
    if letter.release_at and letter.state.value == "held":
        return f"leaves {letter.release_at:%Y-%m-%d %H:%M}"
    if letter.state.value == "queued" and letter.answer.startswith("held back"):
        return f"{letter.answer}, until {letter.next_at:%Y-%m-%d %H:%M}"
    words = f"{letter.code or ''} {letter.answer}".strip()
    return f"{words[:80]} (tried {letter.attempts} times)" if words else ""
