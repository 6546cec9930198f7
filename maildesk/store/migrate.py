"""The schema's steps: which there are, which the database has, and taking the rest.

A step is a pair of files in migrations/, `NNNN_name.sqlite.sql` and `NNNN_name.postgres.sql`. Steps only add (tables,
nullable or defaulted columns, indexes): tortoise's own migrations rebuild tables on SQLite and lose rows and indexes
on the way (version 1.1.9), and a table that only grows can be read by the version before.
"""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from maildesk.store.connection import Store, connected, file_of, run, transaction
from maildesk.store.errors import Outdated, StoreError

_RECORD = 'CREATE TABLE IF NOT EXISTS "migration" ("name" TEXT NOT NULL PRIMARY KEY, "applied_at" TEXT NOT NULL)'
_ADVISORY_LOCK = 0x6D61696C6465736B  # "maildesk": two processes never migrate one PostgreSQL database together


@dataclass(frozen=True, slots=True)
class Report:
    """Which steps were taken, in order, and the copy of the SQLite file as it was before."""

    applied: tuple[str, ...]
    copy: Path | None


@asynccontextmanager
async def open_migrated(url: str, *, create: bool = False) -> AsyncIterator[Store]:
    """The database, open for the block and current in it; `create` makes what is not there yet.

    Raises Outdated where its schema is not this version's, StoreError where there is no database.
    """
    _prepare_file(url, create=create)
    async with connected(url) as store:
        applied = await _applied(store)
        if create and not applied:
            await _take(store, _steps(store))
            applied = await _applied(store)
        _demand_this_version(store, applied)
        yield store


async def migrate(url: str, copied: Callable[[Path], None] = lambda _copy: None) -> Report:
    """Take the steps that the database lacks, after a copy of the SQLite file. Makes a database where there is none.

    `copied` is told of the copy before the first step is taken: where a step is cut off, its name is known.
    """
    _prepare_file(url, create=True)
    async with connected(url) as store:
        applied = await _applied(store)
        pending = {name: sql for name, sql in _steps(store).items() if name not in applied}
        copy = _copy(store.file, next(iter(pending))) if pending and applied and store.file else None
        if copy:
            copied(copy)
        await _take(store, pending)
        return Report(tuple(pending), copy)


async def pending(url: str) -> tuple[str, ...]:
    """The steps that the database still lacks."""
    _prepare_file(url, create=False)
    async with connected(url) as store:
        applied = await _applied(store)
        return tuple(name for name in _steps(store) if name not in applied)


def _prepare_file(url: str, *, create: bool) -> None:
    file = file_of(url)
    if file is None or file.exists():
        return
    if not create:
        raise StoreError(f"there is no database at {file}: `maildesk db migrate` makes it")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as refused:
        raise StoreError(f"{file} cannot be made: {refused.strerror}") from refused


def _steps(store: Store) -> dict[str, str]:
    ending = ".postgres.sql" if store.is_postgres else ".sqlite.sql"
    places = sorted(files("maildesk.store.migrations").iterdir(), key=lambda place: place.name)
    return {place.name.removesuffix(ending): place.read_text() for place in places if place.name.endswith(ending)}


def _demand_this_version(store: Store, applied: frozenset[str]) -> None:
    steps = frozenset(_steps(store))
    if steps - applied:
        raise Outdated(f"the database lacks {', '.join(sorted(steps - applied))}: run `maildesk db migrate`")
    if applied - steps:
        raise Outdated(f"the database is of a newer maildesk: it has {', '.join(sorted(applied - steps))}")


async def _applied(store: Store) -> frozenset[str]:
    catalogue = (
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
        if store.is_postgres
        else "SELECT name FROM sqlite_master WHERE type = 'table'"
    )
    if "migration" not in {row["name"] for row in await run(catalogue)}:
        return frozenset()
    return frozenset(row["name"] for row in await run('SELECT "name" FROM "migration"'))


async def _take(store: Store, steps: dict[str, str]) -> None:
    for name, sql in steps.items():
        async with transaction():
            if store.is_postgres:
                await run(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            await run(_RECORD)
            if name in await _applied(store):
                continue
            for statement in sql.split(";\n"):
                if statement.strip():
                    await run(statement)
            await run('INSERT INTO "migration" VALUES (?, CAST(CURRENT_TIMESTAMP AS TEXT))', name)


def _copy(file: Path, before: str) -> Path:
    """A whole copy under its name, on the disk, or none: what was cut off keeps the name of a part, and is replaced."""
    stem = f"{file.name}.before-{before}"
    taken = (file.with_name(f"{stem}-{number}" if number else stem) for number in range(1_000))
    copy = next(place for place in taken if not place.exists())
    part = file.with_name(f"{stem}.part")
    part.unlink(missing_ok=True)
    try:
        _write_copy(file, part)
    except (OSError, sqlite3.Error) as failed:
        part.unlink(missing_ok=True)
        raise StoreError(f"{file} cannot be copied to {copy}, so nothing was changed: {failed}") from failed
    part.rename(copy)
    _sync(copy.parent)
    return copy


def _write_copy(file: Path, part: Path) -> None:
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # VACUUM INTO takes an empty file
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("VACUUM INTO ?", (str(part),))
    _sync(part)


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
