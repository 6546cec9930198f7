"""What every command does that works on the database: open it, work, and say what is wrong in words."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from maildesk.cli import CliError, Desktop

T = TypeVar("T")


def database_url(ctx: click.Context) -> str:
    """The database of the configuration in use."""
    from maildesk import store

    settings = ctx.ensure_object(Desktop).settings()
    return store.url_for(settings.database, settings.sqlite_file)


def with_store(ctx: click.Context, work: Callable[[], Awaitable[T]]) -> T:
    """What the work returns, done with the database open. Raises CliError with the database's words."""
    from maildesk import store

    async def opened() -> T:
        async with store.open(database_url(ctx)):
            return await work()

    return plainly(opened)


def plainly(work: Callable[[], Awaitable[T]]) -> T:
    """Run the work; what the database refuses becomes a CliError."""
    from maildesk import store

    async def awaited() -> T:
        return await work()

    try:
        return asyncio.run(awaited())
    except store.StoreError as refused:
        raise CliError(str(refused)) from refused
