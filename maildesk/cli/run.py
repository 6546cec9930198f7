"""`maildesk run`: the daemon."""

import asyncio

import click

from maildesk.cli import CliError, Desktop


@click.command("run")
@click.pass_obj
def command(desktop: Desktop) -> None:
    """Read the mailboxes, work the cases, send the letters, until SIGTERM or Ctrl-C.

    The first start takes only mail that arrives from then on.
    """
    from maildesk import daemon, store
    from maildesk.journal import open_journal

    settings = desktop.settings()
    log = open_journal(settings.log.level, settings.log.format)
    try:
        asyncio.run(daemon.run(settings, daemon.World(log=log)))
    except (store.StoreError, OSError, ValueError) as refused:
        raise CliError(str(refused)) from refused
