"""The registry of commands: what each is called, needs and does, as data. `#help` and the documents come from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum

from maildesk.domain.case import Case
from maildesk.domain.commands.grammar import CommandLine
from maildesk.domain.events import Event, Recorded
from maildesk.domain.letter import CaseLine, CaseSheet, CommandHelp, Enclosure
from maildesk.domain.message import Message
from maildesk.domain.numbers import Numbered, Numbers
from maildesk.domain.phrases import Phrase
from maildesk.domain.policy import DeskPolicy, Person, StaffRole


class Proof(StrEnum):
    """What a command demands of its sender (DESIGN section 6)."""

    TOKEN = "reply address and matching From"  # noqa: S105 - words, no password
    STRONG = "reply address, matching From, and authenticity or a confirmed challenge"


@dataclass(frozen=True, slots=True)
class Unverified:
    """A mail that lies on the case and whose sender is no party: `#add` and `#newcase` speak of it."""

    message: int
    mail: Message
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Lookups:
    """What only some commands need, fetched before deciding: only for the words that stand in the mail.

    `unreachable` are the addresses whose last letter on the case was refused or came back.
    """

    history: tuple[Recorded, ...] = ()
    letter_states: Mapping[int, str] = field(default_factory=dict)
    mine: tuple[CaseLine, ...] = ()
    unverified: Unverified | None = None
    unreachable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a command is run: the case as the lines before left it, who runs it, and from which mail.

    `undo_of` is the mail that the transcript being answered
    speaks of. `thread` are the Message-IDs to answer to: In-Reply-To first.
    """

    case: Case | None
    person: Person
    policy: DeskPolicy
    now: datetime
    message: int
    numbers: Numbers
    lookups: Lookups
    enclosures: tuple[Enclosure, ...] = ()
    thread: tuple[str, ...] = ()
    undo_of: int | None = None

    @property
    def the_case(self) -> Case:
        """The case, for commands that are only run with one. Raises LookupError without."""
        if self.case is None:
            raise LookupError("this command was run without a case")
        return self.case


@dataclass(frozen=True, slots=True)
class Opening:
    """A case that a command opens: its snapshot, its events, and the mail that moves onto it."""

    case: Case
    events: tuple[Event, ...]
    letters: tuple[Numbered, ...]
    message: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a command does: events on its case, letters, and what is said about it."""

    said: Phrase
    events: tuple[Event, ...] = ()
    letters: tuple[Numbered, ...] = ()
    recalls: tuple[int, ...] = ()
    opening: Opening | None = None
    cases: tuple[CaseLine, ...] = ()
    sheet: CaseSheet | None = None
    commands: tuple[CommandHelp, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command did not apply, in words for the person who wrote it."""

    said: Phrase


WAITING = ("held", "draft")
"""The states of a letter that can still be stopped."""

Run = Callable[[Standing, CommandLine], Effect | Refusal]


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the language."""

    name: str
    aliases: tuple[str, ...]
    usage: str
    example: str
    role: StaffRole
    proof: Proof
    reads_only: bool
    needs_case: bool
    works_closed: bool
    run: Run

    @property
    def help(self) -> CommandHelp:
        """The command as `#help` lists it."""
        return CommandHelp(self.usage, self.example, Phrase(f"help.{self.name}"))


COMMANDS: dict[str, Command] = {}
_WORDS: dict[str, Command] = {}
_SPELLED: dict[str, str] = {}


def command(
    usage: str,
    example: str,
    *aliases: str,
    proof: Proof = Proof.TOKEN,
    role: StaffRole = StaffRole.HANDLER,
    reads_only: bool = False,
    needs_case: bool = True,
    works_closed: bool = False,
) -> Callable[[Run], Run]:
    """Register the function as the command that its usage begins with. Raises ValueError on a word that is taken."""
    name = usage.split(maxsplit=1)[0].removeprefix("#")

    def register(run: Run) -> Run:
        row = Command(name, aliases, usage, example, role, proof, reads_only, needs_case, works_closed, run)
        words = {word.casefold(): word for word in (name, *aliases)}
        for taken in words.keys() & _WORDS.keys():
            raise ValueError(f"#{taken} is registered twice")
        _WORDS.update(dict.fromkeys(words, row))
        _SPELLED.update(words)
        COMMANDS[name] = row
        return run

    return register


def find(word: str) -> Command | None:
    """The command that a word means, in English or German, in capitals or not."""
    return _WORDS.get(word.casefold())


def suggestion(word: str) -> str | None:
    """The known word that a mistyped one is nearest to."""
    return next((_SPELLED[near] for near in get_close_matches(word.casefold(), _WORDS, n=1, cutoff=0.6)), None)
