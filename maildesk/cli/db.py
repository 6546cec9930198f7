"""`maildesk db`: the database's schema."""

import click

from maildesk.cli.database import database_url, plainly
from maildesk.cli.screen import clean, print_json


@click.group("db")
def command() -> None:
    """Bring the database to this version's schema."""


@command.command("migrate")
@click.option("--json", "as_json", is_flag=True, help="Print the steps and the copy as JSON.")
@click.pass_context
def migrate(ctx: click.Context, as_json: bool) -> None:
    """Take the steps that the database lacks; it is made where there is none.

    A SQLite file is copied first, and the copy is named before the first step. Stop the daemon before.
    """
    from pathlib import Path

    from maildesk import store
    from maildesk.store.connection import file_of
    from maildesk.store.migrate import Report
    from maildesk.store.migrate import migrate as take_steps

    url = database_url(ctx)

    def name_copy(copy: Path) -> None:
        click.echo(clean(f"copy of the database as it was: {copy}"), err=as_json)

    async def alone() -> Report:
        file = file_of(url)
        if file is None:
            return await take_steps(url)
        with store.lock(file):
            return await take_steps(url, name_copy)

    report = plainly(alone)
    if as_json:
        print_json({"applied": report.applied, "copy": str(report.copy) if report.copy else None})
        return
    for step in report.applied:
        click.echo(f"{step}: done")
    if not report.applied:
        click.echo("nothing to do: the database is of this version")
