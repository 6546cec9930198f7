"""Commands that only read: the case as a sheet, one's own cases, the list of commands."""

from datetime import datetime

from maildesk.domain.case import Case
from maildesk.domain.commands.grammar import CommandLine
from maildesk.domain.commands.registry import COMMANDS, Effect, Refusal, Standing, command
from maildesk.domain.events import Recorded, kind_of
from maildesk.domain.letter import CaseLine, CaseSheet, SheetEntry
from maildesk.domain.phrases import Phrase
from maildesk.domain.policy import DeskPolicy

_SHEET_FIELDS = (
    "status",
    "owner",
    "received_at",
    "due_at",
    "channel",
    "language",
    "subject",
    "what_happened",
    "happened_on",
    "remedy_sought",
    "product",
    "branch",
    "category",
    "people_complained_about",
    "vulnerability",
    "vulnerability_driver",
    "confidential",
    "legal_hold",
    "outcome",
    "reasons",
    "root_cause",
)
_DETAILS = ("status", "owner", "milestone", "reason", "kind", "role", "outcome", "reference", "code")
_ASSESSMENT = ("severity", "safety", "complexity", "impact", "immediate_action")
_PRIVATE_DETAILS = ("address", "text", "sender", "recipient", "reasons", "diagnostic", "answer")


@command("#show", "#show", "zeigen", reads_only=True, works_closed=True)
def show(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """The whole case: fields, parties, history."""
    del line
    return Effect(Phrase("show.done"), sheet=sheet(standing.the_case, standing.lookups.history, standing.policy))


@command("#mine", "#mine", "meine", reads_only=True, needs_case=False, works_closed=True)
def mine(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """The open cases that the sender owns, the most urgent first."""
    del line
    return Effect(Phrase("mine.done", (str(len(standing.lookups.mine)),)), cases=standing.lookups.mine)


@command("#help", "#help", "hilfe", reads_only=True, needs_case=False, works_closed=True)
def explain(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """Every command with its usage and an example."""
    del standing, line
    return Effect(Phrase("help.done"), commands=tuple(row.help for row in COMMANDS.values()))


def sheet(case: Case, history: tuple[Recorded, ...], policy: DeskPolicy) -> CaseSheet:
    """The case as `#show` prints it: only fields that are filled in."""
    owner = policy.person(case.owner)
    in_words = {
        "owner": owner.name if owner else case.owner,
        "due_at": policy.day_of(case.due_at).isoformat() if case.due_at else "",
    }
    values = tuple((name, _value(in_words.get(name, getattr(case, name)))) for name in _SHEET_FIELDS)
    assessed = tuple((name, getattr(case.assessment, name)) for name in type(case.assessment).__slots__)
    remedies = (("remedies", "; ".join(remedy.kind for remedy in case.remedies)),)
    entries = tuple(
        SheetEntry(row.at, who(row.by, policy), kind_of(row.event), details(row, policy)) for row in history
    )
    return CaseSheet(tuple((n, v) for n, v in (*values, *assessed, *remedies) if v), case.parties, entries)


def line_of(case: Case, policy: DeskPolicy, said: Phrase | None = None) -> CaseLine:
    """The case as one line of a list."""
    owner = policy.person(case.owner)
    return CaseLine(
        reference=case.reference,
        subject=case.subject,
        status=case.status,
        owner=owner.name if owner else "",
        received_at=case.received_at,
        due_at=policy.day_of(case.due_at) if case.due_at else None,
        said=said,
    )


def who(by: str, policy: DeskPolicy, unknown: str = "") -> str:
    """A person's name for `staff:<key>`, else `unknown` or the word as it is."""
    person = policy.person(by.removeprefix("staff:")) if by.startswith("staff:") else None
    return person.name if person else unknown or by


def details(row: Recorded, policy: DeskPolicy) -> tuple[tuple[str, str], ...]:
    """The values of an event that a reader wants to see beside its name, by the names of their fields."""
    names = (*_DETAILS, *_ASSESSMENT, *_PRIVATE_DETAILS)
    found = [(name, str(value)) for name in names if (value := getattr(row.event, name, None))]
    return tuple((name, who(f"staff:{value}", policy, value) if name == "owner" else value) for name, value in found)


def _value(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, bool):
        return "✓" if value else ""
    return "" if value is None else str(value)
