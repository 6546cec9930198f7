"""What the desk did with each mail, and why: read back from its database, scene by scene."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from itertools import takewhile
from zoneinfo import ZoneInfo

from maildesk import store
from maildesk.demo.cast import DESK, ZONE
from maildesk.demo.event_words import Telling, name_at
from maildesk.demo.post import Carried
from maildesk.demo.scenes import Scene
from maildesk.domain.case import Case
from maildesk.domain.decision import Disposition
from maildesk.domain.events import kind_of
from maildesk.domain.letter import LETTERS, Audience, LetterKind
from maildesk.domain.message import Authentic, Kind
from maildesk.store import cases, history, letters, messages
from maildesk.store.commit import LetterState
from maildesk.store.letters import StoredLetter
from maildesk.store.messages import StoredMessage


@dataclass(frozen=True, slots=True)
class Sheet:
    """One mail of the day. `said` are sentences on what the desk did with it and why; `case` is its reference.

    `kind` is what sort of letter of the desk it is, None for everybody else's mail; `kind_word` says it in words.
    `is_forged`: whoever sent it could not log in as its author.
    """

    number: int
    at: datetime
    mail: EmailMessage
    said: tuple[str, ...]
    case: str
    kind: LetterKind | None = None
    kind_word: str = ""
    is_forged: bool = False

    @property
    def is_from_desk(self) -> bool:
        """Whether the desk wrote it."""
        return self.kind is not None

    @property
    def sender(self) -> str:
        """The author's display name, else their address."""
        name, address = parseaddr(str(self.mail["From"]))
        return name or address

    @property
    def recipient(self) -> str:
        """The name of whom it is addressed to."""
        found = getaddresses([str(self.mail["To"])])
        return ", ".join(name or name_at(address) for name, address in found)

    @property
    def subject(self) -> str:
        """The subject, decoded, on one line."""
        return " ".join(str(self.mail["Subject"] or "").split())

    def body(self, kind: str) -> str:
        """The body of this kind, `plain` or `html`; empty where the mail has none."""
        part = self.mail.get_body((kind,))
        return str(part.get_content()) if part is not None else ""

    def parted(self) -> tuple[str, str]:
        """The text in two: what its author wrote, and the quote below it, from the line that introduces it."""
        lines = self.body("plain").splitlines()
        quote = next((at for at, line in enumerate(lines) if line.startswith(">")), len(lines) + 1)
        begin = max(0, quote - 1)
        return "\n".join(lines[:begin]).strip(), "\n".join(lines[begin:]).strip()

    def new_words(self) -> list[str]:
        """The lines that its author wrote, without blank ones, signature and quote."""
        lines = takewhile(lambda line: line.rstrip() != "--", self.parted()[0].splitlines())
        return [line for line in lines if line.strip()]

    def lines_with(self, words: str) -> list[str]:
        """The lines of the text in which these words stand."""
        return [line.strip() for line in self.body("plain").splitlines() if words in line]


