"""From a TOML table to checked values, by the fields of a dataclass of `settings`.

Mistakes are noted and reading goes on, so the result may lack values; `config` makes the frozen objects of it only
where nothing was noted.
"""

import dataclasses
import types
from collections.abc import Iterator, Mapping
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from maildesk.config import secrets
from maildesk.config.checks import Complaint, one_line
from maildesk.config.findings import Findings
from maildesk.config.lines import Path as KeyPath
from maildesk.config.settings import Rule
from maildesk.config.words import choices, did_you_mean, expected, shown

_MISSING = dataclasses.MISSING
_NO_RULE = Rule()


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One field of a settings class as the loader sees it: `name` in the file, `field` in the code."""

    name: str
    field: str
    hint: Any
    rule: Rule
    default: Any

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which it can be given."""
        return secrets.names(self.name) if self.rule.is_secret else (self.name,)

    @property
    def is_table(self) -> bool:
        """Whether it is a table with settings of its own."""
        return dataclasses.is_dataclass(self.hint)

    @property
    def element(self) -> Any:
        """The class of each table where the setting is an array of tables, else None."""
        inner = get_args(self.hint)[:1] if get_origin(self.hint) is tuple else ()
        return inner[0] if inner and dataclasses.is_dataclass(inner[0]) else None


@cache
def settings_of(kind: type) -> tuple[Setting, ...]:
    """The settings that a class of `settings` takes, in the order of its fields."""
    hints = get_type_hints(kind)
    return tuple(_setting(field, hints[field.name]) for field in dataclasses.fields(kind))


def _setting(field: dataclasses.Field[Any], hint: Any) -> Setting:
    rule = field.metadata.get("rule", _NO_RULE)
    factory = field.default_factory
    default = factory() if factory is not _MISSING else field.default
    return Setting(rule.name or field.name, field.name, hint, rule, default)


def names_in(kind: type, within: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every setting that a file can hold, by its path of names: ("desk", "mailbox", "port")."""
    for setting in settings_of(kind):
        inner = setting.hint if setting.is_table else setting.element
        if inner:
            yield from names_in(inner, (*within, setting.name))
        else:
            yield from ((*within, name) for name in setting.names)


def read_table(kind: type, table: Any, at: KeyPath, around: Mapping[str, Any], found: Findings) -> dict[str, Any]:
    """The values of one table by field name, defaults filled in; what is wrong or missing is noted and left out."""
    if not isinstance(table, dict):
        found.mistake(at, f"this must be a table, not {shown(table)}", f"Write it as [{'.'.join(map(str, at))}].")
        return {}
    _note_unknown(kind, table, at, found)
    values: dict[str, Any] = {}
    for setting in settings_of(kind):
        value = _read_setting(setting, table, at, _Around(values, around), found)
        if value is not _MISSING:
            values[setting.field] = value
    return values


@dataclasses.dataclass(frozen=True, slots=True)
class _Around:
    """What stands before a setting in its own table, and in the table around that."""

    own: Mapping[str, Any]
    outer: Mapping[str, Any]


def _note_unknown(kind: type, table: Mapping[str, Any], at: KeyPath, found: Findings) -> None:
    known = [name for setting in settings_of(kind) for name in setting.names]
    for name in table:
        if name not in known:
            hint = did_you_mean(name, known) or f"Known here: {choices(known)}."
            found.mistake((*at, name), "there is no such setting", hint)


def _read_setting(setting: Setting, table: Mapping[str, Any], at: KeyPath, near: _Around, found: Findings) -> Any:
    if not any(name in table for name in setting.names):
        return _usual(setting, at, near, found)
    key = (*at, setting.name)
    if setting.rule.is_secret:
        secret = secrets.read(setting.name, table, at, found)
        given = next(name for name in setting.names if name in table)
        return _MISSING if secret is None else _checked(setting, secret, (*at, given), found)
    value = table[setting.name]
    if setting.is_table:
        return read_table(setting.hint, value, key, near.own, found)
    if setting.element:
        return _read_tables(setting, value, key, near, found)
    return _read_leaf(setting, value, key, found)


def _usual(setting: Setting, at: KeyPath, near: _Around, found: Findings) -> Any:
    """The value of a setting that is not given: worked out from others, its default, or a mistake."""
    if setting.rule.usual:
        return setting.rule.usual(near.own, near.outer)
    if setting.is_table and setting.default is not _MISSING:
        return read_table(setting.hint, {}, at, near.own, found)
    if setting.default is _MISSING:
        if setting.rule.is_secret:
            found.mistake((*at, setting.name), "it is missing", f"Give one of {choices(reversed(setting.names))}.")
        elif setting.is_table or setting.element:
            brackets = "[[{}]]" if setting.element else "[{}]"
            header = brackets.format(".".join(part for part in (*at, setting.name) if isinstance(part, str)))
            found.mistake((*at, setting.name), "it is missing", f"Add a table {header}.")
        else:
            found.mistake((*at, setting.name), "it is missing", f"Give {expected(setting.hint)}.")
    return setting.default


def _read_tables(setting: Setting, value: Any, key: KeyPath, near: _Around, found: Findings) -> Any:
    if not isinstance(value, list):
        found.mistake(key, "there can be several of these", f"Write each as [[{setting.name}]], in double brackets.")
        return _MISSING
    tables = tuple(
        read_table(setting.element, table, (*key, index), near.own, found) for index, table in enumerate(value)
    )
    return _checked(setting, tables, key, found)


def _read_leaf(setting: Setting, value: Any, key: KeyPath, found: Findings) -> Any:
    try:
        return _checked(setting, _converted(setting.hint, value, found), key, found)
    except (msgspec.ValidationError, ValueError):
        literals = [name for name in get_args(setting.hint) if isinstance(name, str)]
        hint = did_you_mean(value, literals) if isinstance(value, str) else ""
        found.mistake(key, f"{shown(value)} does not fit", f"Give {expected(setting.hint)}. {hint}".rstrip())
        return _MISSING


def _converted(hint: Any, value: Any, found: Findings) -> Any:
    """The value in its type; raises ValueError or msgspec.ValidationError where it does not fit."""
    plain = get_args(hint)[0] if get_origin(hint) is types.UnionType else hint
    if plain is Path:
        text = msgspec.convert(value, str)
        return found.folder / Path(text).expanduser() if text else None
    if plain is time:
        return _wall_time(msgspec.convert(value, str))
    converted = msgspec.convert(value, hint)
    return types.MappingProxyType(converted) if isinstance(converted, dict) else converted


def _wall_time(text: str) -> time:
    moment = time.fromisoformat(text)
    if moment.tzinfo is not None or not text[:1].isdigit() or ":" not in text:
        raise ValueError(text)
    return moment


def _checked(setting: Setting, value: Any, key: KeyPath, found: Findings) -> Any:
    """The value where no check complains; else the mistake is noted and the value is missing."""
    texts = _texts(value) if not setting.rule.has_lines else ()
    complaints: list[Complaint | None] = [one_line(text) for text in texts]
    if value is not None:
        complaints += [check(value) for check in setting.rule.checks]
    complaint = next(filter(None, complaints), None)
    if complaint is None:
        return value
    found.mistake(key, complaint.what, complaint.what_to_do)
    return _MISSING


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(part for part in value if isinstance(part, str)) if isinstance(value, tuple) else ()
