"""Taking a mail's commands back, as long as nothing was built on them, and confirming a challenge."""

from dataclasses import dataclass

from maildesk.domain.case import Assessment, Case
from maildesk.domain.commands.grammar import CommandLine
from maildesk.domain.commands.reading import who
from maildesk.domain.commands.registry import Effect, Refusal, Standing, command
from maildesk.domain.events import (
    Assessed,
    Decided,
    Event,
    LetterRecalled,
    LetterWritten,
    MilestoneLost,
    MilestoneReached,
    OwnerNamed,
    PartyAdded,
    PartyRemoved,
    Recorded,
    StatusMoved,
    Undone,
    kind_of,
    replay,
)
from maildesk.domain.phrases import Phrase

_BUILDS = (Assessed, Decided, OwnerNamed, StatusMoved, PartyAdded, PartyRemoved)
_TAKEN_BACK = ("held", "draft")


@dataclass(frozen=True, slots=True)
class _Span:
    """The events of one mail's commands: the rows, and the history before and after them."""

    rows: tuple[Recorded, ...]
    before: tuple[Recorded, ...]
    after: tuple[Recorded, ...]


@command("#undo", "#undo", "zurück", "rückgängig")
def undo(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """The commands of one's last mail, or of the mail whose transcript is answered, are taken back."""
    del line
    span = _span(standing)
    if span is None:
        return Refusal(Phrase("refused.nothing_to_undo"))
    author = span.rows[0].by
    if author != f"staff:{standing.person.key}":
        return Refusal(Phrase("refused.undo_other", (who(author, standing.policy),)))
    built = next((row for row in span.after if isinstance(row.event, _BUILDS)), None)
    if built is not None:
        return Refusal(Phrase("refused.undo_built_on", (f"{kind_of(built.event)} ({who(built.by, standing.policy)})",)))
    letters = tuple(row.event for row in span.rows if isinstance(row.event, LetterWritten))
    states = standing.lookups.letter_states
    gone = next((letter for letter in letters if states.get(letter.letter, "") not in _TAKEN_BACK), None)
    if gone is not None:
        return Refusal(Phrase("refused.undo_sent", (gone.kind,)))
    before = replay(standing.the_case.id, [row.event for row in span.before])
    recalled = tuple(LetterRecalled(letter.letter) for letter in letters)
    cause = span.rows[0].cause or 0
    events = (*_differences(before, standing.the_case), *recalled, Undone(cause))
    said = Phrase("undo.done", (str(len(span.rows)), str(len(letters))))
    return Effect(said, events, recalls=tuple(letter.letter for letter in letters))


def _span(standing: Standing) -> _Span | None:
    """The events of the mail to take back, cut out of the history."""
    history = standing.lookups.history
    undone = {row.event.message for row in history if isinstance(row.event, Undone)}
    wanted = standing.undo_of
    own = [
        row
        for row in history
        if row.by.startswith("staff:")
        and row.cause not in undone
        and row.cause is not None
        and kind_of(row.event) != "MessageFiled"
    ]
    causes = [row.cause for row in own if wanted is None or row.cause == wanted]
    if not causes:
        return None
    rows = tuple(row for row in own if row.cause == causes[-1])
    first, last = rows[0].seq, rows[-1].seq
    before = tuple(row for row in history if row.seq < first)
    return _Span(rows, before, tuple(row for row in history if row.seq > last))


def _differences(before: Case, now: Case) -> tuple[Event, ...]:
    """The events that lead from the case as it is back to what it was."""
    events: list[Event] = []
    if before.status is not now.status:
        events.append(StatusMoved(before.status))
    if before.owner != now.owner:
        events.append(OwnerNamed(before.owner))
    if before.assessment != now.assessment:
        events.append(Assessed(**{name: getattr(before.assessment, name) for name in Assessment.__slots__}))
    if (before.outcome, before.reasons, before.remedies) != (now.outcome, now.reasons, now.remedies):
        events.append(Decided(before.outcome, before.remedies, before.reasons))
    events += [PartyRemoved(party.address) for party in now.parties if party not in before.parties]
    events += [PartyAdded(p.role, p.address, p.name) for p in before.parties if p not in now.parties]
    events += [MilestoneLost(r.milestone) for r in now.milestones if r not in before.milestones]
    events += [MilestoneReached(r.milestone, r.at, r.proof) for r in before.milestones if r not in now.milestones]
    return tuple(events)


@command("#confirm", "#confirm", "bestätigen", needs_case=False, works_closed=True)
def confirm(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """The answer to a challenge; anywhere else it has nothing to confirm."""
    del standing, line
    return Refusal(Phrase("refused.not_a_challenge"))
