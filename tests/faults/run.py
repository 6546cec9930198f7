"""`make faults`: maildesk is broken in every way that we could think of, and the promises are counted afterwards.

    python tests/faults/run.py [--only kill,servers,…] [--mails 2000] [--kills 100] [--storm 5000] [--rounds 3]
                               [--seed N] [--keep] [--write]

Prints a table; with --write it goes into docs/trust.md, between the marks. Exit 1 where a promise is broken.
"""

import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from servers.places import ServerMissing

from faults import attack, backup, kill, machine, places, power, servers, storms, tamper
from faults.table import Broken, Ground, Scale, Section
from faults.trust import write
from maildesk import __version__

SECTIONS: dict[str, Section] = {
    "kill": kill.section,
    "places": places.section,
    "power": power.section,
    "servers": servers.section,
    "machine": machine.section,
    "attack": attack.section,
    "tamper": tamper.section,
    "backup": backup.section,
    "storms": storms.section,
}


def _chosen(only: str) -> dict[str, Section]:
    names = [name.strip() for name in only.split(",") if name.strip()] or list(SECTIONS)
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}: there are {', '.join(SECTIONS)}", param_hint="--only")
    return {name: SECTIONS[name] for name in names}


def _broken(section: Section, ground: Ground, scale: Scale) -> Iterator[Broken]:
    """The rows of a section, each printed as soon as it is there."""
    begin = time.monotonic()
    for row in section(ground, scale):
        click.echo(f"\n{row.what}: {row.times} times, {time.monotonic() - begin:.0f} s")
        for line in row.lines:
            click.echo(f"  {line}")
        yield row
        begin = time.monotonic()


@click.command()
@click.option("--only", default="", help=f"Some of {', '.join(SECTIONS)}.")
@click.option("--mails", default=2000, show_default=True, help="Numbered mails of the long torment.")
@click.option("--kills", default=100, show_default=True, help="Kills while they come in.")
@click.option("--storm", default=5000, show_default=True, help="Mails of a storm.")
@click.option("--rounds", default=3, show_default=True, help="Times that each other fault is made.")
@click.option("--seed", type=int, help="Of the moments; another one each time if not given.")
@click.option("--keep", is_flag=True, help="Leave databases and journals for a look.")
@click.option("--write", "writes", is_flag=True, help="Write the table into docs/trust.md.")
def main(*, only: str, keep: bool, writes: bool, seed: int | None, **amounts: int) -> None:
    """Break maildesk, and count what came of it."""
    scale = Scale(**amounts, seed=random.randrange(2**32) if seed is None else seed)  # noqa: S311 - no secret
    sections = _chosen(only)
    click.echo(f"maildesk {__version__}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {scale}")
    ground = Ground()
    try:
        table = {name: tuple(_broken(section, ground, scale)) for name, section in sections.items()}
    except ServerMissing as missing:
        raise click.ClickException(str(missing)) from missing
    finally:
        for left in ground.stop(keep_folders=keep):
            click.echo(f"left in {left}")
    if writes:
        write(table, datetime.now(UTC))
    broken = [line for rows in table.values() for row in rows for line in row.lines if not line.is_kept]
    click.echo(f"\n{len(broken)} promises broken" if broken else "\nevery promise kept")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
