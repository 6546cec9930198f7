"""What the configuration decides, as values that the rules can read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class StaffRole(StrEnum):
    """What a person of the staff may do."""

    HANDLER = "handler"
    MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class Person:
    """One of the staff. `address` is the registered one; `also` are other addresses that are theirs, lower case."""

    key: str
    name: str
    address: str
    role: StaffRole
    language: str
    zone: str
    also: tuple[str, ...] = ()
    digest_at: str = "07:30"

    def writes_from(self, address: str) -> bool:
        """Whether a From with this address is theirs."""
        key = address.strip().lower()
        return key == self.address.lower() or key in self.also


@dataclass(frozen=True, slots=True)
class DeskPolicy:
    """The rules of one desk. `own_addresses` are lower case and hold every address that leads to this installation.

    `notify` are the keys of the staff who are told of a new case; `next_stage` says how to go further, by language.
    """

    name: str
    address: str
    title: str
    organisation: str
    own_addresses: frozenset[str]
    languages: tuple[str, ...]
    default_language: str
    zone: str
    respond_within_days: int
    staff: tuple[Person, ...]
    notify: tuple[str, ...]
    contact_name: str = ""
    contact_phone: str = ""
    next_stage: Mapping[str, str] = field(default_factory=dict)
    letters_per_address_per_day: int = 5
    letters_per_domain_per_hour: int = 120
    letters_per_desk_per_hour: int = 1200
    letters_per_person_per_hour: int = 200
    hold_seconds: int = 600
    message_bytes: int = 40_000_000
    token_days: int = 180

    def person(self, key: str | None) -> Person | None:
        """The member of staff with this key."""
        return next((person for person in self.staff if person.key == key), None)

    def person_at(self, address: str) -> Person | None:
        """The member of staff who writes from this address."""
        return next((person for person in self.staff if person.writes_from(address)), None)

    def day_of(self, moment: datetime) -> date:
        """The day by the desk's calendar: a promised day is the same for all, whatever the reader's zone."""
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def managers(self) -> tuple[Person, ...]:
        """Who gets the digest."""
        return tuple(person for person in self.staff if person.role is StaffRole.MANAGER)

    def is_own(self, address: str) -> bool:
        """Whether mail to this address comes back to us, plus-forms included (RFC 5233)."""
        key = address.strip().lower()
        local, _, domain = key.rpartition("@")
        return key in self.own_addresses or f"{local.partition('+')[0]}@{domain}" in self.own_addresses

    def language_for(self, guessed: str | None) -> str:
        """The language in which to write to somebody who wrote in `guessed`."""
        return guessed if guessed in self.languages else self.default_language
