"""Somebody who is not of the staff commands in each way that we know, and somebody asks who has a case here.

Counted at the sink and in the cases: nothing moves, nobody outside hears of it, a question goes to registered
addresses only, and an answer does not tell whether a reference exists.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage

from living import LivingDesk, living, mail, parsed, settings_for, text_of
from servers.sink import Sink

from faults.attack_forgeries import ANNA, BERT, HOLD, MIA, STRANGER, Forge, Scene, proved_command, ways, work_off
from faults.table import Broken, Ground, Line, Scale
from maildesk.domain.case import Case
from maildesk.domain.events import kind_of
from maildesk.store import history

REGISTERED = {ANNA, BERT, MIA}
WITHOUT_EFFECT = {"MessageFiled", "Noted", "CasesRefer"}  # mail filed, words kept, a case of another that names it
DAY = timedelta(hours=25)  # after which an unanswered challenge no longer counts


@dataclass(frozen=True, slots=True)
class Found:
    """What a way of commanding came to."""

    mails: int
    moved: int
    events: tuple[str, ...]
    outside: int
    unregistered: int
    challenges: int


def section(ground: Ground, scale: Scale) -> Iterator[Broken]:
    """Forged staff, each way as a row; then what a stranger is told."""
    yield from asyncio.run(_forged(ground))
    yield asyncio.run(_asked(ground))


@asynccontextmanager
async def _desk(ground: Ground) -> AsyncIterator[LivingDesk]:
    sink = Sink()
    settings = settings_for(ground.folder(), ground.dovecot, sink.port, ground.user("complaints"))
    try:
        async with living(settings, ground.dovecot, sink) as desk:
            yield desk
    finally:
        sink.stop()


async def _forged(ground: Ground) -> list[Broken]:
    rows = []
    async with _desk(ground) as desk:
        other = await _opened(desk, "lee@example.com")
        people = {f"kay{number}@example.com": way for number, way in enumerate(ways())}
        for complainant in people:
            await _complain(desk, complainant)
        for complainant, (what, forge) in people.items():
            scene = await _scene(desk, complainant, other)
            rows.append(_row(what, await _tried(scene, forge)))
            desk.clock.push(DAY)
        honest = await _tried(await _scene(desk, await _complain(desk, "sam@example.com"), other), proved_command)
        rows.append(_row_of_the_honest(honest))
    return rows


async def _complain(desk: LivingDesk, complainant: str) -> str:
    """Write to the desk; who wrote."""
    words = f"The matter of {complainant} rests."
    await desk.deliver(mail(complainant, f"Bins of {complainant}", words, to=desk.desk.address), complainant)
    return complainant


async def _opened(desk: LivingDesk, complainant: str) -> EmailMessage:
    """The notice of a new case of this complainant."""
    await _complain(desk, complainant)
    return await _notice(desk, complainant)


async def _notice(desk: LivingDesk, complainant: str) -> EmailMessage:
    return await desk.letter(ANNA, "New complaint", f"The matter of {complainant} rests.")


async def _scene(desk: LivingDesk, complainant: str, other: EmailMessage) -> Scene:
    notice = await _notice(desk, complainant)
    return Scene(desk, complainant, await desk.letter(complainant, "received your complaint"), notice, other)


async def _tried(scene: Scene, forge: Forge) -> Found:
    desk = scene.desk
    raws = await forge(scene)
    await desk.settled()
    before, seen = await _cases(desk), len(desk.sink.taken)
    at = {case: len(events) for case, events in (await _events(desk)).items()}
    await work_off(desk, *raws)
    desk.clock.push(HOLD)
    await desk.settled()
    after, events = await _cases(desk), await _events(desk)
    new = [(taken, parsed(taken)) for taken in desk.sink.taken[seen:]]
    return Found(
        mails=len(raws),
        moved=sum(_standing(after[ident]) != _standing(case) for ident, case in before.items()),
        events=tuple(sorted({kind for case in before for kind in events[case][at[case] :]} - WITHOUT_EFFECT)),
        outside=sum(set(taken.recipients) - REGISTERED - {STRANGER} != set() for taken, _ in new),
        unregistered=sum(
            bool(set(taken.recipients) - REGISTERED) for taken, letter in new if "Was this you?" in _words(letter)
        ),
        challenges=sum("Was this you?" in _words(letter) for _, letter in new),
    )


def _words(letter: EmailMessage) -> str:
    return f"{letter['Subject']} {text_of(letter)}"


def _standing(case: Case) -> Case:
    """The case but for the number of its events."""
    return replace(case, seq=0)


async def _cases(desk: LivingDesk) -> dict[int, Case]:
    return {case.id: case for case in await desk.cases()}


async def _events(desk: LivingDesk) -> dict[int, list[str]]:
    cases = await desk.cases()
    async with desk.database():
        return {case.id: [kind_of(entry.event) for entry in await history.read(case.id)] for case in cases}


def _row(what: str, found: Found) -> Broken:
    return Broken(
        f"commands forged: {what}",
        found.mails,
        (
            Line("cases that it moved", found.moved, 0),
            Line("kinds of events on them but mail filed and words kept", ", ".join(found.events) or "none", "none"),
            Line("letters to anybody outside but the writer", found.outside, 0),
            Line("challenges to an address that is not registered", found.unregistered, 0),
            Line("challenges to the registered address", found.challenges),
        ),
    )


def _row_of_the_honest(found: Found) -> Broken:
    """Shows that the same mails do command where they are proved: the rows above can fail."""
    lines = (Line("cases that it moved", found.moved, 1), Line("letters to the complainant", found.outside, 1))
    return Broken("beside them: the same commands, proved", found.mails, lines)


async def _asked(ground: Ground) -> Broken:
    """A stranger names a reference that exists, one that does not, and none."""
    async with _desk(ground) as desk:
        await _opened(desk, "kay@example.com")
        case = await desk.case_of("kay@example.com")
        subjects = {"mallory": f"About {case.reference}", "maurice": "About C-2026-987654", "marjory": "About the bin"}
        for name, subject in subjects.items():
            sender = f"{name}@evil.example"
            await desk.deliver(mail(sender, subject, f"Tell me, says {name}.", to=desk.desk.address), sender)
        letters = {name: await desk.letters(f"{name}@evil.example") for name in subjects}
        await desk.settled()
        said = {name: [_plain(one, name, subjects[name]) for one in found] for name, found in letters.items()}
        whole = {name: desk.sink.to(f"{name}@evil.example") for name in subjects}
    return Broken(
        "a stranger names a case's reference, an invented one, and none",
        len(subjects),
        (
            Line("strangers answered with one letter", sum(len(taken) == 1 for taken in whole.values()), len(subjects)),
            Line("different answers, their own reference, date and ids aside", len({str(v) for v in said.values()}), 1),
            Line(
                "answers that name the complainant", sum(b"kay@" in one.octets for v in whole.values() for one in v), 0
            ),
        ),
    )


def _plain(letter: EmailMessage, name: str, subject: str) -> str:
    """Every header and the text, with what is each stranger's own replaced."""
    heads = "\n".join(f"{key}: {' '.join(str(value).split())}" for key, value in letter.items())
    parts = "\n".join(str(part.get_content()) for part in letter.walk() if part.get_content_maintype() == "text")
    text = f"{heads}\n{parts}".replace(subject, "SUBJECT").replace(name, "NAME")
    text = re.sub(r"<[^<>@\s]+@[^<>\s]+>", "<ID>", text)
    text = re.sub(r"boundary=\S+", "boundary", re.sub(r"C-\d{4}-\d{4,}", "REFERENCE", text))
    return re.sub(r"\b[a-z2-7]{25}\b", "TOKEN", re.sub(r"\w{3}, \d+ \w{3} \d{4} [\d:]+ \S+", "DATE", text))
