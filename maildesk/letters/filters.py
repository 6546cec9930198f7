"""What templates can do with a value: dates, numbers and money as the reader writes them, foreign words made safe.

Filters that depend on the reader take it from the template's context, where it stands as `reader`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from maildesk.domain.case import Party
from maildesk.domain.letter import SheetEntry, Tap
from maildesk.domain.oneline import oneline
from maildesk.domain.phrases import PHRASES, Phrase
from maildesk.letters.words import COUNTED, Words

LINE_LENGTH_MAX = 200
_UNITS = (("digital-gigabyte", 10**9), ("digital-megabyte", 10**6), ("digital-kilobyte", 10**3), ("digital-byte", 1))
_AMOUNT = re.compile(r"([A-Z]{3})\s*(\d+(?:[.,]\d{1,2})?)|(\d+(?:[.,]\d{1,2})?)\s*([A-Z]{3})")
_SYMBOL = re.compile(r"([£€$])\s*(\d+(?:[.,]\d{1,2})?)|(\d+(?:[.,]\d{1,2})?)\s*([£€$])")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_DAY = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_CURRENCIES = {"£": "GBP", "€": "EUR", "$": "USD"}
_ANSWER_PREFIX = re.compile(r"^(?:\s*(?:re|aw|antw|sv|vs|odp|fwd?|wg)(?:\[\d+\])?\s*:)+", re.IGNORECASE)
_REFERENCE_TAG = re.compile(r"\s*\[C-\d{4}-\d{1,9}\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: their words, locale and time zone."""

    words: Words
    locale: Locale
    zone: ZoneInfo


@lru_cache(maxsize=4096)
def _spoken_date(day: date, style: str, locale: Locale) -> str:
    return format_date(day, style, locale)


@lru_cache(maxsize=4096)
def _spoken_datetime(local: datetime, locale: Locale) -> str:
    """Of a naive moment: one moment in two zones is equal to itself, and the cache would mix them up."""
    return f"{format_date(local, 'medium', locale)}, {format_time(local, 'short', locale=locale)}"


def _reader(context: Context) -> Reader:
    reader: Reader = context["reader"]
    return reader


@pass_context
def spoken_date(context: Context, moment: datetime | date | str) -> str:
    """The day with its weekday, in the reader's zone; a text that is no ISO date stays as it is."""
    reader = _reader(context)
    if isinstance(moment, datetime):
        return _spoken_date(moment.astimezone(reader.zone).date(), "full", reader.locale)
    if isinstance(moment, date):
        return _spoken_date(moment, "full", reader.locale)
    return _spoken_date(date.fromisoformat(moment), "full", reader.locale) if _DAY.fullmatch(moment) else moment


@pass_context
def short_date(context: Context, moment: datetime | date) -> str:
    """The day in few letters, in the reader's zone where it is a moment, for lists."""
    reader = _reader(context)
    day = moment.astimezone(reader.zone).date() if isinstance(moment, datetime) else moment
    return _spoken_date(day, "medium", reader.locale)


@pass_context
def spoken_datetime(context: Context, moment: datetime) -> str:
    """Day and time to the minute, in the reader's zone."""
    return _moment(_reader(context), moment)


def _moment(reader: Reader, moment: datetime) -> str:
    local = moment.astimezone(reader.zone).replace(second=0, microsecond=0, tzinfo=None)
    return _spoken_datetime(local, reader.locale)


@pass_context
def number(context: Context, value: float) -> str:
    """A number with the reader's separators."""
    return _number(_reader(context), value)


def _number(reader: Reader, value: float) -> str:
    return str(format_decimal(value, locale=reader.locale))


@pass_context
def filesize(context: Context, size: int) -> str:
    """Bytes in the unit that a person would choose."""
    return _filesize(_reader(context), size)


def _filesize(reader: Reader, size: int) -> str:
    unit, least = next((row for row in _UNITS if size >= row[1]), _UNITS[-1])
    rounded = round(size / least, 1) if size < 10 * least else round(size / least)
    return format_unit(rounded, unit, "short", locale=reader.locale)


@pass_context
def money(context: Context, amount: str) -> str:
    """`50 EUR`, `EUR 50`, `£50` in the reader's form; any other amount as the handler wrote it."""
    written = amount.strip()
    found = _AMOUNT.fullmatch(written) or _SYMBOL.fullmatch(written)
    if found is None:
        return amount
    currency, value = found[1] or found[4], found[2] or found[3]
    currency = _CURRENCIES.get(currency, currency)
    return str(format_currency(float(value.replace(",", ".")), currency, locale=_reader(context).locale))


@pass_context
def in_time(context: Context, seconds: int) -> str:
    """`in 10 minutes`."""
    return str(format_timedelta(timedelta(seconds=seconds), add_direction=True, locale=_reader(context).locale))


@pass_context
def name_of(context: Context, value: str, table: str) -> str:
    """The reader's word for a status, an outcome, a role, a kind of letter, a field, a verdict."""
    return _reader(context).words.name_of(value, table)


@pass_context
def say(context: Context, phrase: Phrase) -> str:
    """The phrase in the reader's words, its values spoken as their placeholders ask. KeyError: no such phrase."""
    reader = _reader(context)
    values = dict(zip(PHRASES[phrase.key], phrase.values, strict=True))
    spoken = {name: _spoken_value(reader, phrase.key, name, value) for name, value in values.items()}
    return reader.words.form(phrase.key, values).format_map(spoken)


