"""The manager's morning: what needs somebody today, what is new and closed, and how the mailbox is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from maildesk.domain.addressed import to_staff
from maildesk.domain.case import Case
from maildesk.domain.commands.reading import line_of
from maildesk.domain.events import LetterBounced
from maildesk.domain.letter import CaseLine, DigestGiven, Letter, LetterKind, Tap
from maildesk.domain.phrases import Phrase
from maildesk.domain.policy import DeskPolicy, Person
from maildesk.store import cases, history, letters, messages
from maildesk.store.commit import LetterState
from maildesk.store.letters import StoredLetter

AGES = ((0, 2), (3, 7), (8, 14), (15, 30), (31, None))
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Morning:
    """The moment for which a digest is written, and the present one; they differ after a downtime.

    `before` is when this manager's digest was written last: what came since is new to them.
    """

    due: datetime
    now: datetime
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class MailboxHealth:
    """What the loops last managed, and what stands in their way since when. `others` begin with their phrase's key."""

    read_at: datetime | None = None
    trouble: tuple[datetime, str] | None = None
    submission: tuple[datetime, str] | None = None
    struggling: int = 0
    others: tuple[tuple[str, datetime, str], ...] = ()


def morning(now: datetime, manager: Person) -> datetime:
    """The latest moment at which this manager's digest was due, in UTC: today's or yesterday's, by their own clock."""
    zone = ZoneInfo(manager.zone)
    hour, _, minute = manager.digest_at.partition(":")
    today = now.astimezone(zone).date()
    due = datetime.combine(today, time(int(hour), int(minute)), zone).astimezone(UTC)
    if due <= now:  # in UTC: two times of one zone are compared by what the clock shows, not by what is earlier
        return due
    return datetime.combine(today - _DAY, time(int(hour), int(minute)), zone).astimezone(UTC)


def key(desk: str, manager: Person, due: datetime) -> str:
    """What fires once: this desk's digest for this manager on that day of theirs."""
    return f"{key_of_all(desk, manager)}{due.astimezone(ZoneInfo(manager.zone)).date().isoformat()}"


def key_of_all(desk: str, manager: Person) -> str:
    """How the keys of all of this manager's digests begin."""
    return f"digest:{desk}:{manager.key}:"


async def write(policy: DeskPolicy, manager: Person, at: Morning, health: MailboxHealth, anchor: str) -> Letter:
    """The digest as a letter to the manager."""
    content = await gather(policy, manager, at, health, anchor)
    return replace(to_staff(manager, LetterKind.DIGEST, content), taps=(Tap("tap.show", "#mine"),))


async def gather(policy: DeskPolicy, manager: Person, at: Morning, health: MailboxHealth, anchor: str) -> DigestGiven:
    """The digest's numbers and lines."""
    opened = await cases.find(policy.name, is_open=True)
    since = at.before or at.due - _DAY
    day = at.due.astimezone(ZoneInfo(manager.zone)).date().isoformat()
    overdue = sorted((c for c in opened if c.due_at and c.due_at < at.now), key=lambda c: c.due_at or at.now)
    return DigestGiven(
        day=day,
        without_owner=_lines([case for case in opened if case.owner is None], policy),
        overdue=tuple(
            line_of(case, policy, Phrase("digest.overdue_by", (_days(case.due_at, at.now),))) for case in overdue
        ),
        refused=await _refused(policy, since),
        new=_lines(await cases.received_since(policy.name, since), policy),
        closed=_lines(await cases.closed_since(policy.name, since), policy),
        ages=tuple((_label(low, high), number) for (low, high), number in _ages(opened, at.now).items()),
        statuses=tuple((status.value, number) for status, number in sorted(Counter(c.status for c in opened).items())),
        health=await _health(policy, health, at.now),
        anchor=anchor,
    )


def _lines(found: Sequence[Case], policy: DeskPolicy) -> tuple[CaseLine, ...]:
    return tuple(line_of(case, policy) for case in found)


def _days(due: datetime | None, now: datetime) -> str:
    return str(max(1, (now - due).days)) if due else "0"


def _label(low: int, high: int | None) -> str:
    return f"{low}–{high}" if high is not None else f"{low}+"


def _ages(opened: Sequence[Case], now: datetime) -> dict[tuple[int, int | None], int]:
    found = dict.fromkeys(AGES, 0)
    for case in opened:
        days = (now - case.received_at).days
        found[next(age for age in AGES if age[1] is None or days <= age[1])] += 1
    return found


async def _refused(policy: DeskPolicy, since: datetime) -> tuple[CaseLine, ...]:
    """Letters to complainants that were refused or came back since the last digest, each on its case's line."""
    failed = await letters.failed_since(policy.name, since)
    known = await cases.load([letter.case for letter in failed if letter.case is not None])
    lines = []
    for letter in failed:
        if letter.case in known:
            said = Phrase("digest.refused_letter", (letter.kind.value, letter.recipient, (await _why(letter))[:200]))
            lines.append(line_of(known[letter.case], policy, said))
    return tuple(lines)


async def _why(letter: StoredLetter) -> str:
    """Why it did not arrive: our server's word, or, where our server took it, what the report said that came back."""
    if letter.bounced_at is None or letter.case is None:
        return letter.answer
    events = [recorded.event for recorded in await history.read(letter.case)]
    reports = [event for event in events if isinstance(event, LetterBounced) and event.letter == letter.id]
    return f"{reports[-1].status} {reports[-1].diagnostic}".strip() if reports else ""


async def _health(policy: DeskPolicy, health: MailboxHealth, now: datetime) -> tuple[Phrase, ...]:
    found: list[Phrase] = []
    if health.trouble:
        found.append(
            Phrase("health.mailbox_silent", (health.trouble[0].isoformat(timespec="minutes"), health.trouble[1]))
        )
    elif health.read_at:
        found.append(Phrase("health.mailbox_read", (str(max(0, int((now - health.read_at).total_seconds() // 60))),)))
    queue = await letters.counts(policy.name)
    waiting = queue.counts.get(LetterState.QUEUED, 0) + queue.counts.get(LetterState.SENDING, 0)
    found.append(Phrase("health.queue", (str(waiting),)) if waiting else Phrase("health.queue_empty"))
    if health.submission:
        since = health.submission[0].isoformat(timespec="minutes")
        found.append(Phrase("health.deferred", (str(waiting), since)))
    found += [Phrase(said, (since.isoformat(timespec="minutes"), why)) for said, since, why in health.others]
    shelved = len(await messages.shelved(policy.name))
    if shelved:
        found.append(Phrase("health.shelf", (str(shelved),)))
    if health.struggling:
        found.append(Phrase("health.failed", (str(health.struggling),)))
    return tuple(found)
