"""`maildesk check`: tries everything that a desk depends on, and says of each step whether it is right."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from maildesk.cli import CliError, Desktop
from maildesk.cli.screen import clean, print_json

if TYPE_CHECKING:
    from maildesk.config.settings import Settings
    from maildesk.desk.checkup import Finding

PROBE_SECONDS = 30.0


@click.command("check")
@click.option("--no-send", is_flag=True, help="Send no mail to the desk itself.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def command(ctx: click.Context, no_send: bool, as_json: bool) -> None:
    """Connect, log in, look at the folders, send a mail to the desk and see it come back, render every letter.

    It may run beside the daemon. Exit 0: all is right. Exit 1: something is not, and the line says what to do.
    """
    settings = ctx.ensure_object(Desktop).settings()
    try:
        found = asyncio.run(_look(settings, 0.0 if no_send else PROBE_SECONDS, says=not as_json))
    except (OSError, ValueError) as failure:
        raise CliError(str(failure)) from failure
    if as_json:
        print_json(found)
    ctx.exit(0 if all(finding.is_right for finding in found) else 1)


async def _look(settings: "Settings", seconds: float, *, says: bool) -> "list[Finding]":
    found = []
    async for finding in _findings(settings, seconds):
        found.append(finding)
        if says:
            mark = "right" if finding.is_right else "WRONG"
            click.echo(f"{mark}  {clean(f'{finding.desk} {finding.what}'.strip())}: {clean(finding.words)}")
    return found


async def _findings(settings: "Settings", seconds: float) -> "AsyncIterator[Finding]":
    from maildesk import daemon
    from maildesk.desk import checkup

    settings.data.mkdir(parents=True, exist_ok=True)
    url = daemon.database_url(settings)
    async for finding in checkup.database(url):
        yield finding
    for finding in (*checkup.daemon(settings.data, datetime.now(UTC)), checkup.alarm(settings.alarm.command)):
        yield finding
    templates = daemon.templates_of(settings)
    for finding in checkup.letters(templates):
        yield finding
    async with daemon.children_of(settings) as children, _opened(url) as has_database:
        shared = daemon.Shared(children, daemon.keyring(settings.data), templates)
        for desk in settings.desks:
            letterbox = daemon.letterbox_of(settings, desk, shared)
            way = checkup.Way(letterbox, random.random, datetime.now(UTC), seconds, has_database)
            async for finding in checkup.desk(daemon.place_of(settings, desk), way):
                yield finding


@asynccontextmanager
async def _opened(url: str) -> "AsyncIterator[bool]":
    """The database, and whether there is one that opens: without it the servers can be looked at all the same."""
    from maildesk import store

    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(store.open(url))
        except store.StoreError:
            yield False
        else:
            yield True
