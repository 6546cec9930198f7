"""deploy/requirements.lock fits pyproject.toml, offline, and names packages, versions and hashes and nothing else."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "deploy" / "requirements.lock"
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[A-Za-z0-9.+!]+)(?: ; (?P<marker>[^\\]+?))? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def wanted() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists = [project["project"]["dependencies"], project["build-system"]["requires"]]
    lists += project["project"]["optional-dependencies"].values()
    lists += project["dependency-groups"].values()
    return [Requirement(text) for one in lists for text in one]


def pins() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in LOCK.read_text().splitlines():
        if pin := PIN.fullmatch(line):
            found.setdefault(pin["name"], []).append(pin["version"])
    return found


def test_every_requirement_is_locked_at_a_version_that_it_allows():
    locked = pins()
    unmet = [
        str(requirement)
        for requirement in wanted()
        if not any(requirement.specifier.contains(v) for v in locked.get(canonicalize_name(requirement.name), []))
    ]
    assert unmet == [], "run `make lock`"


def test_the_lock_holds_pins_and_hashes_and_no_place_to_get_them_from():
    strange = [line for line in LOCK.read_text().splitlines() if not PIN.fullmatch(line) and not HASH.fullmatch(line)]
    assert strange == []


def test_every_pin_has_a_hash():
    lines = LOCK.read_text().splitlines()
    bare = [
        line
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if PIN.fullmatch(line) and not HASH.fullmatch(after)
    ]
    assert bare == []
    assert len(pins()) > 40
