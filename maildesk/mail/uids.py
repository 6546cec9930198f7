"""Messages by UID: what is known of them, and how to ask for many without an endless line (RFC 3501)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SEARCH_WINDOW = 50_000  # UIDs a search; imaplib gives up at a line of 1,000,000 bytes
UIDS_A_COMMAND = 250  # keeps a command line under 4 kB whatever the gaps


@dataclass(frozen=True, slots=True)
class Selected:
    """What SELECT said. `uidvalidity` is 0 where the server keeps no UIDs for ever."""

    uidvalidity: int
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True)
class Sized:
    """A message's size in octets and when the server took it (aware, UTC); None where the server would not say."""

    size: int
    internaldate: datetime | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """One whole message; `internaldate` is aware and UTC, None where the server would not say."""

    uid: int
    internaldate: datetime | None
    raw: bytes


def windows(low: int, uidnext: int, exists: int) -> Iterator[tuple[int, str]]:
    """UID ranges from `low` to the end that each find a bounded number of messages; the last one is open-ended."""
    first = low
    if exists > SEARCH_WINDOW:
        while first + SEARCH_WINDOW < uidnext:
            yield first, str(first + SEARCH_WINDOW - 1)
            first += SEARCH_WINDOW
    yield first, "*"


def uid_set(uids: Iterable[int]) -> str:
    """The shortest sequence-set of RFC 3501 section 9 for these UIDs: 1, 2, 3, 7 become 1:3,7."""
    runs: list[list[int]] = []
    for uid in sorted(set(uids)):
        if runs and runs[-1][1] == uid - 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in runs)


def chunks(uids: Sequence[int]) -> Iterator[list[int]]:
    """Ascending, each once, as many as one command takes."""
    ordered = sorted(set(uids))
    for start in range(0, len(ordered), UIDS_A_COMMAND):
        yield ordered[start : start + UIDS_A_COMMAND]


def utc(internaldate: Any) -> datetime | None:
    """The server's INTERNALDATE in UTC; a naive one would be local time, which nobody may guess at."""
    if not isinstance(internaldate, datetime) or internaldate.tzinfo is None:
        return None
    return internaldate.astimezone(UTC)