@dataclass(frozen=True, slots=True)
class Line:
    """One event of a case in words."""

    at: datetime
    by: str
    kind: str
    said: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case as it stood after a scene; the scene's own events are the new lines."""

    case: Case
    status: str
    owner: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A scene and what came of it: its mails, the cases that it moved, and the letters that wait after it."""

    scene: Scene
    sheets: tuple[Sheet, ...]
    files: tuple[CaseFile, ...]
    held: tuple[str, ...]

    @property
    def key(self) -> Sheet | None:
        """The mail that matters most."""
        chosen = [sheet for sheet in self.sheets if sheet.kind is self.scene.key]
        return next(iter(chosen or self.sheets), None)


@dataclass(slots=True)
class Chronicle:
    """Follows the play. Mutable: it remembers up to where it has read."""

    told: Telling
    _sheets: int = 0
    _seqs: dict[int, int] = field(default_factory=dict)

    async def passage(self, scene: Scene, carried: Sequence[Carried]) -> Passage:
        """What came of the scene that has just been played; `carried` is every mail so far."""
        sheets = await self._new_sheets(carried)
        return Passage(scene, sheets, await self._moved_files(), await _held(self.told))

    async def _new_sheets(self, carried: Sequence[Carried]) -> tuple[Sheet, ...]:
        known = {row.message_id: row for row in await letters.listing()}
        new = [await self._sheet(number, one, known) for number, one in enumerate(carried, 1) if number > self._sheets]
        self._sheets = len(carried)
        return tuple(new)

    async def _moved_files(self) -> tuple[CaseFile, ...]:
        moved = [case for case in await cases.find() if case.seq > self._seqs.get(case.id, 0)]
        files = tuple([await self._case_file(case) for case in moved])
        self._seqs |= {case.id: case.seq for case in moved}
        return files

    async def _case_file(self, case: Case) -> CaseFile:
        seen = self._seqs.get(case.id, 0)
        lines = tuple(
            Line(
                at=row.at.astimezone(ZoneInfo(ZONE)),
                by=self.told.by(row.by),
                kind=kind_of(row.event),
                said=self.told.say(row.event),
                is_new=row.seq > seen,
            )
            for row in await history.read(case.id)
        )
        return CaseFile(case, self.told.status(case.status), self.told.person(case.owner), lines)

    async def _sheet(self, number: int, carried: Carried, known: dict[str, StoredLetter]) -> Sheet:
        mail = carried.message
        ident = str(mail["Message-ID"])
        letter = known.get(ident)
        if letter is not None and carried.login == DESK.address:
            case = await _reference(letter.case)
            said, word = tuple(self._of_letter(letter)), self.told.kind(letter.kind)
            return Sheet(number, self._local(carried), mail, said, case, letter.kind, word)
        stored = await _message_with(ident)
        said = tuple(self._of_message(stored, await _reference(stored.case))) if stored else ()
        case = await _reference(stored.case) if stored else ""
        is_forged = bool(carried.sender) and not carried.login
        return Sheet(number, self._local(carried), mail, said, case, is_forged=is_forged)

    @staticmethod
    def _local(carried: Carried) -> datetime:
        return carried.at.astimezone(ZoneInfo(ZONE))

    def _of_letter(self, letter: StoredLetter) -> Iterable[str]:
        keyword = LETTERS[letter.kind].auto_submitted
        if LETTERS[letter.kind].audience is not Audience.COMPLAINANT:
            yield f"It goes to {name_at(letter.recipient)}’s registered address and nowhere else."
        elif not keyword:
            yield "The words are the handler’s; the frame around them is the desk’s."
        if keyword:
            yield f"It is marked “Auto-Submitted: {keyword}”, so that no machine answers it."

    def _of_message(self, stored: StoredMessage, case: str) -> Iterable[str]:
        yield self._filed(stored, case)
        message = stored.message
        if message.kind is not Kind.HUMAN:
            yield f"No person wrote it (rule: {message.rule}). Its sender gets no answer."
        elif message.authenticity.verdict is Authentic.PASS:
            yield f"The sender is proved: {message.authenticity.why}."
        else:
            yield f"The sender is not proved: {message.authenticity.why}."

    def _filed(self, stored: StoredMessage, case: str) -> str:
        why = self.told.filed(stored.reason)
        verb = {
            Disposition.OPENED: f"The desk opens case {case}",
            Disposition.FILED: f"The desk files it on case {case}",
            Disposition.SHELVED: "The desk puts it on the shelf for a person to look at",
        }.get(stored.disposition, "The desk notes it")
        return f"{verb}: {why}."


async def _reference(case: int | None) -> str:
    known = await cases.load([case]) if case is not None else {}
    return next((found.reference for found in known.values()), "")


async def _message_with(message_id: str) -> StoredMessage | None:
    """What was read of the mail with this Message-ID."""
    rows = await store.connection.run("SELECT id FROM message WHERE message_id = ?", message_id)
    return await messages.message(rows[0]["id"]) if rows else None


async def _held(told: Telling) -> tuple[str, ...]:
    """The letters that wait for their hold to end, in words."""
    rows = await letters.listing(states=[LetterState.HELD])
    return tuple(
        f"The {told.kind(row.kind)} to {name_at(row.recipient)} is held until "
        f"{row.release_at.astimezone(ZoneInfo(ZONE)):%H:%M}."
        for row in rows
        if row.release_at
    )
