"""The history of a case as a hash chain: sealing what is committed, reading it back.

Each event's hash covers the hash before it, the case, its place and everything that is not personal; personal words
enter as a digest with a salt, so that erasing words and salt leaves the chain whole (DESIGN section 5).
"""

import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from maildesk.domain.events import EVENTS, PERSONAL, Event, Recorded, kind_of
from maildesk.store.columns import utc, written
from maildesk.store.errors import StoreError
from maildesk.store.models import EventRow

NO_HEAD = ""
_SALT_OCTETS = 16
COLUMNS = (
    "case_id",
    "seq",
    "kind",
    "version",
    "at",
    "by",
    "cause",
    "facts",
    "content",
    "salt",
    "content_digest",
    "hash",
)


def seal(case: int, seq: int, head: str, events: Sequence[Recorded]) -> tuple[list[tuple[Any, ...]], str]:
    """The rows of the events that follow event `seq`, whose hash is `head`; and the new head."""
    rows: list[tuple[Any, ...]] = []
    for place, recorded in enumerate(events, seq + 1):
        kind = kind_of(recorded.event)
        facts, content = _parted(recorded.event, kind)
        salt = secrets.token_bytes(_SALT_OCTETS) if content else None
        digest = content_digest(salt, content)
        said = (kind, recorded.event.version, recorded.at, recorded.by, recorded.cause, facts)
        head = chained(head, case, place, said, digest)
        rows.append((case, place, *said, content, salt, digest, head))
    return rows, head


def chained(previous: str, case: int, seq: int, said: Sequence[Any], digest: str) -> str:
    """The hash of an event after the one before it; `said` are kind, version, time, by, cause and facts."""
    kind, version, at, by, cause, facts = said
    canonical = msgspec.json.encode([case, seq, kind, version, utc(at).isoformat(), by, cause, facts, digest])
    return sha256(previous.encode("ascii") + canonical).hexdigest()


def content_digest(salt: bytes | str | None, content: str | None) -> str:
    """The digest of an event's personal words; empty where the event has none."""
    if salt is None or content is None:
        return ""
    octets = salt.encode() if isinstance(salt, str) else bytes(salt)  # SQLite keeps whatever a forger puts there
    return sha256(octets + content.encode("utf-8", "surrogatepass")).hexdigest()


def _parted(event: Event, kind: str) -> tuple[str, str | None]:
    facts: dict[str, Any] = msgspec.to_builtins(event)
    personal = {name: facts.pop(name) for name in PERSONAL[kind]}
    return written(facts), written(personal) if personal else None


def unsealed(kind: str, version: int, facts: str, content: str | None) -> Event:
    """The event of a row. Raises StoreError for one that this version does not know."""
    known = EVENTS.get(kind)
    if known is None or known.version != version:
        raise StoreError(f"event {kind} version {version} is not of this maildesk")
    fields = msgspec.json.decode(facts)
    if content:
        fields |= msgspec.json.decode(content)
    event: Event = msgspec.convert(fields, known)
    return event


async def rows_of(cases: Sequence[int]) -> tuple[dict[int, list[dict[str, Any]]], dict[int, str]]:
    """The rows of these cases' events in order; and why those of a case cannot be read, where that is so."""
    try:
        rows = await EventRow.filter(case_id__in=list(cases)).order_by("case_id", "seq").values(*COLUMNS)
    except (ValueError, TypeError) as unreadable:  # in SQLite a forger can write a word where a time belongs
        if len(cases) == 1:
            return {}, {cases[0]: str(unreadable)}
        found, broken = dict[int, list[dict[str, Any]]](), dict[int, str]()
        for case in cases:
            one, why = await rows_of([case])
            found |= one
            broken |= why
        return found, broken
    by_case: dict[int, list[dict[str, Any]]] = {case: [] for case in cases}
    for row in rows:
        by_case[row["case_id"]].append(row)
    return by_case, {}


async def read(case: int) -> list[Recorded]:
    """The events of a case in order."""
    rows = await EventRow.filter(case_id=case).order_by("seq").values(*COLUMNS)
    return [recorded_of(row) for row in rows]


def recorded_of(row: dict[str, Any]) -> Recorded:
    """The event of a row with its place."""
    event = unsealed(row["kind"], row["version"], row["facts"], row["content"])
    return Recorded(event, row["at"], row["by"], row["cause"], row["seq"])
