"""The settings as frozen values: what `maildesk.toml` can say, its defaults, and what each setting must be.

These dataclasses are the only list of settings there is: the loader (`config`) reads them, and the example file in
deploy/ is held against them by a test. A room never sees these objects; `daemon` hands it the values it needs.
Sizes are bytes, spans of time seconds unless the name says days, addresses RFC 5322 addr-specs without display name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from maildesk.config import checks
from maildesk.config.checks import Check

Security = Literal["tls", "starttls", "none"]
Role = Literal["handler", "manager"]
Values = Mapping[str, Any]
Usual = Callable[[Values, Values], object]

LANGUAGES = ("en", "de")
"""The languages that have letters of ours; a folder of own letters can add more."""

_NOTHING: Mapping[str, str] = MappingProxyType({})
_DAY = 86_400
_MEGABYTE = 1_000_000
_IMAP_PORTS: Mapping[Security, int] = {"tls": 993, "starttls": 143, "none": 143}
_SUBMISSION_PORTS: Mapping[Security, int] = {"tls": 465, "starttls": 587, "none": 25}


@dataclass(frozen=True, slots=True)
class Rule:
    """What the loader must know of one setting beyond its type and default.

    `name` is its name in the file where that differs. `usual` works the default out of the settings that stand before
    it in the same table and in the table around it. A secret may be given in four ways (`secrets`).
    """

    checks: tuple[Check, ...] = ()
    name: str = ""
    usual: Usual | None = None
    is_secret: bool = False
    has_lines: bool = False


def _rule(*demands: Check, **more: Any) -> dict[str, Rule]:
    return {"rule": Rule(checks=demands, **more)}


def _usual_zone(own: Values, around: Values) -> str:
    """The zone of the first desk that the person works for."""
    desks = [d for d in around.get("desks", ()) if not own.get("desks") or d.get("name") in own["desks"]]
    return next((d["zone"] for d in desks if "zone" in d), "UTC")


def _usual_language(own: Values, around: Values) -> str:
    """The default language of the first desk that the person works for."""
    desks = [d for d in around.get("desks", ()) if not own.get("desks") or d.get("name") in own["desks"]]
    return next((d["default_language"] for d in desks if "default_language" in d), LANGUAGES[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """The IMAP account (RFC 9051) that a desk reads, and its folders. An empty folder name: not used."""

    host: str = field(metadata=_rule(checks.host))
    security: Security = "tls"
    port: int = field(metadata=_rule(checks.port, usual=lambda own, _: _IMAP_PORTS[own.get("security", "tls")]))
    user: str = field(metadata=_rule(checks.not_empty))
    password: str = field(repr=False, metadata=_rule(checks.not_empty, is_secret=True))
    ca_file: Path | None = field(default=None, metadata=_rule(checks.existing_file))
    inbox: str = field(default="INBOX", metadata=_rule(checks.not_empty))
    processed: str = field(default="Processed", metadata=_rule(checks.not_empty))
    poll_seconds: int = field(default=60, metadata=_rule(checks.between(1, 3600)))
    timeout_seconds: int = field(default=60, metadata=_rule(checks.between(1, 600)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The SMTP account (RFC 6409) by which a desk sends. No user: no login, as with a relay of our own."""

    host: str = field(metadata=_rule(checks.host))
    security: Security = "tls"
    port: int = field(metadata=_rule(checks.port, usual=lambda own, _: _SUBMISSION_PORTS[own.get("security", "tls")]))
    user: str = ""
    password: str = field(default="", repr=False, metadata=_rule(is_secret=True))
    ca_file: Path | None = field(default=None, metadata=_rule(checks.existing_file))
    connections: int = field(default=2, metadata=_rule(checks.between(1, 20)))
    timeout_seconds: int = field(default=60, metadata=_rule(checks.between(1, 600)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticity:
    """How this provider tells who really sent a mail: a profile of `mail/profiles`, and the authserv-id (RFC 8601)."""

    profile: str = "generic"
    authserv_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One complaints address with its rules. `next_stage` says per language where a complainant can go further."""

    name: str = field(metadata=_rule(checks.slug))
    address: str = field(metadata=_rule(checks.address))
    title: str = field(metadata=_rule(checks.not_empty))
    organisation: str = field(metadata=_rule(checks.not_empty))
    contact_name: str = field(metadata=_rule(checks.not_empty))
    contact_phone: str = ""
    also: tuple[str, ...] = field(default=(), metadata=_rule(checks.addresses))
    own_hosts: tuple[str, ...] = field(default=(), metadata=_rule(checks.hosts))
    languages: tuple[str, ...] = field(default=LANGUAGES, metadata=_rule(checks.not_empty))
    default_language: str = field(metadata=_rule(usual=lambda own, _: own.get("languages", LANGUAGES)[0]))
    zone: str = field(metadata=_rule(checks.zone))
    respond_within_days: int = field(default=20, metadata=_rule(checks.between(1, 365)))
    token_days: int = field(default=180, metadata=_rule(checks.between(1, 3650)))
    notify: tuple[str, ...] = ()
    next_stage: Mapping[str, str] = field(default_factory=lambda: _NOTHING, metadata=_rule(has_lines=True))
    mailbox: Mailbox
    submission: Submission
    authenticity: Authenticity = field(default_factory=Authenticity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """One person who works on cases. `desks` empty: all of them. `digest_at` is a wall clock time in `zone`."""

    key: str = field(metadata=_rule(checks.slug))
    name: str = field(metadata=_rule(checks.not_empty))
    address: str = field(metadata=_rule(checks.address))
    also: tuple[str, ...] = field(default=(), metadata=_rule(checks.addresses))
    role: Role = "handler"
    desks: tuple[str, ...] = ()
    language: str = field(metadata=_rule(usual=_usual_language))
    zone: str = field(metadata=_rule(checks.zone, usual=_usual_zone))
    digest_at: time = time(7, 30)

    def works_for(self, desk: str) -> bool:
        """Whether the person belongs to the desk of that name."""
        return not self.desks or desk in self.desks


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What is written to stderr: from which level on, as JSON lines or as text for a terminal."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the daemon takes on at once, and what it lets foreign mail cost."""

    message_bytes: int = field(default=40 * _MEGABYTE, metadata=_rule(checks.at_least(100_000)))
    batch_messages: int = field(default=50, metadata=_rule(checks.between(1, 1000)))
    batch_bytes: int = field(default=16 * _MEGABYTE, metadata=_rule(checks.at_least(100_000)))
    free_bytes: int = field(default=200 * _MEGABYTE, metadata=_rule(checks.at_least(0)))
    read_seconds: int = field(default=10, metadata=_rule(checks.between(1, 600)))
    read_memory: int = field(default=768 * _MEGABYTE, metadata=_rule(checks.at_least(256 * _MEGABYTE)))
    children: int = field(default=2, metadata=_rule(checks.between(1, 64)))
    letters_per_address_per_day: int = field(default=5, metadata=_rule(checks.at_least(1)))
    letters_per_domain_per_hour: int = field(default=120, metadata=_rule(checks.at_least(1)))
    letters_per_desk_per_hour: int = field(default=1200, metadata=_rule(checks.at_least(1)))
    letters_per_person_per_hour: int = field(default=200, metadata=_rule(checks.at_least(1)))
    hold_seconds: int = field(default=600, metadata=_rule(checks.between(0, _DAY)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """The command that tells people what does not work, by another way than mail. Empty: there is none.

    `after_seconds` is for how long a mail server may be out of reach before.
    """

    command: tuple[str, ...] = ()
    after_seconds: int = field(default=900, metadata=_rule(checks.between(10, _DAY)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that `maildesk.toml` says. `data` is the folder of the SQLite file, the key file and the lock."""

    data: Path = Path("/var/lib/maildesk")
    database: str = field(default="", repr=False, metadata=_rule(checks.database, is_secret=True))
    templates: Path | None = field(default=None, metadata=_rule(checks.existing_folder))
    limits: Limits = field(default_factory=Limits)
    log: Log = field(default_factory=Log)
    alarm: Alarm = field(default_factory=Alarm)
    desks: tuple[Desk, ...] = field(metadata=_rule(checks.not_empty, name="desk"))
    staff: tuple[Staff, ...] = ()

    @property
    def sqlite_file(self) -> Path:
        """The database file that is used where `database` is empty."""
        return self.data / "maildesk.db"

    def staff_of(self, desk: Desk) -> tuple[Staff, ...]:
        """Everybody who works for the desk, in the order of the file."""
        return tuple(person for person in self.staff if person.works_for(desk.name))

    def told_about_new_cases(self, desk: Desk) -> tuple[Staff, ...]:
        """Whom the desk tells about a new case: those that `notify` names, else its handlers, else all."""
        staff = self.staff_of(desk)
        if desk.notify:
            return tuple(person for person in staff if person.key in desk.notify)
        return tuple(person for person in staff if person.role == "handler") or staff
