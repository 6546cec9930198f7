"""DESIGN section 3: which room may import which. Read from the syntax trees, so a late import counts as well."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "maildesk"
ROOMS = {
    "domain": {"domain"},
    "mail": {"mail", "domain"},
    "store": {"store", "domain"},
    "letters": {"letters", "domain"},
    "learning": {"learning", "domain", "store"},
    "desk": {"desk", "domain", "mail", "store", "letters", "learning"},
    "children": {"children"},
    "journal": {"journal"},
}
ONLY_IN = {"tortoise": {"store"}, "jinja2": {"letters"}, "imapclient": {"mail"}, "aiosmtplib": {"mail"}}
MAY_READ_CONFIG = ("config", "daemon", "demo", "cli", "__main__")
PURE = sys.stdlib_module_names - {
    "asyncio", "http", "imaplib", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "select",
    "selectors", "shutil", "smtplib", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "tempfile", "threading",
    "time", "urllib", "uuid",
}  # fmt: skip
PURE_IO = {"io"}  # io.StringIO touches nothing outside


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import, whatever block it stands in; relative ones made absolute."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def own_room(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "maildesk" and len(parts) > 1 else None


def faults(path: Path) -> Iterator[str]:
    room = room_of(path)
    for line, name in imported(path):
        where, top, other = f"{path.relative_to(ROOT)}:{line}", name.partition(".")[0], own_room(name)
        is_a_room = other is not None and ((PACKAGE / other).is_dir() or (PACKAGE / f"{other}.py").exists())
        if is_a_room and room in ROOMS and other not in ROOMS[room] and (PACKAGE / str(other)).is_dir():
            yield f"{where} {room} may not import {other}"
        if is_a_room and other == "config" and not room.startswith(MAY_READ_CONFIG):
            yield f"{where} {room} may not see the settings; it receives values"
        if top in ONLY_IN and room not in ONLY_IN[top]:
            yield f"{where} only {' and '.join(ONLY_IN[top])} may import {top}"
        if room == "domain" and top != "maildesk" and top not in PURE | PURE_IO:
            yield f"{where} domain is pure and may not import {top}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_what_its_layer_allows(path):
    assert list(faults(path)) == []


def test_the_rule_sees_a_forbidden_import(tmp_path, monkeypatch):
    monkeypatch.setattr("test_imports.ROOT", tmp_path)
    monkeypatch.setattr("test_imports.PACKAGE", tmp_path / "maildesk")
    for room in ("domain", "mail", "store"):
        (tmp_path / "maildesk" / room).mkdir(parents=True)
    wrong = tmp_path / "maildesk" / "mail" / "wrong.py"
    wrong.write_text(
        "def late():\n    from maildesk.store import cases\n    import tortoise\n    from ..store import inbox\n"
    )
    assert [fault.partition(" ")[2] for fault in faults(wrong)] == [
        "mail may not import store", "only store may import tortoise", "mail may not import store",
    ]  # fmt: skip
    impure = tmp_path / "maildesk" / "domain" / "impure.py"
    impure.write_text("import random\nimport msgspec\nfrom datetime import datetime\n")
    assert len(list(faults(impure))) == 2
