"""Running the commands of one staff mail: in order, each on what the one before left, together or not at all."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from maildesk.domain.case import Case, Status
from maildesk.domain.commands import correspondence, parties, reading, undoing, work
from maildesk.domain.commands.grammar import CommandLine, StaffMail
from maildesk.domain.commands.registry import (
    COMMANDS,
    Command,
    Effect,
    Opening,
    Proof,
    Refusal,
    Standing,
    find,
    suggestion,
)
from maildesk.domain.events import Event, Noted, apply
from maildesk.domain.letter import (
    LETTERS,
    Announced,
    Audience,
    ClosingGiven,
    Content,
    DecisionGiven,
    Transcript,
    TranscriptLine,
    Verdict,
    Written,
)
from maildesk.domain.numbers import Numbered
from maildesk.domain.phrases import Phrase

ROOMS = (work, correspondence, parties, reading, undoing)  # imported so that their commands stand in the registry


def every_command() -> tuple[Command, ...]:
    """All commands of all rooms, in the order in which a case is worked."""
    return tuple(row for room in ROOMS for row in COMMANDS.values() if row.run.__module__ == room.__name__)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a staff mail comes to: nothing but the transcript where a line was refused."""

    case: Case | None
    events: tuple[Event, ...]
    letters: tuple[Numbered, ...]
    recalls: tuple[int, ...]
    openings: tuple[Opening, ...]
    transcript: Transcript
    has_applied: bool


def needs_strong(lines: Iterable[CommandLine]) -> bool:
    """Whether one of the lines leaves the house or costs money."""
    rows = [find(line.word) for line in lines]
    return any(row is not None and row.proof is Proof.STRONG for row in rows)


def run(standing: Standing, mail: StaffMail) -> Ran:
    """Run all lines. Prose before them becomes a private note, and the transcript says that it was not sent."""
    case, effects, lines = standing.case, list[Effect](), list[TranscriptLine]()
    if mail.has_too_many:
        refused = TranscriptLine("", Verdict.REFUSED, Phrase("refused.too_many_lines", (str(len(mail.lines)),)))
        return _nothing(standing, (refused,), mail.prose)
    for line in mail.lines:
        result = _one(replace(standing, case=case), line)
        if isinstance(result, TranscriptLine):
            lines.append(result)
            continue
        effects.append(result)
        lines.append(TranscriptLine(line.written, Verdict.DONE, result.said))
        for event in result.events:
            case = apply(case, event) if case else case
        if result.opening:  # its mail lies on the new case now; a second command must not open another
            standing = replace(standing, lookups=replace(standing.lookups, unverified=None))
    first = next((line for line in lines if line.verdict is not Verdict.DONE), None)
    if first is not None:
        undone = Phrase("refused.together", (first.line,))
        shown = tuple(
            replace(x, verdict=Verdict.NOT_APPLIED, said=undone) if x.verdict is Verdict.DONE else x for x in lines
        )
        return _nothing(standing, shown, mail.prose)
    return _applied(standing, case, tuple(effects), tuple(lines), mail.prose)


def _one(standing: Standing, line: CommandLine) -> Effect | TranscriptLine:
    """The effect of one line, or its line in the transcript that says why there is none."""
    row = find(line.word)
    if row is None:
        near = suggestion(line.word)
        said = Phrase("unknown.did_you_mean", (line.word, near)) if near else Phrase("unknown.command", (line.word,))
        return TranscriptLine(line.written, Verdict.UNKNOWN, said)
    refusal = _barred(standing, row)
    result = refusal or row.run(standing, line)
    if isinstance(result, Refusal):
        return TranscriptLine(line.written, Verdict.REFUSED, result.said)
    return result


def _barred(standing: Standing, row: Command) -> Refusal | None:
    if row.needs_case and standing.case is None:
        return Refusal(Phrase("refused.no_case", (f"#{row.name}",)))
    if standing.case and standing.case.status is Status.CLOSED and not row.works_closed:
        return Refusal(Phrase("refused.closed_token"))
    return None


def _nothing(standing: Standing, lines: tuple[TranscriptLine, ...], note: str) -> Ran:
    """Nothing applied; the prose is still kept, for words are never lost."""
    events, case = _noted(standing, standing.case, note)
    return Ran(case, events, (), (), (), Transcript(lines, note=note), has_applied=False)


def _noted(standing: Standing, case: Case | None, note: str) -> tuple[tuple[Event, ...], Case | None]:
    if not note or case is None:
        return (), case
    event = Noted(standing.message, note)
    return (event,), apply(case, event)


def _applied(
    standing: Standing, case: Case | None, effects: tuple[Effect, ...], lines: tuple[TranscriptLine, ...], note: str
) -> Ran:
    noted, case = _noted(standing, case, note)
    letters = tuple(numbered for effect in effects for numbered in effect.letters)
    openings = tuple(effect.opening for effect in effects if effect.opening)
    leaving = [numbered for numbered in (*letters, *(n for o in openings for n in o.letters)) if leaves(numbered)]
    transcript = Transcript(
        lines=lines,
        letters=tuple(announced(numbered) for numbered in leaving),
        note=note,
        cases=tuple(line for effect in effects for line in effect.cases),
        sheet=next((effect.sheet for effect in effects if effect.sheet), None),
        commands=tuple(command for effect in effects for command in effect.commands),
    )
    events = (*(event for effect in effects for event in effect.events), *noted)
    recalls = tuple(letter for effect in effects for letter in effect.recalls)
    return Ran(case, events, letters, recalls, openings, transcript, has_applied=True)


def leaves(numbered: Numbered) -> bool:
    """Whether the letter leaves the house."""
    return LETTERS[numbered.letter.kind].audience is Audience.COMPLAINANT


def announced(numbered: Numbered) -> Announced:
    """The letter as the transcript announces it."""
    letter = numbered.letter
    files = tuple(enclosure.filename for enclosure in letter.enclosures)
    return Announced(letter.kind, letter.to, letter.hold_seconds, files, words_of(letter.content))


def words_of(content: Content) -> str:
    """The handler's own words in a letter: what somebody who may still stop it wants to read again."""
    if isinstance(content, Written):
        return content.text
    if isinstance(content, DecisionGiven):
        return "\n".join((content.reasons, *(f"– {remedy.kind}" for remedy in content.remedies)))
    if isinstance(content, ClosingGiven):
        return content.text or content.reasons
    return ""
