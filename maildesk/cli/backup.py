"""`maildesk backup`: database and keys in one file."""

import os
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from maildesk.cli import CliError, Desktop, UnusableConfigurationError
from maildesk.cli.database import database_url, with_store
from maildesk.cli.screen import clean

KEYS = "maildesk.keys"


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def command(ctx: click.Context, file: Path) -> None:
    r"""Copy database and keys into FILE, a tar archive; the daemon may run meanwhile. An existing FILE is left alone.

    Keep it as safe as the database: it holds every mail, and the keys that sign reply addresses. Not in it are
    maildesk.toml and your own templates.

    \b
    To restore, with no daemon running and `data` empty:
        tar -xf FILE -C DATA     (DATA: the folder `data` of maildesk.toml)
        maildesk run

    The daemon then looks in the folder for processed mail for what came after the backup, and works it anew. That mail
    gets a new reference and a second acknowledgement; references and reply addresses that were given out after the
    backup lead to nobody else. Letters that waited at the moment of the backup are sent again under their old
    Message-ID.

    PostgreSQL has its own way: pg_dump, and a copy of DATA/maildesk.keys.
    """
    from maildesk.store.connection import file_of

    database = file_of(database_url(ctx))
    if database is None:
        raise UnusableConfigurationError(
            f"the database is PostgreSQL: use pg_dump, and copy {KEYS} from the data folder"
        )
    keys = ctx.ensure_object(Desktop).settings().data / KEYS
    if file.exists():
        raise CliError(f"{file} exists already: name a new file")
    with_store(ctx, _of_this_version)
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".maildesk-backup-") as place:
            archive = _archive(database, keys, Path(place))
            os.link(archive, file)  # refuses, where the file came into being meanwhile
    except OSError as refused:
        raise CliError(f"{file} was not written: {refused}") from refused
    click.echo(clean(f"{file}: database and keys, {file.stat().st_size:,} bytes"))


async def _of_this_version() -> None:
    """Opening the database has shown that it is."""


def _archive(database: Path, keys: Path, place: Path) -> Path:
    """The archive, on the disk before it is given its name."""
    from maildesk import store
    from maildesk.store import backup

    try:
        backup.copy(database, place / "copy", datetime.now(UTC))
    except store.StoreError as refused:
        raise CliError(str(refused)) from refused
    archive = place / "archive"
    with archive.open("xb") as handle:
        archive.chmod(0o600)
        with tarfile.open(fileobj=handle, mode="w") as tar:
            tar.add(place / "copy", database.name)
            tar.add(keys, KEYS)
        handle.flush()
        os.fsync(handle.fileno())
    return archive
