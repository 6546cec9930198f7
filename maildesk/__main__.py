"""The way in: `maildesk COMMAND`, or `python -m maildesk COMMAND`."""

import sys
from pathlib import Path

import click

from maildesk import __version__
from maildesk.cli import Desktop, LazyGroup


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "named",
    type=click.Path(path_type=Path),
    help="The configuration. Else $MAILDESK_CONFIG, ./maildesk.toml, /etc/maildesk/maildesk.toml.",
)
@click.version_option(__version__, prog_name="maildesk")
@click.pass_context
def maildesk(ctx: click.Context, named: Path | None) -> None:
    """Turn one mailbox into a complaints desk that meets ISO 10002."""
    ctx.obj = Desktop(named)


def main() -> None:
    """Run the command line. Exit 0: done; 1: failed or found something wrong; 2: usage or configuration."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 still shows every letter
    maildesk(prog_name="maildesk")


if __name__ == "__main__":
    main()
