"""`maildesk demo`: a day of a complaints desk, played on this machine."""

import asyncio
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from maildesk.cli import CliError

_NEEDS = ("pymap", "aiosmtpd")


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave everything running, and print the settings for a mail client.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where to leave the page, the database and the configuration of the day.",
)
def command(keep: bool, folder: Path) -> None:
    """Play a day of a complaints desk, with no server, no configuration and no network but this machine's own.

    Leaves DIR/index.html, with every mail of the day.
    """
    missing = [name for name in _NEEDS if not _is_installed(name)]
    if missing:
        raise CliError(
            f"The demo plays on two small mail servers, and {' and '.join(missing)} is not installed. "
            'Install them with: pip install "maildesk[demo]"'
        )
    from maildesk import store
    from maildesk.demo.folder import ForeignFolderError
    from maildesk.demo.narrator import narrator
    from maildesk.demo.play import Play, perform
    from maildesk.demo.stage import StageError

    try:
        asyncio.run(perform(Play(folder, keep), narrator(sys.stdout)))
    except (ForeignFolderError, StageError, store.StoreError, OSError) as refused:
        raise CliError(str(refused)) from refused


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ValueError:  # the name stands in sys.modules without a spec
        return False