_NAME_TABLES: Mapping[str, str] = {
    "outcome": "outcome",
    "status": "status",
    "role": "role",
    "kind": "letter",
    "letter": "letter",
    "milestone": "milestone",
    "reason": "filed",
}
_SIZES = frozenset({("notice.too_large", "size"), ("notice.too_large", "limit")})
_FOREIGN_LENGTH_MAX = 2000


def _spoken_value(reader: Reader, key: str, name: str, value: str) -> str:
    if name in _NAME_TABLES:
        return reader.words.name_of(value, _NAME_TABLES[name])
    if (key, name) == ("assess.done", "fields"):
        return ", ".join(_field_named(reader, part) for part in oneline(value, _FOREIGN_LENGTH_MAX).split(", "))
    if value.isdecimal() and name in COUNTED:
        return _filesize(reader, int(value)) if (key, name) in _SIZES else _number(reader, int(value))
    if value.isdecimal() and (key, name) in _SIZES:
        return _filesize(reader, int(value))
    if name == "what":
        first, _, rest = value.partition(" ")
        value = f"{reader.words.name_of(first, 'event')} {rest}".strip()
    return _moment_or_text(reader, oneline(value, _FOREIGN_LENGTH_MAX))


def _field_named(reader: Reader, part: str) -> str:
    """`immediate action van sent` with the field's name in the reader's words."""
    for name, spoken in reader.words.tables["field"].items():
        plain = name.replace("_", " ")
        if part.startswith(f"{plain} "):
            return f"{spoken}: {part[len(plain) + 1 :]}"
    return part


@pass_context
def field_value(context: Context, value: str, name: str) -> str:
    """The value of a case's field: statuses and outcomes in words, moments in the reader's zone, else as it is."""
    reader = _reader(context)
    if name in _NAME_TABLES:
        return reader.words.name_of(value, _NAME_TABLES[name])
    if name == "language":
        return str(reader.locale.languages.get(value, value))
    if _DAY.fullmatch(value):
        return _spoken_date(date.fromisoformat(value), "medium", reader.locale)
    return _moment_or_text(reader, value)


@pass_context
def party(context: Context, one: Party) -> str:
    """A party of a case: name, address, role."""
    role = _reader(context).words.name_of(one.role, "role")
    return f"{one.name} <{one.address}> ({role})".strip()


@pass_context
def told(context: Context, entry: SheetEntry) -> str:
    """What happened, with its values in the reader's words."""
    detail = ", ".join(field_value(context, value, name) for name, value in entry.details)
    form = _reader(context).words.form(f"event.{entry.event}", {})
    return form.format_map({"detail": oneline(detail, _FOREIGN_LENGTH_MAX)}).rstrip(" :")


def _moment_or_text(reader: Reader, value: str) -> str:
    """A moment written as ISO 8601, or with UTC behind it, in the reader's zone; any other text as it is."""
    if not _MOMENT.match(value):
        return value
    try:
        moment = datetime.fromisoformat(value.replace(" UTC", "+00:00"))
    except ValueError:
        return value
    return _moment(reader, moment) if moment.tzinfo else value


def on_one_line(value: str, longest: int = LINE_LENGTH_MAX) -> str:
    """Foreign words on one line, cut at `longest` characters."""
    return oneline(value, longest)


def sentence(value: str) -> str:
    """With a capital at the beginning, the rest as it is."""
    return value[:1].upper() + value[1:]


def threaded(subject: str) -> str:
    """A subject as the answer to it carries it: one `Re:`, and no reference of ours (the template adds it)."""
    bare = _ANSWER_PREFIX.sub("", _REFERENCE_TAG.sub("", oneline(subject, LINE_LENGTH_MAX)))
    return f"Re: {bare.strip()}" if bare.strip() else ""


def quoted(value: str) -> str:
    """Somebody else's words in a text part, each line after a `>`."""
    return "\n".join(f"> {line}".rstrip() for line in value.strip().splitlines())


def lines(value: str) -> Markup:
    """Words with their line breaks, for HTML; whatever looks like HTML in them is shown, not obeyed."""
    return Markup("<br>\n").join(escape(line) for line in value.strip().splitlines())


def mailto(tap: Tap, address: str, subject: str = "") -> str:
    """The tap as a `mailto:` URI (RFC 6068): everything but the @ percent-encoded, line ends as CRLF."""
    body = "\r\n".join(tap.body.splitlines())
    fields = [f"{name}={quote(value, safe='')}" for name, value in (("subject", subject), ("body", body)) if value]
    return f"mailto:{quote(address, safe='@')}?{'&'.join(fields)}"


FILTERS: Mapping[str, Callable[..., str]] = {
    "date": spoken_date,
    "short_date": short_date,
    "datetime": spoken_datetime,
    "number": number,
    "filesize": filesize,
    "money": money,
    "in_time": in_time,
    "name_of": name_of,
    "say": say,
    "field_value": field_value,
    "party": party,
    "told": told,
    "oneline": on_one_line,
    "sentence": sentence,
    "threaded": threaded,
    "quoted": quoted,
    "lines": lines,
}
