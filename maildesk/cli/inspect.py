"""`maildesk inspect`: what was read of a mail, and which rule decided, for a person or as JSON for a program.

It changes nothing. The mails are read in child processes with limits, as the daemon reads them; where there is a
configuration, it also says where each would be filed.
"""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from msgspec import to_builtins

from maildesk.cli import Desktop
from maildesk.cli.filing import filing_desk, in_words
from maildesk.cli.screen import clean, print_text
from maildesk.domain.message import Address, Message

if TYPE_CHECKING:
    from maildesk.desk.preview import Preview

BATCH = 64
FOLDED_LINES = 3
UNREADABLE_FILE = "unreadable file"


def as_json(path: str, message: Message) -> dict[str, Any]:
    """The object that stands for a mail: all keys always, texts as they were read."""
    return {
        "path": path,
        "message_id": message.message_id,
        "in_reply_to": list(message.in_reply_to),
        "references": list(message.references),
        "date": message.date.isoformat() if message.date else None,
        "from": mailbox(message.sender) if message.sender else None,
        "reply_to": [mailbox(address) for address in message.reply_to],
        "to": [mailbox(address) for address in message.to],
        "cc": [mailbox(address) for address in message.cc],
        "subject": message.subject,
        "kind": message.kind.value,
        "rule": message.rule,
        "may_acknowledge": message.may_acknowledge,
        "is_list": message.is_list,
        "reasons": list(message.reasons),
        "text": message.text,
        "visible_text": message.visible_text,
        "quoted_text": message.quoted_text,
        "attachments": [
            {
                "filename": attachment.filename,
                "content_type": attachment.content_type,
                "size": attachment.size,
                "sha256": attachment.sha256,
                "inline": attachment.inline,
                "part": attachment.part,
            }
            for attachment in message.attachments
        ],
        "bounce": bounce(message),
        "language": message.language,
        "authenticity": {"verdict": message.authenticity.verdict.value, "why": message.authenticity.why},
        "defects": list(message.defects),
        "error": None,
    }


def mailbox(address: Address) -> dict[str, str]:
    """A mailbox as JSON has it."""
    return {"name": address.name, "address": address.address}


def bounce(message: Message) -> dict[str, Any] | None:
    """What a delivery report says, or None."""
    if message.bounce is None:
        return None
    recipients = [
        {"address": one.address, "action": one.action, "status": one.status or None}
        for one in message.bounce.recipients
    ]
    return {"original_message_id": message.bounce.original_message_id, "recipients": recipients}


def unread_json(path: str, why: str) -> dict[str, Any]:
    """The object of a file that could not be opened."""
    from maildesk.mail.parse import unreadable

    return {**as_json(path, unreadable(b"", why)), "error": why}


@dataclass(frozen=True, slots=True)
class Look:
    """How to look: as which desk, and whether for a program."""

    desk: str | None
    wants_json: bool


def describe(message: Message, filing: str | None = None) -> Iterator[str]:
    """The mail for a person, line by line; `filing` says where it belongs, where there is a desk to ask."""
    sender = message.sender
    yield f"From:     {who(sender) if sender else 'nobody'}"
    if not message.sender_is_from and sender:
        yield "          (From does not name exactly this mailbox)"
    for label, addresses in (("To", message.to), ("Cc", message.cc), ("Reply-To", message.reply_to)):
        if addresses:
            yield f"{label + ':':<10}{', '.join(map(who, addresses))}"
    yield f"Date:     {message.date.isoformat(' ') if message.date else 'none'}"
    yield f"Subject:  {message.subject or '(none)'}"
    yield f"Kind:     {message.kind.value}, by rule {message.rule}: {'; '.join(message.reasons)}"
    yield f"          {'it may be acknowledged' if message.may_acknowledge else 'no automatic answer goes out'}"
    yield f"Language: {message.language or 'not clear'}"
    yield f"Proof:    {message.authenticity.verdict.value}: {message.authenticity.why}"
    if filing is not None:
        yield f"Filing:   {filing}"
    yield from described_bounce(message)
    yield ""
    yield message.visible_text or "(no text)"
    yield from folded(message.quoted_text)
    for attachment in message.attachments:
        shown = " (shown in the text)" if attachment.inline else ""
        yield f"Attached: {attachment.filename}, {attachment.content_type}, {attachment.size} bytes{shown}"
    for defect in message.defects:
        yield f"Odd:      {defect}"


