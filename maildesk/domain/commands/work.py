"""Commands that move the work on: who owns the case, what was found, what was noted."""

from maildesk.domain.case import Assessment, Case, Milestone
from maildesk.domain.commands.grammar import CommandLine, named_values
from maildesk.domain.commands.registry import WAITING, Effect, Proof, Refusal, Standing, command
from maildesk.domain.events import (
    Assessed,
    Event,
    LetterRecalled,
    LetterWritten,
    MilestoneLost,
    MilestoneReached,
    Noted,
    OwnerNamed,
    StatusMoved,
)
from maildesk.domain.letter import LetterKind
from maildesk.domain.lifecycle import Trigger, follow
from maildesk.domain.numbers import Numbered
from maildesk.domain.opening import given_to
from maildesk.domain.phrases import Phrase
from maildesk.domain.policy import DeskPolicy, Person


def moved(case: Case, trigger: Trigger) -> tuple[Event, ...] | None:
    """The event that the trigger causes, none where the status stays; None where the table forbids it."""
    status = follow(case.status, trigger)
    if status is None:
        return None
    return () if status is case.status else (StatusMoved(status),)


def in_wrong_status(standing: Standing, line: CommandLine) -> Refusal:
    """The refusal of a command that the case's status does not allow."""
    status = standing.case.status if standing.case else ""
    return Refusal(Phrase("refused.status", (f"#{line.word}", status)))


def people_named(policy: DeskPolicy, words: str) -> tuple[Person, ...]:
    """The staff whom the words name: by key, address or part of the name; an exact match wins alone."""
    wanted = words.strip(" \t@.,;:!").lower()
    if not wanted:
        return ()
    exact = tuple(p for p in policy.staff if wanted in (p.key.lower(), p.name.lower()) or p.writes_from(wanted))
    if exact:
        return exact
    return tuple(p for p in policy.staff if wanted in p.name.lower().split())


@command("#take", "#take", "übernehmen", "nehmen")
def take(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """The sender becomes the owner."""
    case = standing.the_case
    events = moved(case, Trigger.TAKE)
    if events is None:
        return in_wrong_status(standing, line)
    if case.owner == standing.person.key:
        return Effect(Phrase("refused.already", (standing.person.name,)))
    return Effect(Phrase("take.done"), (OwnerNamed(standing.person.key), *events))


@command("#assign <person>", "#assign anna", "zuweisen", "geben")
def assign(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """Somebody else becomes the owner, and is told."""
    case = standing.the_case
    if not line.value:
        return Refusal(Phrase("refused.needs_value", ("#assign", "#assign <person>")))
    found = people_named(standing.policy, line.value)
    if len(found) != 1:
        if not found:
            return Refusal(Phrase("refused.unknown_person", (line.value,)))
        return Refusal(Phrase("refused.ambiguous_person", (line.value, ", ".join(p.name for p in found))))
    events = moved(case, Trigger.TAKE)
    if events is None:
        return in_wrong_status(standing, line)
    text: tuple[Event, ...] = (Noted(standing.message, line.text),) if line.text else ()
    if case.owner == found[0].key:
        return Effect(Phrase("refused.already", (found[0].name,)), text)
    told: tuple[Numbered, ...] = ()
    if found[0].key != standing.person.key:
        told = (given_to(found[0], case, standing.person, line.text, standing.numbers),)
    return Effect(Phrase("assign.done", (found[0].name,)), (OwnerNamed(found[0].key), *events, *text), told)


@command("#note <text>", "#note Called the depot, they will look for the parcel.", "notiz", works_closed=False)
def note(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """A private note, never sent."""
    if not line.words:
        return Refusal(Phrase("refused.needs_text", ("#note",)))
    return Effect(Phrase("note.done"), (Noted(standing.message, line.words),))


_FIELDS = {
    "severity": "severity",
    "schwere": "severity",
    "safety": "safety",
    "sicherheit": "safety",
    "complexity": "complexity",
    "komplexität": "complexity",
    "impact": "impact",
    "auswirkung": "impact",
    "immediate": "immediate_action",
    "sofort": "immediate_action",
}
_ASSESS = "#assess severity=… safety=… complexity=… impact=… immediate=…"


@command(_ASSESS, '#assess severity=high safety=no impact="no heating"', "bewerten", "einschätzen")
def assess(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """The initial assessment of ISO 10002 clause 7.5; what is not named stays as it was."""
    case = standing.the_case
    pairs = named_values(line.words)
    if not pairs:
        return Refusal(Phrase("refused.needs_value", ("#assess", _ASSESS)))
    unknown = [name for name, _ in pairs if name not in _FIELDS]
    if unknown:
        return Refusal(Phrase("refused.unknown_field", (", ".join(unknown), _ASSESS.removeprefix("#assess "))))
    events = moved(case, Trigger.ASSESS)
    if events is None:
        return in_wrong_status(standing, line)
    before: Assessment = case.assessment
    given = {_FIELDS[name]: value for name, value in pairs}
    merged = {name: given.get(name, getattr(before, name)) for name in Assessment.__slots__}
    reached = MilestoneReached(Milestone.ASSESSED, standing.now, standing.message)
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in given.items())
    return Effect(Phrase("assess.done", (said,)), (Assessed(**merged), reached, *events))


@command("#reopen", "#reopen", "öffnen", "wiederöffnen", proof=Proof.STRONG, works_closed=True)
def reopen(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """A closed case goes on; a closing letter that has not left yet does not leave any more."""
    case = standing.the_case
    events = moved(case, Trigger.REOPEN)
    if events is None:
        return in_wrong_status(standing, line)
    stopped = _held_closings(standing)
    text: tuple[Event, ...] = (Noted(standing.message, line.words),) if line.words else ()
    said = Phrase("reopen.done_in_time" if stopped else "reopen.done")
    happened = (*events, MilestoneLost(Milestone.CLOSED), *map(LetterRecalled, stopped), *text)
    return Effect(said, happened, recalls=stopped)


def _held_closings(standing: Standing) -> tuple[int, ...]:
    """The closing letters that still wait."""
    events = (row.event for row in standing.lookups.history)
    closings = (e.letter for e in events if isinstance(e, LetterWritten) and e.kind is LetterKind.CLOSING)
    return tuple(letter for letter in closings if standing.lookups.letter_states.get(letter) in WAITING)
