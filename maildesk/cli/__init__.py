"""The command line: one small module per group, loaded when it is called, so that `maildesk --help` is quick.

A command is a row of COMMANDS and a module here with a click command named `command`. It gets `Desktop` as its
context object, prints through `cli.screen`, and raises CliError for what a person can put right.
"""

import difflib
import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from maildesk.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is to be found, and the line that `maildesk --help` says about it."""

    module: str
    summary: str


COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "run": Entry("maildesk.cli.run", "Read the mailboxes, work the cases, send the letters."),
        "demo": Entry("maildesk.cli.demo", "Play a day of a complaints desk on this machine, and leave a page of it."),
        "check": Entry("maildesk.cli.check", "Try everything that a desk depends on, with a line each."),
        "inspect": Entry("maildesk.cli.inspect", "Show what is read of a mail, and which rule decided."),
        "cases": Entry("maildesk.cli.cases", "List the cases, or show one whole."),
        "letters": Entry("maildesk.cli.letters", "List the letters and what became of them."),
        "shelf": Entry("maildesk.cli.shelf", "List the mail that was set aside, and why."),
        "commands": Entry("maildesk.cli.commands", "List the commands that staff can write."),
        "history": Entry("maildesk.cli.history", "Show what happened to a case; prove that nobody changed it."),
        "rebuild": Entry("maildesk.cli.rebuild", "Recompute every case from its history and compare."),
        "backup": Entry("maildesk.cli.backup", "Copy database and keys into one file, while the daemon runs."),
        "db": Entry("maildesk.cli.db", "Bring the database to this version's schema."),
        "config": Entry("maildesk.cli.config", "Check maildesk.toml: every mistake at once, each with its line."),
    }
)


class CliError(click.ClickException):
    """What a person can put right, in words. Exit 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message to stderr, made harmless: it may quote foreign text."""
        from maildesk.visible import visible_lines

        click.echo(visible_lines(self.message), file=file, err=True)


class UnusableConfigurationError(CliError):
    """There is no configuration, or there are mistakes in it. Exit 2."""

    exit_code = 2


@dataclass(slots=True)
class Desktop:
    """What every command starts from: the file named on the command line, read when the settings are first wanted."""

    named: Path | None = None
    _settings: "Settings | None" = None

    def settings(self) -> "Settings":
        """The settings. Raises UnusableConfigurationError with every mistake in them."""
        if self._settings is None:
            from maildesk.config import ConfigurationError, find, load

            try:
                self._settings = load(find(self.named, os.environ), os.environ)
            except ConfigurationError as failure:
                raise UnusableConfigurationError(str(failure)) from failure
        return self._settings

    def has_settings(self) -> bool:
        """Whether there is a configuration at all, for commands that can do without."""
        from maildesk.config import ConfigurationError, find

        try:
            find(self.named, os.environ)
        except ConfigurationError:
            return False
        return True


class LazyGroup(click.Group):
    """A group that knows its commands by name and loads the module of the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click says so
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click says so
        """The command of that name, or nothing."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = importlib.import_module(entry.module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.command is not a click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a name that is none is answered with the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f' Did you mean "{near[0]}"?' if near else ""
            ctx.fail(f'There is no command "{args[0]}".{hint}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # same
        """The list of commands, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])
