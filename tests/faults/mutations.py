"""`make mutations`: what makes each promise true is taken out, one at a time, and its tests must fail.

    python tests/faults/mutations.py [--only WORD] [--write]

The tree is copied for it and the original left alone. Prints a table; with --write it goes into docs/trust.md.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from faults.mutation import Mutation
from faults.mutations_table import MUTATIONS
from faults.table import Broken, Line
from faults.trust import write

ROOT = Path(__file__).parent.parent.parent
_LEFT_OUT = shutil.ignore_patterns(".venv", ".git", "__pycache__", ".*_cache", ".hypothesis", "pictures", "dist")
SECONDS = 600
FAILS, PASSES = "fails", "passes"


def failing(tree: Path, tests: Iterable[str]) -> set[str]:
    """Which of the tests fail in this copy. RuntimeError where they could not even be run."""
    named = sorted(set(tests))
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *(f"tests/{one}" for one in named)], cwd=tree, env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout[-3000:] + done.stderr[-3000:])
    failed = [line.removeprefix("FAILED tests/") for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    return {one for one in named if any(line.startswith(one) for line in failed)}


def demand_own_tree(tree: Path) -> None:
    """The copy tests itself. RuntimeError where Python would import another maildesk."""
    say = [sys.executable, "-c", "import maildesk; print(maildesk.__file__)"]
    env = os.environ | {"PYTHONPATH": str(tree)}
    found = subprocess.run(say, cwd=tree, env=env, capture_output=True, text=True, timeout=60, check=True).stdout
    if not Path(found.strip()).is_relative_to(tree):
        raise RuntimeError(f"{found.strip()} is not in {tree}")


def without(tree: Path, mutation: Mutation) -> Broken:
    """The row of one mutation; the copy is whole again afterwards."""
    file = tree / mutation.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        failed = failing(tree, mutation.tests)
    finally:
        file.write_text(whole, encoding="utf-8")
    lines = tuple(Line(one, FAILS if one in failed else PASSES, FAILS) for one in mutation.tests)
    return Broken(f"{mutation.promise}: {mutation.broken}", 1, lines)


def rows(mutations: tuple[Mutation, ...]) -> Iterator[Broken]:
    """First nothing is broken and every named test passes; then a row for each mutation."""
    with tempfile.TemporaryDirectory(prefix="maildesk-mutations-") as folder:
        tree = Path(folder).resolve() / "maildesk"
        shutil.copytree(ROOT, tree, ignore=_LEFT_OUT)
        demand_own_tree(tree)
        named = {one for mutation in mutations for one in mutation.tests}
        passes = len(named - failing(tree, named))
        yield Broken("nothing: the named tests pass", 1, (Line("tests that pass", passes, len(named)),))
        for mutation in mutations:
            yield without(tree, mutation)


@click.command()
@click.option("--only", default="", help="Those whose description has this word.")
@click.option("--write", "writes", is_flag=True, help="Write the table into docs/trust.md.")
def main(*, only: str, writes: bool) -> None:
    """Take each safeguard out, and see whether a test notices."""
    chosen = tuple(one for one in MUTATIONS if only in one.broken)
    table = []
    for row in rows(chosen):
        click.echo(f"\n{row.what}")
        for line in row.lines:
            click.echo(f"  {line}")
        table.append(row)
    if writes:
        write({"mutations": table}, datetime.now(UTC))
    unnoticed = [row for row in table if not row.is_kept]
    click.echo(f"\n{len(unnoticed)} unnoticed" if unnoticed else f"\n{len(chosen)} taken out, every one noticed")
    sys.exit(bool(unnoticed))


if __name__ == "__main__":
    main()
