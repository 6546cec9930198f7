"""The journal: what the daemon writes to stderr, one line an entry, from a closed list of entries.

Imports no room; a room takes a `Log` and calls it: `log(Entry.FILED, desk="complaints", case="C-2026-000017",
rule="reply-address")`. At INFO and above nothing personal is written: only the facts in FACTS pass, and an address
inside a text keeps its domain alone. DEBUG withholds nothing. No line can be forged: control characters are escaped.
"""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, Protocol, TextIO

import msgspec
import structlog

from maildesk.visible import visible, visible_lines


class Entry(StrEnum):
    """Everything that the journal can say."""

    STARTED = "started"
    STOPPING = "stopping"
    RECONNECTING = "reconnecting"
    KEPT = "kept"
    FILED = "filed"
    COPY = "copy"
    SET_ASIDE = "set_aside"
    FAILED = "failed"
    SENT = "sent"
    DEFERRED = "deferred"
    REFUSED = "refused"
    DIGEST = "digest"
    TROUBLE = "trouble"
    WELL_AGAIN = "well_again"
    ALARMED = "alarmed"


LEVELS = MappingProxyType(
    dict.fromkeys(Entry, logging.INFO)
    | {
        Entry.RECONNECTING: logging.WARNING,
        Entry.SET_ASIDE: logging.WARNING,
        Entry.FAILED: logging.ERROR,
        Entry.DEFERRED: logging.WARNING,
        Entry.REFUSED: logging.WARNING,
        Entry.TROUBLE: logging.WARNING,
    }
)

FACTS = frozenset(
    {"desk", "staff", "case", "message", "letter", "message_id", "event", "seq", "uid", "uidvalidity", "folder"}
    | {"kind", "rule", "status", "code", "count", "octets", "seconds", "attempt", "tries", "due", "version"}
    | {"what", "what_to_do", "why", "since"}
)
"""The facts that may stand at INFO and above. `message` and `letter` are row ids, `staff` is the key."""

_OURS = frozenset({"event", "level", "timestamp", "logger", "exception"})
_WITHHELD = "(withheld)"
_ADDRESS = re.compile(r"[^\s<>\"'(),:;=@]+@(?=[\w.-])")
_Fields = MutableMapping[str, Any]


class Log(Protocol):
    """What a room is handed to write with. `exc_info=True` adds the traceback of the exception being handled."""

    def __call__(self, entry: Entry, /, **facts: object) -> None:
        """Write one entry with its facts."""


def silent(_entry: Entry, /, **_facts: object) -> None:
    """A `Log` that writes nothing."""


def open_journal(
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["json", "console"] = "json",
    stream: TextIO | None = None,
) -> Log:
    """Set up the process's journal on a stream (default stderr) and return the `Log` to hand to the rooms.

    The libraries' own logging goes the same way from WARNING on. A second call replaces what the first set up.
    """
    out = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    render: list[Any] = [_as_json] if form == "json" else [_escaped, structlog.dev.ConsoleRenderer(colors=out.isatty())]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _withhold,
    ]
    _set_up_libraries(out, max(number, logging.WARNING), shared, render)
    logger = structlog.wrap_logger(
        structlog.WriteLogger(out),
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )

    def log(entry: Entry, /, **facts: object) -> None:
        logger.log(LEVELS[entry], entry.value, **facts)

    return log


def about(**facts: object) -> AbstractContextManager[None]:
    """Within this block (and in the tasks begun there) every entry carries these facts too."""
    return structlog.contextvars.bound_contextvars(**facts)


def without_names(text: str) -> str:
    """The text with only the domain of each address in it."""
    return _ADDRESS.sub("…@", text)


def _set_up_libraries(out: TextIO, number: int, shared: list[Any], render: list[Any]) -> None:
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    logging.basicConfig(handlers=[handler], level=number, force=True)


def _withhold(_logger: object, method: str, fields: _Fields) -> _Fields:
    """Keep what is personal out of the entry, unless it is written at DEBUG."""
    if method == "debug":
        return fields
    for name, value in fields.items():
        if name not in _OURS and name not in FACTS and not name.startswith("_"):
            fields[name] = _WITHHELD
        elif isinstance(value, str) and "@" in value and name != "message_id":
            fields[name] = without_names(value)
    return fields


def _escaped(_logger: object, _method: str, fields: _Fields) -> _Fields:
    """Make every text harmless for a terminal; a traceback keeps its lines."""
    for name, value in fields.items():
        clean: Callable[[str], str] = visible_lines if name == "exception" else visible
        if isinstance(value, str):
            fields[name] = clean(value)
        elif not isinstance(value, int | float | bool | None):
            fields[name] = clean(str(value))
    return fields


def _as_json(_logger: object, _method: str, fields: _Fields) -> str:
    try:
        return msgspec.json.encode(fields, enc_hook=str).decode()
    except UnicodeEncodeError:  # half a surrogate pair, out of a header with raw bytes
        whole = {name: str(value).encode(errors="backslashreplace").decode() for name, value in fields.items()}
        return msgspec.json.encode(whole).decode()
