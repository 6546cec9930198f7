"""How many automatic letters may leave in an hour: past a budget they are held back, and leave later.

A budget that is used up stays closed until its window is wholly free again, so that the letters held back leave in the
order in which they were made, before newer ones. No letter that a person wrote is ever held back.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from maildesk.domain.letter_kinds import LETTERS, Audience, LetterKind
from maildesk.domain.policy import DeskPolicy

WINDOW = timedelta(hours=1)
HELD_BACK = "held back: "
_NEVER_HELD_BACK = (LetterKind.DIGEST, LetterKind.PROBE)  # they tell that something is wrong


class Scope(StrEnum):
    """For whom a budget is; the values stand in sentences."""

    ADDRESS = "address"
    DOMAIN = "domain"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most automatic letters to these readers in an hour, within one scope."""

    audience: Audience
    scope: Scope
    most: int


@dataclass(frozen=True, slots=True)
class Left:
    """An automatic letter that was accepted, and when."""

    kind: LetterKind
    recipient: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Until when a letter must wait, and why."""

    until: datetime
    why: str


def budgets(policy: DeskPolicy) -> tuple[Budget, ...]:
    """The desk's table of budgets."""
    return (
        Budget(Audience.STAFF, Scope.ADDRESS, policy.letters_per_person_per_hour),
        Budget(Audience.COMPLAINANT, Scope.DOMAIN, policy.letters_per_domain_per_hour),
        Budget(Audience.COMPLAINANT, Scope.DESK, policy.letters_per_desk_per_hour),
    )


def is_paced(kind: LetterKind) -> bool:
    """Whether letters of this kind are counted: those that no person wrote."""
    return bool(LETTERS[kind].auto_submitted) and kind not in _NEVER_HELD_BACK


_Key = tuple[Budget, str]


class Pace:
    """One desk's sliding windows. Mutable, in one process only; every moment is handed in and never goes back."""

    def __init__(self, table: Iterable[Budget], left: Iterable[Left] = ()) -> None:
        self._table = tuple(table)
        self._windows: dict[_Key, deque[datetime]] = {}
        self._closed: dict[_Key, HeldBack] = {}
        for one in sorted(left, key=lambda letter: letter.at):
            self._note(self._keys(one.kind, one.recipient), one.at)

    def take(self, kind: LetterKind, recipient: str, now: datetime) -> HeldBack | None:
        """Count a letter that is about to leave; or what holds it back, and then it is not counted."""
        keys = self._keys(kind, recipient)
        for key in keys:
            held = self._held_back(key, now)
            if held:
                return held
        self._note(keys, now)
        return None

    def give_back(self, kind: LetterKind, recipient: str) -> None:
        """A letter that was counted did not leave."""
        for key in self._keys(kind, recipient):
            if self._windows.get(key):
                self._windows[key].pop()

    def forget(self, now: datetime) -> None:
        """Drop what is older than the window."""
        stale = [key for key, moments in self._windows.items() if not moments or moments[-1] <= now - WINDOW]
        for key in stale:
            del self._windows[key]
        for key in [key for key, held in self._closed.items() if held.until <= now]:
            del self._closed[key]

    def _keys(self, kind: LetterKind, recipient: str) -> tuple[_Key, ...]:
        if not is_paced(kind):
            return ()
        audience = LETTERS[kind].audience
        return tuple((budget, _whom(budget.scope, recipient)) for budget in self._table if budget.audience is audience)

    def _note(self, keys: tuple[_Key, ...], at: datetime) -> None:
        for key in keys:
            self._windows.setdefault(key, deque()).append(at)

    def _held_back(self, key: _Key, now: datetime) -> HeldBack | None:
        closed = self._closed.get(key)
        if closed and now < closed.until:
            return closed
        self._closed.pop(key, None)
        moments = self._windows.get(key)
        if not moments:
            return None
        while moments and moments[0] <= now - WINDOW:
            moments.popleft()
        budget, whom = key
        if len(moments) < budget.most:
            return None
        to = f" to {whom}" if whom else " from this desk"
        why = f"{HELD_BACK}more than {budget.most} automatic letters in an hour{to}"
        self._closed[key] = HeldBack(moments[-1] + WINDOW, why)
        return self._closed[key]


def _whom(scope: Scope, recipient: str) -> str:
    address = recipient.strip().lower()
    return {Scope.ADDRESS: address, Scope.DOMAIN: address.rpartition("@")[2], Scope.DESK: ""}[scope]
