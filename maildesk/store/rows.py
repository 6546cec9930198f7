"""Many rows in one statement: the SQL comes from the models, the values go through their fields.

A mail writes some seventeen rows. Measured in batches of 50 on SQLite, a row of twelve columns costs 21 µs of CPU by
`bulk_create`, which makes a model instance of each, and 10 µs by this, of which most is SQLite's own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from tortoise.connection import get_connections
from tortoise.models import Model
from tortoise.queryset import QuerySet

from maildesk.store.columns import KeyField, UtcField, WordsField, key, plain, utc
from maildesk.store.connection import current, numbered, run

IN_LIST = 500
T = TypeVar("T")
M = TypeVar("M", bound=Model)
Converter = Callable[[Any], Any]
_CONVERTERS: tuple[tuple[type[Any], Converter], ...] = ((UtcField, utc), (WordsField, plain), (KeyField, key))


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in pieces that fit into one IN list."""
    return (values[start : start + IN_LIST] for start in range(0, len(values), IN_LIST))


async def insert(
    model: type[Model], names: tuple[str, ...], rows: Sequence[Sequence[Any]], on_conflict: str = ""
) -> None:
    """Insert rows given as values in the order of the field names. `on_conflict` is the SQL after ON CONFLICT."""
    if rows:
        await _many(_insert_sql(model, names, on_conflict), model, names, rows)


async def update(
    model: type[Model], names: tuple[str, ...], where: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> None:
    """Update one row for each of `rows`: first the new values by name, then those that find it."""
    if rows:
        await _many(_update_sql(model, names, where), model, names + where, rows)


async def delete(model: type[Model], where: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """Delete the rows that these values find."""
    if rows:
        await _many(_delete_sql(model, where), model, where, rows)


async def column(query: QuerySet[M], name: str) -> list[Any]:
    """The values of one column."""
    return [row[0] for row in await query.values_list(name)]


async def hold(model: type[Model], names: tuple[str, ...], ids: Iterable[int]) -> list[tuple[Any, ...]]:
    """Columns of these rows, which nobody else changes until the transaction ends; numbers and text only.

    SQLite keeps everybody out anyway. Rows are held in order of their ids, so that two transactions never wait for
    each other. Not by tortoise: 1.1.9 forgets `select_for_update()` when `values_list()` follows.
    """
    found: list[tuple[Any, ...]] = []
    for chunk in chunks(sorted(set(ids))):
        rows = await run(_hold_sql(model, names, len(chunk), current().is_postgres), *chunk)
        found += [tuple(row.values()) for row in rows]
    return found


async def _many(sql: str, model: type[Model], names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    converters = _converters(model, names)
    values = [_converted(row, converters) for row in rows]
    await get_connections().get("default").execute_many(numbered(sql) if current().is_postgres else sql, values)


def _converted(row: Sequence[Any], converters: tuple[tuple[int, Converter], ...]) -> list[Any]:
    values = list(row)
    for position, convert in converters:
        if values[position] is not None:
            values[position] = convert(values[position])
    return values


@lru_cache
def _converters(model: type[Model], names: tuple[str, ...]) -> tuple[tuple[int, Converter], ...]:
    found = []
    for position, name in enumerate(names):
        field = model._meta.fields_map[name]  # noqa: SLF001 - where tortoise keeps what a model is made of
        found += [(position, convert) for kind, convert in _CONVERTERS if isinstance(field, kind)]
    return tuple(found)


@lru_cache
def _insert_sql(model: type[Model], names: tuple[str, ...], on_conflict: str) -> str:
    marks = ", ".join("?" * len(names))
    ending = f" ON CONFLICT {on_conflict}" if on_conflict else ""
    return f'INSERT INTO "{_table(model)}" ({", ".join(_columns(model, names))}) VALUES ({marks}){ending}'  # noqa: S608 - names of our own models


@lru_cache
def _update_sql(model: type[Model], names: tuple[str, ...], where: tuple[str, ...]) -> str:
    changed = ", ".join(f"{column} = ?" for column in _columns(model, names))
    found = " AND ".join(f"{column} = ?" for column in _columns(model, where))
    return f'UPDATE "{_table(model)}" SET {changed} WHERE {found}'  # noqa: S608 - names of our own models


@lru_cache
def _delete_sql(model: type[Model], where: tuple[str, ...]) -> str:
    found = " AND ".join(f"{column} = ?" for column in _columns(model, where))
    return f'DELETE FROM "{_table(model)}" WHERE {found}'  # noqa: S608 - names of our own models


@lru_cache
def _hold_sql(model: type[Model], names: tuple[str, ...], count: int, is_locking: bool) -> str:
    ending = " FOR UPDATE" if is_locking else ""
    chosen = f'FROM "{_table(model)}" WHERE "id" IN ({", ".join("?" * count)}) ORDER BY "id"{ending}'
    return f"SELECT {', '.join(_columns(model, names))} {chosen}"


def _table(model: type[Model]) -> str:
    return model._meta.db_table  # noqa: SLF001 - as above


def _columns(model: type[Model], names: tuple[str, ...]) -> list[str]:
    return [f'"{model._meta.fields_db_projection[name]}"' for name in names]  # noqa: SLF001 - as above
