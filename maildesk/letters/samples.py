"""Sample letters of every kind: for `Templates.check`, for `maildesk check`, and for the pictures in docs/.

Kinds whose templates branch have several. The people and the matter are invented; the addresses are examples.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from maildesk.domain.case import Outcome, Party, Remedy, Role
from maildesk.domain.letter import (
    LETTERS,
    Acknowledgement,
    Announced,
    Audience,
    CameIn,
    CaseLine,
    CaseSheet,
    CaseView,
    Challenge,
    ClosingGiven,
    CommandHelp,
    Content,
    DecisionGiven,
    DeskView,
    DigestGiven,
    Letter,
    LetterKind,
    Probed,
    RefusedLetter,
    SheetEntry,
    Tap,
    TooLarge,
    Transcript,
    TranscriptLine,
    Verdict,
    Written,
)
from maildesk.domain.message import Address
from maildesk.domain.phrases import Phrase
from maildesk.letters.sample_words import SPOKEN, Spoken

NOW = datetime(2026, 11, 30, 9, 12, tzinfo=UTC)
_REPLY_ADDRESS = "complaints+k7wq2m4xnd6hfz3pa5tj@example.org"
_ANCHOR = "5b1f0c9ae2d84773a6c1e90b42f8d7756d0e3b9c18a4f2750c6be81d93fa4427"
_ANA = Address("Ana Morel", "ana.morel@example.com")
_JO = Address("Jo Bell", "jo.bell@example.org")


@dataclass(frozen=True, slots=True)
class Sample:
    """One letter with all that rendering needs; `name` is its kind and, where there are several, what is special."""

    name: str
    letter: Letter
    desk: DeskView
    case: CaseView | None
    reply_address: str


def samples(language: str) -> tuple[Sample, ...]:
    """Sample letters of every kind for readers of this language; English words where we have none in it."""
    spoken = SPOKEN.get(language.partition("-")[0], SPOKEN["en"])
    desk, case = desk_of(spoken), case_of(spoken)
    unowned = replace(case, owner_name="", due_at=None, complainant_name="", contact_name=desk.contact_name)
    written = [(name, case, content, taps) for name, content, taps in _contents(spoken)]
    written += [
        ("acknowledgement without a name", unowned, Acknowledgement(), ()),
        ("question without a date", unowned, Written(spoken.question), ()),
    ]
    return tuple(
        Sample(name, _letter(name, language, content, taps, shown), desk, shown, _REPLY_ADDRESS if taps else "")
        for name, shown, content, taps in written
    )


def desk_of(spoken: Spoken) -> DeskView:
    """A desk that has everything."""
    return DeskView(
        name="complaints",
        address="complaints@example.org",
        title=spoken.title,
        organisation=spoken.organisation,
        contact_name="Ruth Adams",
        contact_phone="020 7946 0018",
        next_stage=spoken.next_stage,
        respond_within_days=20,
    )


def case_of(spoken: Spoken) -> CaseView:
    """A case under way."""
    return CaseView(
        reference="C-2026-004217",
        subject=spoken.subject,
        status="investigating",
        received_at=NOW,
        due_at=NOW + timedelta(days=18),
        contact_name=_JO.name,
        owner_name=_JO.name,
        complainant_name=_ANA.name,
        complainant_address=_ANA.address,
        outcome=None,
    )


def _letter(name: str, language: str, content: Content, taps: tuple[Tap, ...], case: CaseView) -> Letter:
    kind = LetterKind(name.partition(" ")[0])
    to = {Audience.COMPLAINANT: _ANA, Audience.STAFF: _JO, Audience.MANAGER: Address("Kim Osei", "kim@example.org")}
    reader = to[LETTERS[kind].audience]
    return Letter(
        kind=kind,
        to=reader if case.complainant_name else Address("", reader.address),
        language=language,
        zone="Europe/London",
        content=content,
        case=4217,
        subject=case.subject,
        taps=taps,
    )


_NEW_TAPS = (
    Tap("tap.take", "#take"),
    Tap("tap.assess", "#assess severity= safety= impact="),
    Tap("tap.reply", "#reply\n"),
    Tap("tap.show", "#show"),
)

_Named = tuple[str, Content, tuple[Tap, ...]]


def _contents(spoken: Spoken) -> Iterator[_Named]:
    yield "acknowledgement", Acknowledgement(), ()
    yield "too_large", TooLarge(47_300_000, 40_000_000), ()
    yield "reply", Written(spoken.reply), ()
    yield "question", Written(spoken.question), ()
    yield from _endings(spoken)
    came = CameIn(_ANA, spoken.subject, spoken.complaint, spoken.attachments, "nothing connects it to a case")
    yield "new_case", came, _NEW_TAPS
    special = replace(came, sender=None, attachments=(), notice=Phrase("notice.no_sender"))
    yield "new_case without a sender", special, _NEW_TAPS
    given = replace(came, why="", notice=Phrase("notice.given_with_words", ("Jo Bell", spoken.reply)))
    yield "new_case given to somebody", given, _NEW_TAPS[1:]
    answer = replace(
        came, text=spoken.answer, attachments=(), why="signed reply address", received_at=NOW + timedelta(days=5)
    )
    yield "new_message", answer, (Tap("tap.reply", "#reply\n"), Tap("tap.respond", "#respond upheld\n"))
    stranger = Phrase("notice.unverified", ("sam@example.net",))
    yield (
        "new_message unverified",
        replace(answer, notice=stranger, others=("C-2026-003980",)),
        (Tap("tap.add", "#add"),),
    )
    yield from _transcripts(spoken)
    why = Phrase("challenge.other_sender", ("jo.bell@example.net",))
    close = f"#close withdrawn\n{spoken.reply}"
    challenge = Challenge((close,), "jo.bell@example.net", why, spoken.attachments[:1])
    yield "challenge", challenge, (Tap("tap.confirm", "#confirm"),)
    refused = RefusedLetter(LetterKind.DECISION, _ANA.address, "5.1.1", "550 No such user here")
    yield "refused", refused, (Tap("tap.add", "#add "), Tap("tap.show", "#show"))
    yield from _digests(spoken)
    yield "probe", Probed("b3f1c02d"), ()


def _endings(spoken: Spoken) -> Iterator[_Named]:
    remedies = (Remedy(spoken.remedies[0], "120 GBP", NOW + timedelta(days=14)), Remedy(spoken.remedies[1]))
    yield "decision", DecisionGiven(Outcome.PARTLY_UPHELD, spoken.reasons, remedies), ()
    yield "decision not upheld", DecisionGiven(Outcome.NOT_UPHELD, spoken.reasons, ()), ()
    yield "closing", ClosingGiven(Outcome.UPHELD, "", spoken.reply), ()
    yield "closing without an outcome", ClosingGiven(None, spoken.reasons, ""), ()


def _transcripts(spoken: Spoken) -> Iterator[_Named]:
    undo = (Tap("tap.undo", "#undo"), Tap("tap.show", "#show"))
    take = TranscriptLine("#take", Verdict.DONE, Phrase("take.done"))
    respond = TranscriptLine(
        "#respond partly upheld", Verdict.DONE, Phrase("respond.done", ("partly upheld", _ANA.address))
    )
    held = Announced(LetterKind.DECISION, _ANA, 600, spoken.attachments[:1], spoken.reasons)
    at_once = Announced(LetterKind.REPLY, _ANA, 0, (), spoken.reply)
    yield "transcript", Transcript((take, respond), (held, at_once)), undo
    refused = (
        TranscriptLine("#assess severity=high", Verdict.NOT_APPLIED, Phrase("refused.together", ("#clsoe",))),
        TranscriptLine("#clsoe", Verdict.UNKNOWN, Phrase("unknown.did_you_mean", ("clsoe", "close"))),
        TranscriptLine("#assign pat", Verdict.REFUSED, Phrase("refused.unknown_person", ("pat",))),
    )
    yield "transcript refused", Transcript(refused), undo
    kept = TranscriptLine("", Verdict.KEPT, Phrase("kept.private_note"))
    yield (
        "transcript kept",
        Transcript((kept,), note=spoken.answer),
        (Tap("tap.send_note", f"#reply\n{spoken.answer}"),),
    )
    entries = (
        SheetEntry(NOW, "complainant", "MessageFiled", (("reason", "signed reply address"), ("sender", _ANA.address))),
        SheetEntry(NOW + timedelta(hours=2), _JO.name, "OwnerNamed", (("owner", _JO.name),)),
    )
    fields = (("status", "investigating"), ("owner", _JO.name), ("due_at", "2026-12-20"), ("impact", "high"))
    sheet = CaseSheet(fields, (Party(_ANA.address, _ANA.name, Role.COMPLAINANT),), entries)
    shown = TranscriptLine("#show", Verdict.DONE, Phrase("show.done"))
    mine = TranscriptLine("#mine", Verdict.DONE, Phrase("mine.done", ("1",)))
    yield "transcript sheet", Transcript((shown, mine), sheet=sheet, cases=_lines(spoken)[:1]), undo
    asked = TranscriptLine("#help", Verdict.DONE, Phrase("help.done"))
    commands = (
        CommandHelp("#take", "#take", Phrase("help.take")),
        CommandHelp("#reply [now] <text>", f"#reply\n{spoken.question}", Phrase("help.reply")),
    )
    yield "transcript help", Transcript((asked,), commands=commands), ()


def _lines(spoken: Spoken) -> tuple[CaseLine, ...]:
    day = timedelta(days=1)
    late = Phrase("digest.overdue_by", ("3",))
    lost = Phrase("digest.refused_letter", ("decision", "li@example.net", "5.1.1 No such user"))
    rows = zip(("C-2026-004217", "C-2026-004190", "C-2026-004102"), spoken.subjects, strict=True)
    first, second, third = (CaseLine(ref, what, "received", "", NOW, NOW + 18 * day) for ref, what in rows)
    old = NOW - 23 * day
    return (
        first,
        replace(second, status="investigating", owner=_JO.name, received_at=old, due_at=NOW - 3 * day, said=late),
        replace(third, status="responded", owner=_JO.name, received_at=old, due_at=None, said=lost),
    )


def _digests(spoken: Spoken) -> Iterator[_Named]:
    unowned, overdue, refused = _lines(spoken)
    health = (Phrase("health.mailbox_read", ("2",)), Phrase("health.queue_empty"))
    busy = DigestGiven(
        day="2026-11-30",
        without_owner=(unowned,),
        overdue=(overdue,),
        refused=(refused,),
        new=(unowned,),
        closed=(replace(refused, status="closed", said=None),),
        ages=(("0–2", 9), ("3–10", 14), ("11–20", 6), ("> 20", 1)),
        statuses=(("received", 7), ("investigating", 18), ("waiting", 5)),
        health=(*health, Phrase("health.shelf", ("1",))),
        anchor=_ANCHOR,
    )
    yield "digest", busy, ()
    nothing = replace(busy, without_owner=(), overdue=(), refused=(), new=(), closed=(), health=health)
    yield "digest quiet", nothing, ()
    yield "digest calm", replace(nothing, new=(unowned,)), ()
