"""What happened to a case, in a sentence for somebody who has never seen the program."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from maildesk.demo.cast import ZONE, player_at
from maildesk.domain import events
from maildesk.letters.folders import PHRASES_FILE, template_dir
from maildesk.letters.words import Words, load


@dataclass(frozen=True, slots=True)
class Telling:
    """What the sentences need beyond the event: the letters' own words, and the staff by their keys."""

    words: Words
    staff: Mapping[str, str]

    def kind(self, value: str) -> str:
        """A letter's kind in words."""
        return self.words.name_of(value, "letter")

    def filed(self, reason: str) -> str:
        """Why a mail was filed where it was, as half a sentence."""
        return self.words.name_of(reason, "filed")

    def status(self, value: str) -> str:
        """A status in words."""
        return self.words.name_of(value, "status")

    def person(self, key: str | None) -> str:
        """A person of the staff by their key."""
        return self.staff.get(key or "", key or "nobody")

    def by(self, by: str) -> str:
        """Who caused an event, as the reader knows them."""
        who, _, key = by.partition(":")
        named = {"staff": self.person(key), "claimed": f"somebody as {self.person(key)}"}
        return named.get(who, "the desk" if who in ("desk", "clock") else f"the {who}")

    def say(self, event: events.Event) -> str:
        """The sentence."""
        return SENTENCES[type(event)](event, self)


def telling(staff: Mapping[str, str]) -> Telling:
    """The English words, with these names."""
    return Telling(load((template_dir() / "en" / PHRASES_FILE,)), staff)


def day_of(at: datetime) -> str:
    """A day as people write it, in the desk's zone."""
    local = at.astimezone(ZoneInfo(ZONE))
    return f"{local.day} {local:%B %Y}"


def name_at(address: str) -> str:
    """The player's name, or the address where nobody of the play has it."""
    player = player_at(address) if "@" in address else None
    return player.name if player else address


def short(text: str, length: int = 160) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[:length].rsplit(' ', 1)[0]} …"


def _opened(event: events.Opened, _: Telling) -> str:
    due = f" An answer is due by {day_of(event.due_at)}." if event.due_at else ""
    return f"Case {event.reference} is opened.{due}"


def _message_filed(event: events.MessageFiled, told: Telling) -> str:
    who, _, key = event.standing.partition(":")
    if who == "claimed":
        return f"A mail that claims to be from {told.person(key)} is kept. Nothing in it is carried out."
    sender = told.person(key) if who == "staff" else name_at(event.sender) or "a mail system"
    kept = "An automatic mail" if who == "automatic" else "A mail"
    return f"{kept} from {sender} is filed here: {told.filed(event.reason)}."


def _letter_written(event: events.LetterWritten, told: Telling) -> str:
    return f"The {told.kind(event.kind)} to {name_at(event.recipient)} is written."


def _decided(event: events.Decided, _: Telling) -> str:
    if event.outcome is None:
        return "The decision is taken back."
    remedies = "; ".join(remedy.kind for remedy in event.remedies)
    return f"Decided: {event.outcome}." + (f" Put right by: {remedies}." if remedies else "")


def _assessed(event: events.Assessed, _: Telling) -> str:
    named = {name: getattr(event, name) for name in ("severity", "safety", "complexity", "impact")}
    return "Assessed: " + ", ".join(f"{name} {value}" for name, value in named.items() if value) + "."


SENTENCES: Mapping[type[Any], Callable[[Any, Telling], str]] = MappingProxyType(
    {
        events.Opened: _opened,
        events.PartyAdded: lambda event, _: f"{event.name or event.address} belongs to the case as {event.role}.",
        events.PartyRemoved: lambda event, _: f"{event.address} belongs to the case no longer.",
        events.MessageFiled: _message_filed,
        events.StatusMoved: lambda event, told: f"The case is now {told.status(event.status)}.",
        events.OwnerNamed: lambda event, told: f"{told.person(event.owner)} owns the case.",
        events.Assessed: _assessed,
        events.Noted: lambda event, _: f"Private note: “{short(event.text)}”",
        events.Decided: _decided,
        events.MilestoneReached: lambda event, _: f"Milestone reached: {event.milestone.value}.",
        events.MilestoneLost: lambda event, _: f"Milestone taken back: {event.milestone.value}.",
        events.LetterWritten: _letter_written,
        events.LetterRecalled: lambda _, __: "A held letter is taken back.",
        events.LetterAccepted: lambda event, told: f"The mail server takes the {told.kind(event.kind)}.",
        events.LetterRefused: lambda event, told: f"The {told.kind(event.kind)} is refused: {event.answer}.",
        events.LetterBounced: lambda event, told: f"The {told.kind(event.kind)} comes back: {event.diagnostic}.",
        events.CasesRefer: lambda _, __: "Another case refers to this one.",
        events.Undone: lambda _, __: "The commands of a mail are taken back.",
    }
)
