"""The benchmark's mails, the floor that maildesk is measured against, and what must come of the mails.

Both programs lie outside of the project (`shared/bench` beside it, or where MAILDESK_BENCH points), so that nobody
changes the measure together with what is measured.
"""

import email
import email.policy
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BESIDE = Path(__file__).parents[3] / "shared" / "bench"
SAME_TEXT_SECONDS = 72 * 3600


class MeasureMissing(Exception):  # noqa: N818 - a reason to skip, not an error
    """The generator of mails or the floor is not on this machine."""


def measure(name: str) -> Path:
    """The path of `gen.py` or `floor.py`. Raises MeasureMissing."""
    file = Path(os.environ.get("MAILDESK_BENCH", BESIDE)) / name
    if not file.is_file():
        raise MeasureMissing(f"{name} is not there: set MAILDESK_BENCH to the folder that holds gen.py and floor.py")
    return file


@dataclass(frozen=True, slots=True)
class Mails:
    """Generated mails: `files` in their order, and what the generator says of each."""

    files: tuple[Path, ...]
    manifest: tuple[dict[str, Any], ...]

    def first(self, count: int) -> "Mails":
        """The first so many; they are the same as if no more had been generated."""
        return Mails(self.files[:count], self.manifest[:count])


def generate(count: int, folder: Path) -> Mails:
    """Write so many mails into the folder. Raises MeasureMissing."""
    subprocess.run([sys.executable, measure("gen.py"), str(count), folder], check=True, stdout=subprocess.DEVNULL)
    manifest = json.loads((folder / "manifest.json").read_text())
    return Mails(tuple(folder / "eml" / f"{row['i']:06d}.eml" for row in manifest), tuple(manifest))


@dataclass(frozen=True, slots=True)
class Expected:
    """What filing must make of the mails: the Message-IDs of those that open a case, and how many join one."""

    opening: frozenset[str]
    joining: int


def expected(mails: Mails) -> Expected:
    """DESIGN section 5's filing order, told anew from what the generator knows and without a line of maildesk.

    Bounces of letters that we never sent and automatic replies open nothing. An answer joins the case of its nearest
    ancestor on which its sender is the complainant. The same words of the same sender within 72 hours (all of these
    arrive at once) join that case. Everything else opens a case and is acknowledged.
    """
    case_of: dict[str, int] = {}
    complainant: dict[int, str] = {}
    said: dict[tuple[str, str], int] = {}
    opening, joining = set(), 0
    for file, row in zip(mails.files, mails.manifest, strict=True):
        if row["kind"] != "normal":
            continue
        sender = row["who"][1].lower()
        cases = [case_of[mid] for mid in _ancestors(row, mails.manifest) if mid in case_of]
        found = next((case for case in cases if complainant[case] == sender), None)
        words = _words(file)
        if not cases:
            found = said.get((sender, words))
        if found is None:
            found = row["i"]
            complainant[found] = sender
            opening.add(row["mid"])
        else:
            joining += 1
        case_of[row["mid"]] = found
        said[sender, words] = found
    return Expected(frozenset(opening), joining)


def _ancestors(row: dict[str, Any], manifest: tuple[dict[str, Any], ...]) -> list[str]:
    """What a mail answers, the nearest first."""
    parent = [manifest[row["parent"]]["mid"]] if row["parent"] is not None else []
    return [*parent, *reversed(row["refs"])]


def _words(file: Path) -> str:
    """The sender's new words: the first plain text up to what it quotes."""
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = mail.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    return " ".join(text.partition("\n\nOn ")[0].split())
