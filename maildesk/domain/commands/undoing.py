"""Taking a mail's commands back, as long as nothing was built on them, and confirming a challenge."""

from dataclasses import dataclass
from functools import reduce
from itertools import chain

from maildesk.domain.case import Assessment, Case, Milestone
from maildesk.domain.commands.grammar import CommandLine
from maildesk.domain.commands.reading import who
from maildesk.domain.commands.registry import WAITING, Effect, Refusal, Standing, command
from maildesk.domain.events import (
    Assessed,
    CasesRefer,
    Decided,
    Event,
    LetterRecalled,
    LetterWritten,
    MessageFiled,
    MilestoneLost,
    MilestoneReached,
    OwnerNamed,
    PartyAdded,
    PartyRemoved,
    Recorded,
    StatusMoved,
    Undone,
    apply,
    kind_of,
    replay,
)
from maildesk.domain.phrases import Phrase

_BUILDS = (Assessed, Decided, OwnerNamed, StatusMoved, PartyAdded, PartyRemoved)


@dataclass(frozen=True, slots=True)
class _Span:
    """The events of one mail's commands: the rows, the history before them, and what still counts after them."""

    rows: tuple[Recorded, ...]
    before: tuple[Recorded, ...]
    after: tuple[Recorded, ...]

    @property
    def letters(self) -> tuple[LetterWritten, ...]:
        """The letters that the commands wrote."""
        return tuple(row.event for row in self.rows if isinstance(row.event, LetterWritten))


@command("#undo", "#undo", "zurück", "rückgängig", works_closed=True)
def undo(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """The commands of one's last mail, or of the mail whose transcript is answered, are taken back."""
    del line
    span = _span(standing)
    if span is None:
        return Refusal(Phrase("refused.nothing_to_undo"))
    barred = _foreign(standing, span) or _built_on(standing, span) or _gone(standing, span)
    if barred:
        return Refusal(barred)
    letters = tuple(event.letter for event in span.letters)
    events = (*_inverse(standing.the_case, span), *map(LetterRecalled, letters), Undone(span.rows[0].cause or 0))
    said = Phrase("undo.done", (str(len(span.rows)), str(len(letters))))
    return Effect(said, events, recalls=letters)


def _span(standing: Standing) -> _Span | None:
    """The events of the mail to take back, cut out of the history."""
    history = standing.lookups.history
    undone = {row.event.message for row in history if isinstance(row.event, Undone)}
    inverse_until = {row.cause: row.seq for row in history if isinstance(row.event, Undone)}

    def counts(row: Recorded) -> bool:
        """Not taken back, and not itself the taking back of something."""
        return row.cause not in undone and row.seq > inverse_until.get(row.cause, 0)

    acts = [row for row in history if row.by.startswith("staff:") and row.cause is not None and counts(row)]
    acts = [row for row in acts if not isinstance(row.event, MessageFiled)]
    own = [row for row in acts if row.by == f"staff:{standing.person.key}"]
    wanted = standing.undo_of
    causes = [row.cause for row in (own or acts if wanted is None else acts) if wanted in (None, row.cause)]
    if not causes:
        return None
    rows = tuple(row for row in acts if row.cause == causes[-1])
    before = tuple(row for row in history if row.seq < rows[0].seq)
    return _Span(rows, before, tuple(row for row in history if row.seq > rows[-1].seq and counts(row)))


def _foreign(standing: Standing, span: _Span) -> Phrase | None:
    """Why somebody else's commands stay."""
    author = span.rows[0].by
    if author == f"staff:{standing.person.key}":
        return None
    return Phrase("refused.undo_other", (who(author, standing.policy),))


def _built_on(standing: Standing, span: _Span) -> Phrase | None:
    """What stands on the commands: a later event, a case that they opened, a line above this one."""
    if standing.the_case.seq > standing.lookups.history[-1].seq:
        return Phrase("refused.undo_first")
    if any(isinstance(row.event, LetterRecalled) for row in span.rows):
        return Phrase("refused.undo_stopped")
    opened = (row for row in span.rows if isinstance(row.event, CasesRefer))
    later = (row for row in span.after if isinstance(row.event, _BUILDS))
    built = next(chain(opened, later), None)
    if built is None:
        return None
    return Phrase("refused.undo_built_on", (f"{kind_of(built.event)} ({who(built.by, standing.policy)})",))


def _gone(standing: Standing, span: _Span) -> Phrase | None:
    """The letter that has left, or a closing that no held letter can still stop: that is for `#reopen`."""
    states = standing.lookups.letter_states
    gone = next((event for event in span.letters if states.get(event.letter, "") not in WAITING), None)
    if gone is not None:
        return Phrase("refused.undo_sent", (gone.kind,))
    return None if span.letters or standing.the_case.is_open else Phrase("refused.closed_token")


def _inverse(now: Case, span: _Span) -> tuple[Event, ...]:
    """The events that take the span's changes back and leave alone what came after it."""
    before = replay(now.id, [row.event for row in span.before])
    after = reduce(apply, (row.event for row in span.rows), before)
    return (*_fields(before, after), *_parties(before, after), *_milestones(before, after, now, span))


def _fields(before: Case, after: Case) -> tuple[Event, ...]:
    events: list[Event] = []
    if before.status is not after.status:
        events.append(StatusMoved(before.status))
    if before.owner != after.owner:
        events.append(OwnerNamed(before.owner))
    if before.assessment != after.assessment:
        events.append(Assessed(**{name: getattr(before.assessment, name) for name in Assessment.__slots__}))
    if (before.outcome, before.reasons, before.remedies) != (after.outcome, after.reasons, after.remedies):
        events.append(Decided(before.outcome, before.remedies, before.reasons))
    return tuple(events)


def _parties(before: Case, after: Case) -> tuple[Event, ...]:
    gone = (PartyRemoved(party.address) for party in after.parties if party not in before.parties)
    back = (PartyAdded(p.role, p.address, p.name) for p in before.parties if p not in after.parties)
    return (*gone, *back)


def _milestones(before: Case, after: Case, now: Case, span: _Span) -> tuple[Event, ...]:
    """Milestones that the span reached are lost, unless something later proves them too."""
    events: list[Event] = []
    for reached in after.milestones:
        if reached not in before.milestones and reached in now.milestones:
            events.append(MilestoneLost(reached.milestone))
            later = next((row for row in span.after if _proves(row, reached.milestone)), None)
            if later:
                events.append(MilestoneReached(reached.milestone, later.at, later.cause))
    lost = (r for r in before.milestones if r not in after.milestones and now.reached(r.milestone) is None)
    return (*events, *(MilestoneReached(r.milestone, r.at, r.proof) for r in lost))


def _proves(row: Recorded, milestone: Milestone) -> bool:
    """Whether a later event proves the milestone as well."""
    event = row.event
    return isinstance(event, MilestoneReached) and event.milestone is milestone


@command("#confirm", "#confirm", "bestätigen", needs_case=False, works_closed=True)
def confirm(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """The answer to a challenge; anywhere else it has nothing to confirm."""
    del standing, line
    return Refusal(Phrase("refused.not_a_challenge"))