def who(address: Address) -> str:
    """A mailbox for a person: the address is always there, whatever the name says."""
    return f"{address.name} <{address.address}>" if address.name else address.address


def described_bounce(message: Message) -> Iterator[str]:
    """Whose mail was not delivered."""
    if message.bounce is not None:
        for one in message.bounce.recipients:
            yield f"Report:   {one.address} {one.action} {one.status} {one.diagnostic}".rstrip()
        yield f"          about {message.bounce.original_message_id or 'a mail that it does not name'}"


def folded(quoted: str) -> Iterator[str]:
    """The first quoted lines and how many there are."""
    lines = [line for line in quoted.split("\n") if line.strip()]
    if lines:
        yield ""
        yield f"Quoted, {len(lines)} lines:"
        yield from (f"  | {line}" for line in lines[:FOLDED_LINES])


async def inspect(paths: Iterable[str], desktop: Desktop, look: Look) -> None:
    """Print each file's mail, in the order of the paths: one JSON object a line, or as a person reads it."""
    from maildesk.children import Children
    from maildesk.mail.parse import PRELOAD, ReadPolicy, pack

    waiting = iter(paths)
    async with (
        filing_desk(desktop, look.desk) as desk,
        Children("maildesk.mail.parse:read_packed", preload=PRELOAD) as children,
    ):
        if desk is None:
            click.echo("there is no maildesk.toml: the mail is read only, not filed", err=True)
        policy = desk.read_policy if desk else ReadPolicy()
        while batch := list(islice(waiting, BATCH)):
            contents = [content(path) for path in batch]
            results = iter(await children.run([pack(raw, policy) for raw in contents if isinstance(raw, bytes)]))
            for path, raw in zip(batch, contents, strict=True):
                message = message_of(raw, next(results)) if isinstance(raw, bytes) else None
                preview = await desk.preview(message) if desk and message else None
                show(path, message, preview, raw if isinstance(raw, OSError) else None, wants_json=look.wants_json)


def show(
    path: str, message: Message | None, preview: "Preview | None", failure: OSError | None, *, wants_json: bool
) -> None:
    """Print one file. click.ClickException where a person named a file that cannot be opened."""
    if message is None:
        why = (failure.strerror if failure else None) or UNREADABLE_FILE
        if not wants_json:
            raise click.ClickException(f"{path}: {why}")
        print_object(unread_json(path, why))
    elif wants_json:
        filed = {"filing": to_builtins(preview)} if preview else {}
        print_object({**as_json(path, message), **filed})
    else:
        words = in_words(preview) if preview else None
        print_text(f"== {clean(path)}\n" + "\n".join(describe(message, words)) + "\n")


def message_of(raw: bytes, result: Any) -> Message:
    """What a child made of a mail, or what is left where it did not survive it."""
    from maildesk.children import Done
    from maildesk.mail.parse import unpack, unreadable

    return unpack(result.value) if isinstance(result, Done) else unreadable(raw, result.reason)


def content(path: str) -> bytes | OSError:
    """A file's bytes, or why there are none."""
    try:
        return Path(path).read_bytes()
    except OSError as failure:
        return failure
    except ValueError:
        return OSError(0, "not a path")


def print_object(value: dict[str, Any]) -> None:
    """One object on one line, in ASCII: no text in it can harm a terminal."""
    click.echo(json.dumps(value))


@click.command("inspect")
@click.argument("files", nargs=-1, type=click.Path(), metavar="FILE…")
@click.option("--json", "wants_json", is_flag=True, help="One JSON object a line for each file.")
@click.option("--files-from", "listing", type=click.File("r"), help="Read paths, one a line, from LIST (- for stdin).")
@click.option("--desk", metavar="NAME", help="File as this desk of the configuration would (default: its first).")
@click.pass_context
def command(
    ctx: click.Context, files: Sequence[str], wants_json: bool, listing: IO[str] | None, desk: str | None
) -> None:
    """Show what is read of a mail: who, when, what kind and why, the new words, the quoted ones, what is attached."""
    if not files and listing is None:
        raise click.UsageError("Name a file, or --files-from LIST.")
    listed = (line.rstrip("\r\n") for line in listing) if listing is not None else iter(())
    paths = (path for source in (files, listed) for path in source if path)
    asyncio.run(inspect(paths, ctx.find_object(Desktop) or Desktop(), Look(desk, wants_json)))


if __name__ == "__main__":
    sys.exit(command())
