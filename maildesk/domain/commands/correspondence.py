"""Commands that write to the complainant: reply, ask, respond, close. Each needs strong proof, each letter is held."""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from maildesk.domain.addressed import to_party
from maildesk.domain.case import Case, Milestone, Outcome, Remedy
from maildesk.domain.commands.grammar import CommandLine
from maildesk.domain.commands.registry import Effect, Proof, Refusal, Standing, command
from maildesk.domain.commands.work import in_wrong_status, moved
from maildesk.domain.events import Decided, Event, LetterWritten, MilestoneReached
from maildesk.domain.letter import ClosingGiven, Content, DecisionGiven, LetterKind, Written
from maildesk.domain.lifecycle import CLOSING_DEMANDS, Demand, Trigger, unmet
from maildesk.domain.numbers import Numbered
from maildesk.domain.phrases import Phrase

OUTCOME_WORDS: Mapping[str, Outcome] = MappingProxyType(
    {
        **{outcome.value: outcome for outcome in Outcome},
        "partly": Outcome.PARTLY_UPHELD,
        "partially upheld": Outcome.PARTLY_UPHELD,
        "rejected": Outcome.NOT_UPHELD,
        "begründet": Outcome.UPHELD,
        "berechtigt": Outcome.UPHELD,
        "teilweise begründet": Outcome.PARTLY_UPHELD,
        "teilweise berechtigt": Outcome.PARTLY_UPHELD,
        "teilweise": Outcome.PARTLY_UPHELD,
        "unbegründet": Outcome.NOT_UPHELD,
        "nicht begründet": Outcome.NOT_UPHELD,
        "nicht berechtigt": Outcome.NOT_UPHELD,
        "zurückgezogen": Outcome.WITHDRAWN,
        "keine beschwerde": Outcome.NOT_A_COMPLAINT,
        "keine antwort": Outcome.NO_ANSWER,
    }
)
_NOW = ("now", "jetzt", "sofort")
_REMEDY = re.compile(r"^\s*(?:remedy|abhilfe)\s*:\s*(\S.*)$", re.IGNORECASE)


def to_complainant(standing: Standing, kind: LetterKind, content: Content, *, is_urgent: bool) -> Numbered | None:
    """A letter in the complainant's language, threaded under their last mail; None where they have no address."""
    case = standing.the_case
    party = case.reachable_complainant(standing.lookups.unreachable)
    if party is None:
        return None
    letter = replace(
        to_party(party, kind, content, case, standing.policy),
        in_reply_to=standing.thread[0] if standing.thread else None,
        references=tuple(reversed(standing.thread)),
        hold_seconds=0 if is_urgent else standing.policy.hold_seconds,
        due_at=case.due_at if case.due_at and case.due_at > standing.now else None,
        enclosures=() if kind is LetterKind.CLOSING else standing.enclosures,
    )
    return Numbered(next(standing.numbers.ids), letter)


def words_and_haste(line: CommandLine) -> tuple[str, bool]:
    """The command's free words, and whether `now` stands alone on its line: then nothing is held."""
    if line.value.lower().rstrip(".!:") in _NOW:
        return line.text, True
    return line.words, False


def _written(numbered: Numbered) -> LetterWritten:
    return LetterWritten(numbered.id, numbered.letter.kind, numbered.letter.to.address)


def _send_words(standing: Standing, line: CommandLine, kind: LetterKind, trigger: Trigger) -> Effect | Refusal:
    text, is_urgent = words_and_haste(line)
    if not text:
        return Refusal(Phrase("refused.needs_text", (f"#{line.word}",)))
    events = moved(standing.the_case, trigger)
    if events is None:
        return in_wrong_status(standing, line)
    numbered = to_complainant(standing, kind, Written(text), is_urgent=is_urgent)
    if numbered is None:
        return Refusal(Phrase("refused.no_complainant"))
    said = Phrase("ask.done" if kind is LetterKind.QUESTION else "reply.done", (numbered.letter.to.address,))
    return Effect(said, (_written(numbered), *events), (numbered,))


@command("#reply [now] <text>", "#reply We found your parcel and will bring it on Friday.", "antwort", "antworten",
         proof=Proof.STRONG)  # fmt: skip
