"""What only some mails need looked up: a case's history for `#show` and `#undo`, one's cases for `#mine`, and so on."""

from dataclasses import dataclass, replace

from maildesk.domain.commands.grammar import parse
from maildesk.domain.commands.reading import line_of
from maildesk.domain.commands.registry import Lookups, Unverified, find
from maildesk.domain.decision import Challenged, Situation
from maildesk.domain.letter import CaseLine, Purpose
from maildesk.domain.message import Message
from maildesk.store import cases, history, letters, messages, outbox

_HISTORY = frozenset({"show", "undo", "reopen"})
_LETTER_STATES = frozenset({"undo", "reopen"})
_WRITES = frozenset({"reply", "ask", "respond", "close"})
_UNVERIFIED = frozenset({"add", "newcase"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a mail may need: the names of its commands, and the message that a challenge speaks of."""

    commands: frozenset[str] = frozenset()
    challenged: int | None = None

    @classmethod
    def of(cls, situation: Situation) -> "Wanted":
        """What this mail may need: nothing, unless it comes from somebody who may command."""
        row, sender = situation.filing.address, situation.message.sender
        is_staff = row is not None and row.purpose in (Purpose.STAFF, Purpose.CHALLENGE)
        if not is_staff and not (sender and situation.policy.person_at(sender.address)):
            return cls()
        challenged = row.about if row is not None and row.purpose is Purpose.CHALLENGE else None
        return cls(_commands(situation.message), challenged)


def _commands(message: Message) -> frozenset[str]:
    rows = (find(line.word) for line in parse(message.visible_text).lines)
    return frozenset(row.name for row in rows if row)


async def look_up(situation: Situation, wanted: Wanted) -> Situation:
    """The situation with everything that its commands need."""
    if not wanted.commands and wanted.challenged is None:
        return situation
    challenged = None
    if wanted.challenged is not None:
        stored = await messages.message(wanted.challenged)
        if stored is not None:
            challenged = Challenged(stored.id, stored.message)
            wanted = Wanted(wanted.commands | _commands(stored.message), wanted.challenged)
    return replace(
        situation,
        lookups=await _lookups(situation, wanted),
        thread=await messages.thread_of(situation.case.id) if situation.case else (),
        challenged=challenged,
    )


async def _lookups(situation: Situation, wanted: Wanted) -> Lookups:
    case, policy = situation.case, situation.policy
    wants_history = case is not None and bool(wanted.commands & _HISTORY)
    mine: tuple[CaseLine, ...] = ()
    row = situation.filing.address
    if "mine" in wanted.commands and row is not None:
        owned = await cases.open_of(row.person)
        mine = tuple(line_of(one, policy) for one in sorted(owned, key=lambda c: (c.due_at is None, c.due_at)))
    unverified = None
    if case is not None and wanted.commands & _UNVERIFIED:
        stored = await messages.unverified_of(case.id)
        unverified = Unverified(stored.id, stored.message, stored.received_at) if stored else None
    return Lookups(
        history=tuple(await history.read(case.id)) if case and wants_history else (),
        letter_states=await outbox.states_of(case.id) if case and wanted.commands & _LETTER_STATES else {},
        mine=mine,
        unreachable=await letters.unreachable_of(case.id) if case and wanted.commands & _WRITES else frozenset(),
        unverified=unverified,
    )
