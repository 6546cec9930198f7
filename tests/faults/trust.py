"""The table in docs/trust.md, between its marks: a section that ran is written anew, the others stay as they were."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from faults.table import Broken

PAGE = Path(__file__).parent.parent.parent / "docs" / "trust.md"


def write(table: Mapping[str, Sequence[Broken]], at: datetime, page: Path = PAGE) -> None:
    """Put the rows of each section between `<!-- faults NAME -->` and `<!-- /faults NAME -->`.

    ValueError where the page has no such place.
    """
    text = page.read_text(encoding="utf-8")
    for name, rows in table.items():
        place = re.compile(rf"(<!-- faults {re.escape(name)} -->\n).*?(<!-- /faults {re.escape(name)} -->)", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"{page.name} has no place for {name!r}")
        between = f"{markdown(rows)}\n\nMeasured on {at:%Y-%m-%d}.\n"
        text = place.sub(lambda found, between=between: f"{found[1]}{between}{found[2]}", text)
    page.write_text(text, encoding="utf-8")


def markdown(rows: Sequence[Broken]) -> str:
    """A table: what was broken, how often, what was counted, what was promised."""
    lines = ["| what was broken | times | counted afterwards | number | promised |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        what, times = row.what, str(row.times)
        for line in row.lines:
            wanted = "" if line.wanted is None else str(line.wanted) + ("" if line.is_kept else " **BROKEN**")
            lines.append(f"| {what} | {times} | {line.what.strip()} | {line.counted} | {wanted} |")
            what = times = ""
    return "\n".join(lines)
