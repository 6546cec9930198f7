"""Opening the database, and the one way to begin a transaction in it.

`open` makes a store the current one for the task and all tasks started inside the block; the functions of the other
modules work on the current store, so that nothing but values is handed around.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.transactions import in_transaction

from maildesk.store.errors import Doubled, StoreError, Unavailable
from maildesk.store.unavailable import unavailable

_SQLITE_PRAGMAS = {
    "busy_timeout": 30_000,  # milliseconds; first, since the others may have to wait for the file
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "secure_delete": "ON",
    "journal_size_limit": 64_000_000,
}

_POSTGRES_SECONDS = {"timeout": 15, "command_timeout": 30}  # to connect; for one statement, however long its answer


@dataclass(slots=True)
class Block:
    """Row ids that are reserved and not yet given out: from `first` up to, not including, `end`."""

    first: int = 0
    end: int = 0


@dataclass(slots=True)
class Store:
    """An open database. `is_postgres` tells the dialect, `file` is the SQLite file."""

    url: str = field(repr=False)
    is_postgres: bool
    file: Path | None
    block: Block = field(default_factory=Block)


_current: ContextVar[Store | None] = ContextVar("maildesk_store", default=None)


def current() -> Store:
    """The store that is open here. Raises StoreError outside of `open`."""
    store = _current.get()
    if store is None:
        raise StoreError("no database is open here")
    return store


def file_of(url: str) -> Path | None:
    """The file of `sqlite:///path`; None for a PostgreSQL URL. Raises StoreError for anything else."""
    parts = urlsplit(url)
    if parts.scheme in ("postgres", "postgresql"):
        return None
    if parts.scheme != "sqlite" or not parts.path.strip("/"):
        raise StoreError("the database is named as sqlite:///path/to/file or postgresql://user@host/name")
    return Path("/" + unquote(parts.path).lstrip("/"))


def _settings(url: str) -> dict[str, Any]:
    file = file_of(url)
    if file is None:
        client = {**expand_db_url("asyncpg" + url[url.index(":") :]), "engine": "maildesk.store.backend_postgres"}
        client["credentials"] = {**_POSTGRES_SECONDS, **client["credentials"]}
    else:
        client = {"engine": "maildesk.store.backend", "credentials": {"file_path": str(file), **_SQLITE_PRAGMAS}}
    rooms = {
        "store": {"models": ["maildesk.store.models", "maildesk.store.letter_models"], "default_connection": "default"}
    }
    return {"connections": {"default": client}, "apps": rooms}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Store]:
    """The database as it stands, whatever its schema."""
    store = Store(url, file_of(url) is None, file_of(url))
    async with TortoiseContext() as context:
        await context.init(config=_settings(url))
        before = _current.set(store)
        try:
            await _demand_answer(store)
            yield store
        finally:
            _current.reset(before)


async def _demand_answer(store: Store) -> None:
    try:
        await run("SELECT 1 FROM sqlite_master" if store.file else "SELECT 1")
    except (OperationalError, sqlite3.Error) as failed:
        raise StoreError(f"{store.file or 'the database'} cannot be opened: {failed}") from failed
    except Unavailable as failed:
        raise Unavailable(f"{store.file or 'the database'} cannot be opened: {failed}") from failed


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """All or nothing. No other I/O, no sleep and no new task belongs inside.

    Raises Doubled where a unique index refused, Unavailable where the database cannot do it now,
    StoreError for the rest.
    """
    try:
        async with in_transaction():
            yield
    except IntegrityError as refused:
        words = str(refused)
        if "UNIQUE constraint" in words or "unique constraint" in words:
            raise Doubled(words) from refused
        raise StoreError(words) from refused
    except StoreError:
        raise
    except Exception as failed:
        store = current()
        cannot = unavailable(failed, store.file or "the database", _lost_connection(store))
        if cannot:
            raise cannot from failed
        if isinstance(failed, OperationalError | sqlite3.Error):
            raise StoreError(f"the database failed: {failed}") from failed
        raise


def _lost_connection(store: Store) -> tuple[type[Exception], ...]:
    if not store.is_postgres:
        return (OSError,)
    from maildesk.store.backend_postgres import LOST_CONNECTION

    return LOST_CONNECTION


async def run(sql: str, *values: Any) -> list[dict[str, Any]]:
    """The rows of one statement, written with `?` for its values whatever the dialect."""
    from tortoise.connection import get_connections

    client = get_connections().get("default")
    return await client.execute_query_dict(numbered(sql) if current().is_postgres else sql, list(values))


def numbered(sql: str) -> str:
    """The statement with PostgreSQL's `$1`, `$2`, … for each `?`."""
    pieces = sql.split("?")
    return pieces[0] + "".join(f"${number}{piece}" for number, piece in enumerate(pieces[1:], 1))


def sqlite_url(file: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite://{quote(str(file.absolute()))}"


def url_for(database: str, file: Path) -> str:
    """The URL that the configuration means: what it names, else the SQLite file."""
    return database or sqlite_url(file)
