"""`maildesk config`: look at maildesk.toml before the daemon does."""

import os
from pathlib import Path

import click

from maildesk.cli import Desktop, UnusableConfigurationError
from maildesk.cli.screen import clean, print_json
from maildesk.config import ConfigurationError, Examined, examine, find


@click.group("config")
def command() -> None:
    """Check maildesk.toml: every mistake at once, each with its line."""


@command.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print mistakes and warnings as JSON.")
@click.pass_context
def check(ctx: click.Context, file: Path | None, as_json: bool) -> None:
    """Say everything that is wrong or doubtful in FILE (else in the configuration that a command would use).

    Exit 0: it can be used, warnings or not. Exit 2: it cannot.
    """
    desktop = ctx.find_object(Desktop) or Desktop()
    try:
        place = find(file or desktop.named, os.environ)
    except ConfigurationError as failure:
        raise UnusableConfigurationError(str(failure)) from failure
    examined = examine(place, os.environ)
    if as_json:
        print_json({"file": str(place), "mistakes": examined.mistakes, "warnings": examined.warnings})
    else:
        _print_for_people(place, examined)
    ctx.exit(2 if examined.mistakes else 0)


def _print_for_people(place: Path, examined: Examined) -> None:
    for problem in examined.mistakes:
        click.echo(clean(str(problem)))
    for problem in examined.warnings:
        click.echo(clean(f"warning: {problem}"))
    if examined.mistakes:
        click.echo(_count(len(examined.mistakes), "mistake"))
    else:
        click.echo(
            clean(f"{place}: right") + (f", {_count(len(examined.warnings), 'warning')}" * bool(examined.warnings))
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
