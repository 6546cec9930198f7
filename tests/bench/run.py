"""`make bench`: every figure of README.md, measured on this machine, with the date and the limit that it must keep.

    python tests/bench/run.py [--mails 1000] [--backlog 10000] [--rounds 2] [--only cost,latency,…] [--json]

Trust ratios and CPU time: the servers, the sink and whatever else runs here share the cores. Exit 1 where a limit is
not kept or the mails were not filed as reckoned.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from servers.dovecot import Dovecot
from servers.places import ServerMissing, folder

from bench import correctness, cost, latency, load
from bench.ground import DIFFERENCES, HANDLER, ground, smtp_sink
from bench.mails import Mails, MeasureMissing, generate
from bench.processes import help_seconds
from maildesk import __version__

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `limit` is what the value must not go over (`is_least`: under); none: it stands beside."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    is_least: bool = False

    @property
    def is_kept(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.is_least else self.value <= self.limit

    def __str__(self) -> str:
        sign = ">=" if self.is_least else "<="
        limit = "" if self.limit is None else f"{sign} {self.limit:g}{'' if self.is_kept else '   NOT KEPT'}"
        return f"{self.name:<62} {self.value:>9.4g} {self.unit:<9} {limit}"


@dataclass(frozen=True, slots=True)
class Place:
    """What a measurement runs on."""

    dovecot: Dovecot
    smtp: int
    mails: Mails
    count: int
    rounds: int


def check(place: Place) -> Iterator[Figure]:
    """The fast way is the right one."""
    found = correctness.check(place.dovecot, "check@bench.test", place.mails.first(place.count))
    yield Figure("cases opened, less those of the separate reckoning", abs(found.cases - found.cases_expected), "", 0)
    yield Figure("answers filed, less those of the reckoning", abs(found.joined - found.joined_expected), "", 0)
    yield Figure("acknowledgements missing, wrong or double at the sink", len(found.wrong), "", 0)
    yield Figure("  cases", found.cases, "")
    yield Figure("  acknowledgements", found.acknowledgements, "")


def per_mail(place: Place) -> Iterator[Figure]:
    """CPU time beside the floor's, floor and maildesk by turns."""
    mails = place.mails.first(place.count)
    floors, wholes, noticed = [], [], []
    for turn in range(place.rounds):
        floors.append(cost.floor(place.dovecot, place.smtp, f"floor-{turn}@bench.test", mails))
        wholes.append(cost.whole(place.dovecot, place.smtp, f"whole-{turn}@bench.test", mails))
        noticed.append(cost.whole(place.dovecot, place.smtp, f"noticed-{turn}@bench.test", mails, HANDLER))
    floor = median(one.milliseconds for one in floors)
    for name, costs, limit in (("", wholes, 2.5), (", one handler told of each", noticed, None)):
        spent = median(one.milliseconds for one in costs)
        yield Figure(f"CPU time per mail, in floors{name}", spent / floor, "floors", limit)
        yield Figure(f"  CPU time per mail{name}", spent, "ms")
        yield Figure(f"  rate{name}", median(one.rate for one in costs), "mails/s")
    yield Figure("  floor: CPU time per mail", floor, "ms")
    yield Figure("  floor: rate", median(one.rate for one in floors), "mails/s")
    starting = median(one.starting for one in wholes)
    spent = median(one.milliseconds for one in wholes) + starting / place.count * 1000
    yield Figure("  once: CPU time of the start and the first mail", starting, "s")
    yield Figure(f"  with that, over {place.count} mails (the floor's own start left out)", spent / floor, "floors")


def waiting(place: Place) -> Iterator[Figure]:
    """One mail at a time."""
    found = latency.measure(place.dovecot, "latency@bench.test", place.mails, 30)
    yield Figure("notice to acknowledgement, median of 30", found.from_notice * 1000, "ms", 300)
    yield Figure("arrival to acknowledgement, 95th percentile of 30", found.from_arrival, "s", 1)


def backlog(place: Place) -> Iterator[Figure]:
    """Thousands at once."""
    found = load.backlog(place.dovecot, place.smtp, "backlog@bench.test", place.mails)
    first, last = found.rates[0], found.rates[-1]
    name = f"backlog of {len(place.mails.files)}: last tenth's rate, in first tenths"
    yield Figure(name, last / first, "", 0.9, is_least=True)
    yield Figure("  first tenth", first, "mails/s")
    yield Figure("  slowest tenth", min(found.rates), "mails/s")
    yield Figure("  last tenth", last, "mails/s")
    yield Figure(
        f"backlog of {len(place.mails.files)}: memory at its peak (PSS of the tree)", found.peak / MB, "MB", 350
    )


def large(place: Place) -> Iterator[Figure]:
    """One mail of 40 MB."""
    peak = load.large(place.dovecot, place.smtp, "large@bench.test")
    yield Figure("one mail of 40 MB: memory at its peak", peak / MB, "MB", 700)


def idle(place: Place) -> Iterator[Figure]:
    """Nothing to do."""
    found = load.idle(place.dovecot, place.smtp, "idle@bench.test")
    yield Figure("idle: memory, after a first mail", found.bytes / MB, "MB", 130)
    yield Figure("idle: memory, before the first mail", found.fresh / MB, "MB", 130)
    yield Figure("idle: share of a core", found.share * 100, "%", 0.5)


def usage(_: Place) -> Iterator[Figure]:
    """The command line."""
    yield Figure("maildesk --help, median of 5", help_seconds() * 1000, "ms", 400)


MEASUREMENTS: dict[str, Callable[[Place], Iterator[Figure]]] = {
    "check": check,
    "cost": per_mail,
    "latency": waiting,
    "backlog": backlog,
    "large": large,
    "idle": idle,
    "help": usage,
}


@click.command()
@click.option("--mails", "count", default=1000, show_default=True, help="Mails for check and cost.")
@click.option("--backlog", "most", default=10_000, show_default=True, help="Mails for the backlog.")
@click.option("--rounds", default=2, show_default=True, help="Turns of floor and maildesk; medians count.")
@click.option("--only", default=",".join(MEASUREMENTS), help="Some of: " + ", ".join(MEASUREMENTS))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the table.")
def main(count: int, most: int, rounds: int, only: str, as_json: bool) -> None:
    """Measure maildesk on this machine."""
    names = only.split(",")
    if unknown := set(names) - MEASUREMENTS.keys():
        raise click.UsageError(f"no such measurement: {', '.join(sorted(unknown))}")
    place = folder("mails")
    figures: list[Figure] = []
    if not as_json:
        click.echo(
            f"maildesk {__version__}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores,"
            f" load {os.getloadavg()[0]:.1f}"
        )
        click.echo(" ".join(("Command: python tests/bench/run.py", *sys.argv[1:])))
        click.echo("Configuration, beside the usual: " + "; ".join(DIFFERENCES))
    try:
        mails = generate(max(count, most if "backlog" in names else 0, 100), place)
        with ground() as dovecot, smtp_sink() as smtp:
            for name in names:
                for figure in MEASUREMENTS[name](Place(dovecot, smtp, mails, count, rounds)):
                    figures.append(figure)
                    if not as_json:
                        click.echo(str(figure))
    except (ServerMissing, MeasureMissing) as missing:
        raise click.ClickException(str(missing)) from missing
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if as_json:
        rows = [asdict(figure) | {"is_kept": figure.is_kept} for figure in figures]
        click.echo(json.dumps({"at": datetime.now(UTC).isoformat(), "configuration": DIFFERENCES, "figures": rows}))
    sys.exit(not all(figure.is_kept for figure in figures))


if __name__ == "__main__":
    main()
