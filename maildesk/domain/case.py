"""The case: one complaint as ISO 10002 sees it, as a frozen snapshot that only `events.apply` moves on.

Fields follow ISO 10002's forms for receipt and follow-up (DESIGN section 5). Times are aware and in UTC.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Where the case stands. `lifecycle.TRANSITIONS` says what moves it."""

    RECEIVED = "received"
    ASSESSED = "assessed"
    INVESTIGATING = "investigating"
    WAITING = "waiting"
    RESPONDED = "responded"
    CLOSED = "closed"
    MERGED = "merged"


class Outcome(StrEnum):
    """What was decided about the complaint."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly upheld"
    NOT_UPHELD = "not upheld"
    WITHDRAWN = "withdrawn"
    NOT_A_COMPLAINT = "not a complaint"
    NO_ANSWER = "no answer"


class Milestone(StrEnum):
    """Facts with a time and a proof; never a status."""

    ACKNOWLEDGED = "acknowledged"
    ASSESSED = "assessed"
    FIRST_CONTACT = "first contact"
    RESPONDED = "responded"
    ACCEPTED = "accepted"
    PROMISE_KEPT = "promise kept"
    CLOSED = "closed"


class Role(StrEnum):
    """In which role an address belongs to a case."""

    COMPLAINANT = "complainant"
    ON_BEHALF = "on behalf"
    THIRD_PARTY = "third party"


@dataclass(frozen=True, slots=True)
class Party:
    """An address that belongs to a case. `address` is lower case, the form in which it is compared."""

    address: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Reached:
    """A milestone, when it was reached, and the id of the message or letter that proves it."""

    milestone: Milestone
    at: datetime
    proof: int | None


@dataclass(frozen=True, slots=True)
class Remedy:
    """What was promised to put the matter right (ISO 10002 annex on responses)."""

    kind: str
    amount: str = ""
    promised_by: datetime | None = None
    kept_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The initial assessment of ISO 10002 clause 7.5, each in the handler's words; empty where not yet assessed."""

    severity: str = ""
    safety: str = ""
    complexity: str = ""
    impact: str = ""
    immediate_action: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """The snapshot after `seq` events."""

    id: int
    reference: str
    desk: str
    received_at: datetime
    seq: int = 0
    status: Status = Status.RECEIVED
    channel: str = "email"
    language: str = "en"
    subject: str = ""
    what_happened: str = ""
    happened_on: str = ""
    due_at: datetime | None = None
    parties: tuple[Party, ...] = ()
    milestones: tuple[Reached, ...] = ()
    owner: str | None = None
    assessment: Assessment = Assessment()
    product: str = ""
    branch: str = ""
    category: str = ""
    remedy_sought: str = ""
    people_complained_about: tuple[str, ...] = ()
    root_cause: str = ""
    remedies: tuple[Remedy, ...] = ()
    outcome: Outcome | None = None
    reasons: str = ""
    vulnerability: str = ""
    vulnerability_driver: str = ""
    confidential: bool = False
    legal_hold: bool = False
    repeat_of: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.status not in (Status.CLOSED, Status.MERGED)

    @property
    def complainant(self) -> Party | None:
        """The first complainant, who gets the letters; none where the complaint came without a usable address."""
        return self.reachable_complainant(frozenset())

    def reachable_complainant(self, unreachable: Collection[str]) -> Party | None:
        """The first complainant at whose address letters arrive; where there is none such, the first of all."""
        found = [party for party in self.parties if party.role is Role.COMPLAINANT]
        return next((party for party in found if party.address not in unreachable), found[0] if found else None)

    def party(self, address: str) -> Party | None:
        """The party with this address, compared in lower case."""
        key = address.strip().lower()
        return next((party for party in self.parties if party.address == key), None)

    def reached(self, milestone: Milestone) -> Reached | None:
        """When and by what a milestone was reached."""
        return next((reached for reached in self.milestones if reached.milestone is milestone), None)
