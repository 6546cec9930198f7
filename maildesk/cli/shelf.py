"""`maildesk shelf`: mail that was set aside for a person to look at."""

import sys
from typing import TYPE_CHECKING

import click

from maildesk.cli import CliError
from maildesk.cli.database import with_store
from maildesk.cli.screen import print_json, print_table, print_text

if TYPE_CHECKING:
    from maildesk.store.messages import StoredMessage


@click.command("shelf")
@click.argument("message", required=False, type=int, metavar="[ID]")
@click.option("--desk", help="Only what this desk set aside.")
@click.option("--raw", is_flag=True, help="With an ID: the mail as it came, byte for byte.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, message: int | None, desk: str | None, raw: bool, as_json: bool) -> None:
    """List what was set aside and why, the oldest first, or show one mail of it."""
    if message is not None and raw:
        sys.stdout.buffer.write(with_store(ctx, lambda: _octets(message)))
        return
    found = with_store(ctx, lambda: _find(message, desk))
    if as_json:
        print_json([_entry(one) for one in found])
    elif message is not None:
        print_text("\n".join(f"{name}: {value}" for name, value in _entry(found[0]).items()))
        print_text("\n" + found[0].message.text)
    else:
        rows = [
            (x.id, f"{x.received_at:%Y-%m-%d %H:%M}", _sender(x), x.shelf_reason, x.message.subject[:60]) for x in found
        ]
        print_table(("id", "received (UTC)", "from", "why", "subject"), rows)


async def _find(message: int | None, desk: str | None) -> "list[StoredMessage]":
    from maildesk.store import messages

    if message is None:
        return await messages.shelved(desk)
    found = await messages.message(message)
    if found is None:
        raise CliError(f"there is no mail {message} on the shelf")
    return [found]


async def _octets(message: int) -> bytes:
    from maildesk.store import inbox

    return await inbox.octets_of_message(message)


def _entry(stored: "StoredMessage") -> dict[str, object]:
    return {
        "id": stored.id,
        "desk": stored.desk,
        "received_at": stored.received_at.isoformat(),
        "from": _sender(stored),
        "subject": stored.message.subject,
        "kind": stored.message.kind.value,
        "rule": stored.message.rule,
        "reason": stored.reason,
        "shelf_reason": stored.shelf_reason,
    }


def _sender(stored: "StoredMessage") -> str:
    sender = stored.message.sender
    return sender.address if sender else "nobody"