def reply(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """A letter in the handler's own words."""
    return _send_words(standing, line, LetterKind.REPLY, Trigger.REPLY)


@command("#ask [now] <question>", "#ask What is the number on the invoice?", "frage", "fragen", proof=Proof.STRONG)
def ask(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """A question; the case waits for the answer."""
    return _send_words(standing, line, LetterKind.QUESTION, Trigger.ASK)


def outcome_named(words: str) -> Outcome | None:
    """The outcome that the words name, in English or German."""
    return OUTCOME_WORDS.get(" ".join(words.replace("-", " ").replace("_", " ").lower().split()).rstrip(".:"))


def outcome_words(line: CommandLine) -> tuple[str, str, bool]:
    """The words that name the outcome, the free words behind a colon or on the lines under it, and the haste."""
    head, _, tail = line.value.partition(":")
    if tail.strip().lower() in _NOW:
        head, tail = f"{head} {tail}", ""
    words = head.split()
    is_urgent = bool(words) and words[-1].lower() in _NOW
    named = " ".join(words[:-1] if is_urgent else words)
    return named, "\n".join(part for part in (tail.strip(), line.text) if part), is_urgent


def split_reasons(text: str) -> tuple[str, tuple[Remedy, ...]]:
    """The reasons, and the remedies of the lines that begin with `remedy:`."""
    reasons: list[str] = []
    remedies: list[Remedy] = []
    for line in text.splitlines():
        found = _REMEDY.match(line)
        if found:
            remedies.append(Remedy(found[1].strip()))
        else:
            reasons.append(line)
    return "\n".join(reasons).strip(), tuple(remedies)


def _unknown_outcome(value: str) -> Refusal:
    return Refusal(Phrase("refused.unknown_outcome", (value or "–", ", ".join(outcome.value for outcome in Outcome))))


_RESPOND = "#respond <outcome> [now]: <reasons> [remedy: …]"


@command(_RESPOND, "#respond upheld\nThe parcel was left in the rain.\nremedy: refund of 40 EUR", "entscheid",
         "bescheid", proof=Proof.STRONG)  # fmt: skip
def respond(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """The decision (ISO 10002 clause 7.8): outcome, reasons, remedies, sent as the resolution notice."""
    case = standing.the_case
    named, text, is_urgent = outcome_words(line)
    outcome = outcome_named(named)
    if outcome is None:
        return _unknown_outcome(line.value)
    reasons, remedies = split_reasons(text)
    if not reasons:
        return Refusal(Phrase("refused.needs_text", ("#respond",)))
    events = moved(case, Trigger.RESPOND)
    if events is None:
        return in_wrong_status(standing, line)
    content = DecisionGiven(outcome, reasons, remedies)
    numbered = to_complainant(standing, LetterKind.DECISION, content, is_urgent=is_urgent)
    if numbered is None:
        return Refusal(Phrase("refused.no_complainant"))
    happened = (Decided(outcome, remedies, reasons), _written(numbered), *events)
    return Effect(Phrase("respond.done", (outcome, numbered.letter.to.address)), happened, (numbered,))


@command("#close [outcome] [now]: [reasons]", "#close withdrawn\nYou told us that you found the parcel.", "schließen",
         "abschließen", proof=Proof.STRONG)  # fmt: skip
def close(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """The end of the case, once its closing demands are met; the complainant is told."""
    case = standing.the_case
    named, text, is_urgent = outcome_words(line)
    outcome = outcome_named(named) if named else case.outcome
    if named and outcome is None:
        return _unknown_outcome(named)
    decided, closing = _as_decided(case, outcome, text)
    missing = unmet(closing) or _untold(decided)
    if missing:
        return Refusal(Phrase(missing[0]))
    events = moved(case, Trigger.CLOSE)
    if events is None or outcome is None:
        return in_wrong_status(standing, line)
    happened: tuple[Event, ...] = (
        *decided,
        *events,
        MilestoneReached(Milestone.CLOSED, standing.now, standing.message),
    )
    content = ClosingGiven(outcome, closing.reasons if decided else "", "" if decided else text)
    numbered = to_complainant(standing, LetterKind.CLOSING, content, is_urgent=is_urgent)
    if numbered is None:
        return Effect(Phrase("close.done_silently", (outcome,)), happened)
    return Effect(Phrase("close.done", (outcome,)), (*happened, _written(numbered)), (numbered,))


def _as_decided(case: Case, outcome: Outcome | None, text: str) -> tuple[tuple[Decided, ...], Case]:
    """The decision that `#close` itself brings, and the case as it would then be."""
    if outcome is None or outcome is case.outcome:
        return (), case
    reasons, remedies = split_reasons(text)
    decided = Decided(outcome, remedies or case.remedies, reasons)
    return (decided,), replace(case, outcome=outcome, reasons=decided.reasons, remedies=decided.remedies)


def _untold(decided: tuple[Decided, ...]) -> tuple[Demand, ...]:
    """The response that is still owed: whoever was told another outcome, or none, was not told this one."""
    return tuple(Demand.RESPONSE for d in decided if d.outcome and Demand.RESPONSE in CLOSING_DEMANDS[d.outcome])
