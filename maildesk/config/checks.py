"""What a single setting must be, beyond its type: small functions from a value to nothing or a complaint.

Each is pure but for `existing_file`; checks that need more than one setting stand in `cross`.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from maildesk.config.words import did_you_mean


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a value, and what to do about it, in words for a person."""

    what: str
    what_to_do: str


Check = Callable[[Any], Complaint | None]

_DOT_ATOM = re.compile(r"[\w!#$%&'*+\-/=?^`{|}~]+(\.[\w!#$%&'*+\-/=?^`{|}~]+)*")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_LOCAL_LIMIT, _ADDRESS_LIMIT = 64, 254  # RFC 5321 section 4.5.3.1
_TOP_PORT = 65535
_DATABASES = ("postgres", "postgresql")


def one_line(text: str) -> Complaint | None:
    """A header field or a log line may be made of it: no control characters (RFC 5322 section 2.2)."""
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        return Complaint("there is a line break or another control character in it", "Write it in one line.")
    return None


def not_empty(value: str | tuple[object, ...]) -> Complaint | None:
    """There is something in it besides blanks."""
    if not value or (isinstance(value, str) and not value.strip()):
        return Complaint("it is empty", "Fill it in.")
    return None


def is_host_name(text: str) -> bool:
    """A host name or an IP address, with no scheme and no port."""
    labels = text.removesuffix(".").split(".")
    return all(_LABEL.fullmatch(label) for label in labels) or (
        ":" in text and bool(re.fullmatch(r"[0-9a-f:.]+", text))
    )


def host(text: str) -> Complaint | None:
    """The name of a server, such as imap.example.org."""
    if is_host_name(text) and text.count(":") != 1:
        return None
    return Complaint(
        f'"{text}" is not the name of a server', "Give the bare name, like imap.example.org; the port has its own line."
    )


def hosts(texts: tuple[str, ...]) -> Complaint | None:
    """Every one is the name of a server."""
    return next((complaint for text in texts if (complaint := host(text))), None)


def port(number: int) -> Complaint | None:
    """A TCP port."""
    if 1 <= number <= _TOP_PORT:
        return None
    return Complaint(f"{number} is not a port", f"Give a number from 1 to {_TOP_PORT}.")


def between(low: int, high: int) -> Check:
    """A whole number within both limits."""

    def check(number: int) -> Complaint | None:
        if low <= number <= high:
            return None
        return Complaint(f"{number} is out of range", f"Give a number from {low} to {high}.")

    return check


def at_least(low: int) -> Check:
    """A whole number with a lower limit only."""

    def check(number: int) -> Complaint | None:
        return None if number >= low else Complaint(f"{number} is too small", f"Give a number from {low} upwards.")

    return check


def is_address(text: str) -> bool:
    """An addr-spec with a dot-atom before the @ (RFC 5322 section 3.4.1, RFC 6531 letters allowed)."""
    local, at, domain = text.rpartition("@")
    fits = len(local) <= _LOCAL_LIMIT and len(text) <= _ADDRESS_LIMIT
    return bool(at and fits and _DOT_ATOM.fullmatch(local) and is_host_name(domain) and ":" not in domain)


def address(text: str) -> Complaint | None:
    """One email address, without a display name."""
    if is_address(text):
        return None
    return Complaint(f'"{text}" is not an email address', "Give it bare, like complaints@example.org.")


def addresses(texts: tuple[str, ...]) -> Complaint | None:
    """Every one is an email address."""
    return next((complaint for text in texts if (complaint := address(text))), None)


def slug(text: str) -> Complaint | None:
    """A short name that can stand in a file name and in a command."""
    if _SLUG.fullmatch(text):
        return None
    return Complaint(
        f'"{text}" cannot be a name here', "Use 1 to 40 small letters, digits and hyphens, like housing-north."
    )


def zone(name: str) -> Complaint | None:
    """A zone of the IANA time zone database."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # what zoneinfo raises for names that are no zone, no file, or a folder
        hint = did_you_mean(name, available_timezones()) or "Give a name like Europe/London."
        return Complaint(f'"{name}" is not a time zone', hint)
    return None


def existing_file(path: Path) -> Complaint | None:
    """There is a file by that name."""
    if path.is_file():
        return None
    return Complaint(f"there is no file {path}", "Correct the path; it is taken from the folder of this file.")


def existing_folder(path: Path) -> Complaint | None:
    """There is a folder by that name."""
    if path.is_dir():
        return None
    return Complaint(
        f"there is no folder {path}", "Create it, or correct the path; it is taken from this file's folder."
    )


def database(url: str) -> Complaint | None:
    """Nothing (the SQLite file in `data`), or the URL of a PostgreSQL database. The URL may hold a password."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme in _DATABASES and parts.path.strip("/"):
            return None
    except ValueError:  # an unclosed bracket, as in postgres://[::1/x
        pass
    return Complaint(
        "it is not the URL of a PostgreSQL database",
        "Write postgres://user@host:5432/name, or leave it empty for the SQLite file in data.",
    )
