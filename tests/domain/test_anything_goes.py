"""Random days of a desk: whatever comes in, the tables hold, nobody hears what is not theirs, history explains all.

`PaperDesk` checks each step (statuses by the table, letters only to parties and staff, snapshots by their events).
"""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from paper_desk import ANNA, BERT, KEYRING, PASS, PAT, PHOTO, PaperDesk, mail

from maildesk.domain.case import Case
from maildesk.domain.commands.grammar import parse
from maildesk.domain.delivery import Fate
from maildesk.domain.events import replay
from maildesk.domain.filing import file
from maildesk.domain.letter import LETTERS, Audience, LetterKind, Purpose
from maildesk.domain.message import Address, Authenticity, Kind

STRANGER = "sly@elsewhere.example"
SON = "son@elsewhere.example"
LINES = [
    "#take",
    "#assign bert",
    "#assign nobody",
    "#note Called the depot.",
    "#reply We found it.",
    "#reply now\nWe found it.",
    "#ask Which one?",
    "#assess severity=high safety=no",
    "#respond upheld\nIt rained.\nremedy: refund of 40 EUR",
    "#respond not upheld now: It did not rain.",
    "#close",
    "#close withdrawn\nShe found it.",
    "#close upheld now\nIt rained.",
    "#reopen",
    "#add son@elsewhere.example on behalf",
    "#add",
    "#newcase",
    "#show",
    "#mine",
    "#help",
    "#undo",
    "#confirm",
    "#repyl",
    "Just a thought.",
]
WEIGHTS = ["command"] * 6 + ["mail", "answer", "answer", "confirm", "settle", "settle", "bounce", "wait"]
FROM = [PAT, SON, STRANGER, ANNA.address, BERT.address, "complaints@example.org", None]


@st.composite
def steps(draw):
    """One thing that happens at a desk; `pick` chooses among what there is."""
    pick = draw(st.integers(0, 10**6))
    what = draw(st.sampled_from(WEIGHTS))
    text = "\n".join(draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=draw(st.sampled_from([1, 1, 3])))))
    if what == "command":
        person, proof = draw(st.sampled_from([ANNA, BERT])), draw(st.sampled_from([PASS, PASS, Authenticity()]))
        files = draw(st.sampled_from([(), (PHOTO,)]))
        return lambda desk: desk.command(case_of(desk, pick), text, person, authenticity=proof, attachments=files)
    if what == "confirm":
        return confirmed
    if what in ("mail", "answer"):
        sender, kind = draw(st.sampled_from(FROM)), draw(st.sampled_from([Kind.HUMAN] * 4 + list(Kind)))
        changes = {"kind": kind, "is_list": draw(st.booleans()) and draw(st.booleans())}
        words = draw(st.sampled_from(["Hello?", "Thank you!", text]))
        changes |= {"text": words, "visible_text": words, "sender": Address("", sender) if sender else None}
        return lambda desk: desk.receive(replace(addressed(desk, what, pick), **changes))
    if what == "settle":
        fate = draw(st.sampled_from([Fate.ACCEPTED, Fate.ACCEPTED, Fate.REFUSED]))
        return lambda desk: desk.settle(letter_of(desk, pick), fate)
    if what == "bounce":
        return lambda desk: desk.bounce(letter_of(desk, pick))
    return lambda desk: desk.later(hours=draw_hours(pick))


def confirmed(desk: PaperDesk) -> None:
    """Whoever was challenged last says that it was them."""
    challenges = desk.letters(LetterKind.CHALLENGE)
    if challenges:
        desk.reply(challenges[-1], "#confirm")


def draw_hours(pick: int) -> int:
    """From an hour to half a year, mostly short."""
    return random.Random(pick).choice([1, 1, 24, 24 * 20, 24 * 190])  # noqa: S311 - a choice, no secret


def case_of(desk: PaperDesk, pick: int) -> Case:
    return list(desk.cases.values())[pick % len(desk.cases)]


def letter_of(desk: PaperDesk, pick: int):
    return list(desk.sent.values())[pick % len(desk.sent)]


def addressed(desk: PaperDesk, what: str, pick: int):
    """A fresh mail with a guessed reference, or an answer to any letter, whoever writes it."""
    if what == "mail":
        return mail("", subject=f"About {case_of(desk, pick).reference}")
    letter = letter_of(desk, pick)
    return mail("", to=(Address("", letter.address),), in_reply_to=(letter.message_id,), authenticity=PASS)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps(), min_size=3, max_size=40))
def test_no_day_leaves_the_tables_or_writes_to_a_stranger_or_contradicts_its_history(day):
    desk = PaperDesk()
    desk.complaint()
    for step in day:
        step(desk)
    for case in desk.cases.values():
        rows = desk.history[case.id]
        assert replay(case.id, [row.event for row in rows]) == case
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    nobody_hears_what_is_not_theirs(desk)
    nothing_happens_twice(desk)


def nobody_hears_what_is_not_theirs(desk: PaperDesk) -> None:
    """A letter to somebody outside speaks of no case but one that they are, or were, a party to."""
    for sent in desk.sent.values():
        if LETTERS[sent.letter.kind].audience is not Audience.COMPLAINANT:
            continue
        own = desk.cases[sent.letter.case]
        for other in desk.cases.values():
            assert other.id == own.id or other.reference not in repr(sent.letter.content)
        assert "Called the depot" not in repr(sent.letter), "a private note left the house"


def nothing_happens_twice(desk: PaperDesk) -> None:
    """Each mail has one decision, each letter one id, and a challenge ran at most once."""
    assert len({sent.message_id for sent in desk.sent.values()}) == len(desk.sent)
    spent = [ident for kept in desk.kept.values() for ident in kept.decision.spent]
    assert len(spent) == len(set(spent))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.sampled_from([Purpose.STAFF, Purpose.COMPLAINANT]), st.sampled_from([*FROM[:4], ""]))
def test_no_words_whatever_make_the_rules_raise(text, purpose, sender):
    desk = PaperDesk()
    case = desk.complaint()
    letter = next(one for one in desk.sent.values() if one.letter.purpose is purpose)
    message = mail(text, sender or None, to=(Address("", letter.address),), subject=text, authenticity=PASS)
    desk.receive(message)
    assert parse(text) == parse(text)
    assert file(message, desk.index, desk.policy, KEYRING, desk.now).case == case.id
