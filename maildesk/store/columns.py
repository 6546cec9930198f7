"""The columns' own types: UTC times, searchable words, plain words, and JSON in them.

SQLite and PostgreSQL must hold the same: PostgreSQL refuses NUL in text, both refuse lone surrogates, SQLite keeps a
time in the offset in which it came, and a B-tree entry of PostgreSQL ends at 2,704 bytes.
"""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
from tortoise import fields

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_KEY = 512


def utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError for a naive one, which could mean anything."""
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} is naive: the database takes aware times only")
    return moment.astimezone(UTC)


def plain(words: str) -> str:
    """The words without what a database refuses: NUL and lone surrogates become U+FFFD."""
    if words.isascii() and "\x00" not in words:
        return words
    return _UNSTORABLE.sub("\ufffd", words)


def key(words: str) -> str:
    """The form in which words are stored and looked up; of very long ones only the digest."""
    words = plain(words)
    return words if len(words) <= _LONGEST_KEY else "sha256:" + sha256(words.encode()).hexdigest()


def written(value: Any) -> str:
    """The value as JSON that both databases can hold."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_storable(msgspec.to_builtins(value))).decode()
    if b"\\u0000" in encoded:
        return msgspec.json.encode(_storable(msgspec.to_builtins(value))).decode()
    return encoded.decode()


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {_storable(name): _storable(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(entry) for entry in value]
    return value


class UtcField(fields.DatetimeField[Any]):
    """A time that goes in as UTC and comes out as UTC; a naive one is refused."""

    def to_db_value(self, value: Any, instance: Any) -> Any:  # noqa: ARG002 - tortoise hands it in
        """The moment in UTC."""
        return None if value is None else utc(value)

    def to_python_value(self, value: Any) -> datetime | None:
        """The moment in UTC, whether the driver hands a time or text."""
        if value is None or isinstance(value, datetime):
            return value if value is None else utc(value)
        return datetime.fromisoformat(value).astimezone(UTC)


class RowIdField(fields.BigIntField):
    """An id of 63 bits; INTEGER, as SQLite wants it for a primary key that is the row's own address."""

    class _db_sqlite:  # noqa: N801 - the name by which tortoise finds a dialect's type
        SQL_TYPE = "INTEGER"


class WordsField(fields.TextField):
    """Text of any length that is never searched by."""

    def to_db_value(self, value: Any, instance: Any) -> str | None:  # noqa: ARG002 - tortoise hands it in
        """What a database can hold of it."""
        return None if value is None else plain(value)


class KeyField(fields.Field[str], str):  # type: ignore[misc]  # noqa: SLOT000 - a field is also of its values' type
    """Text that is looked up: an address, a Message-ID, a name. TEXT in both databases, without a length."""

    SQL_TYPE = "TEXT"

    def to_db_value(self, value: Any, instance: Any) -> str | None:  # noqa: ARG002 - tortoise hands it in
        """What is stored and compared."""
        return None if value is None else key(value)
