"""Mail from staff: proof, challenges, notes, and an answer to every line."""

from dataclasses import replace
from datetime import timedelta

import pytest
from paper_desk import (
    ANNA,
    BERT,
    DESK,
    LOGO,
    PASS,
    PAT,
    PHOTO,
    PaperDesk,
    kinds,
    mail,
    transcript_of,
    verdicts,
)

from maildesk.domain.case import Status
from maildesk.domain.decision import Disposition
from maildesk.domain.letter import LETTERS, Audience, LetterKind, Purpose
from maildesk.domain.message import Address, Authentic, Authenticity, Kind

STRANGER = "sly@elsewhere.example"
CHALLENGE, TRANSCRIPT = LetterKind.CHALLENGE, LetterKind.TRANSCRIPT


@pytest.fixture
def desk() -> PaperDesk:
    return PaperDesk()


@pytest.fixture
def case(desk):
    return desk.complaint()


def outside(decision) -> list[str]:
    """The kinds of the letters that leave the house."""
    return [kind for kind in kinds(decision) if LETTERS[LetterKind(kind)].audience is Audience.COMPLAINANT]


def challenge_in(desk, decision):
    """The challenge that a decision sends, as it left."""
    assert kinds(decision) == ["challenge"]
    return desk.sent[decision.letters[0].id]


# proof


def test_a_token_and_a_matching_from_run_a_command(desk, case):
    decision = desk.command(case, "#take", authenticity=Authenticity())
    assert verdicts(decision) == [("done", "take.done")]
    assert desk.case(case).owner == "anna"


@pytest.mark.parametrize("sender", ["a.schmidt@example.org", "ANNA@Example.Org"])
def test_another_address_of_the_same_person_matches(desk, case, sender):
    decision = desk.command(case, "#take", sender=Address("", sender))
    assert verdicts(decision) == [("done", "take.done")]
    assert decision.letters[0].letter.to.address == ANNA.address


@pytest.mark.parametrize("sender", [STRANGER, BERT.address, PAT])
def test_a_token_with_somebody_elses_from_is_challenged_at_the_registered_address(desk, case, sender):
    decision = desk.command(case, "#take", sender=Address("", sender))
    challenge = challenge_in(desk, decision)
    assert challenge.letter.to.address == ANNA.address
    assert challenge.letter.content.why.key == "challenge.other_sender"
    assert challenge.letter.content.claimed_sender == sender
    assert desk.case(case).owner is None


def test_a_token_with_a_reply_to_of_its_person_is_challenged(desk, case):
    decision = desk.command(case, "#take", sender_is_from=False)
    assert challenge_in(desk, decision).letter.content.why.key == "challenge.other_sender"


@pytest.mark.parametrize("changes", [{}, {"subject": "C-2026-000001"}])
def test_a_bare_from_of_staff_with_commands_is_challenged(desk, case, changes):
    decision = desk.receive(mail("#take", ANNA.address, authenticity=PASS, **changes))
    challenge = challenge_in(desk, decision)
    assert (challenge.letter.to.address, challenge.letter.content.why.key) == (ANNA.address, "challenge.no_token")
    assert desk.case(case).owner is None


def test_who_did_not_answer_ten_challenges_is_asked_no_more_and_the_mail_waits_on_the_shelf(desk, case):
    for number in range(10):
        assert kinds(desk.receive(mail(f"#note take {number}", ANNA.address))) == ["challenge"]
    decision = desk.receive(mail("#take", ANNA.address))
    assert kinds(decision) == []
    assert decision.disposition is Disposition.SHELVED
    assert decision.shelf_reason == "claims to be from Anna Schmidt, who was asked 10 times today and did not answer"
    assert kinds(desk.command(case, "#take", sender=Address("", STRANGER))) == []
    assert kinds(desk.receive(mail("#take", BERT.address))) == ["challenge"]


def test_the_same_note_again_is_kept_and_not_answered(desk, case):
    assert kinds(desk.command(case, "I am away until Monday.")) == ["transcript"]
    again = desk.command(case, "I am away until Monday.")
    assert (kinds(again), again.disposition, again.case) == ([], Disposition.FILED, case.id)
    assert kinds(desk.command(case, "I am away until Tuesday.")) == ["transcript"]
    assert [kinds(desk.command(case, "#show")) for _ in range(2)] == [["transcript"]] * 2


def test_a_complainants_reply_address_gives_staff_no_command(desk, case):
    letter = desk.last(LetterKind.ACKNOWLEDGEMENT)
    decision = desk.reply(letter, "#close withdrawn\nx", ANNA.address, authenticity=PASS)
    assert challenge_in(desk, decision).letter.content.why.key == "challenge.no_token"
    assert desk.case(case).status is Status.RECEIVED


def test_a_complainants_hash_words_are_no_commands(desk, case):
    decision = desk.reply(desk.last(LetterKind.ACKNOWLEDGEMENT), "#close\n#reply hello")
    assert kinds(decision) == ["new_message", "new_message"]
    assert desk.case(case).status is Status.RECEIVED


STRONG = ["#reply We found it.", "#ask Which?", "#respond upheld\nx", "#close withdrawn\nx", "#add kim@example.net"]


@pytest.mark.parametrize("text", STRONG)
@pytest.mark.parametrize("verdict", [Authentic.UNKNOWN, Authentic.FAIL])
def test_what_leaves_the_house_needs_authenticity_or_a_challenge(desk, case, text, verdict):
    before = desk.case(case)
    decision = desk.command(case, text, authenticity=Authenticity(verdict, "no signature"))
    challenge = challenge_in(desk, decision)
    assert challenge.letter.content.why.values == ("no signature",)
    assert challenge.letter.purpose is Purpose.CHALLENGE
    assert desk.case(case) == replace(before, seq=before.seq + 1)


@pytest.mark.parametrize("text", STRONG)
def test_with_authenticity_it_runs_at_once(desk, case, text):
    decision = desk.command(case, text)
    assert [verdict for verdict, _ in verdicts(decision)] == ["done"]


def test_one_strong_line_makes_the_whole_mail_strong(desk, case):
    decision = desk.command(case, "#take\n#reply Hello", authenticity=Authenticity())
    assert kinds(decision) == ["challenge"]
    assert desk.case(case).owner is None


def test_what_would_be_refused_anyway_is_not_challenged_first(desk, case):
    decision = desk.command(case, "#reply", authenticity=Authenticity())
    assert verdicts(decision) == [("refused", "refused.needs_text")]


# the challenge


@pytest.fixture
def challenged(desk, case):
    """A `#reply` of Anna's without authenticity, and its challenge."""
    decision = desk.command(
        case, "Please send.\n#reply\nWe found it.", authenticity=Authenticity(), attachments=(PHOTO,)
    )
    return challenge_in(desk, decision)


@pytest.mark.parametrize("word", ["#confirm", "#Confirm.", "#bestätigen"])
def test_a_confirmed_challenge_runs_the_challenged_mail(desk, case, challenged, word):
    decision = desk.reply(challenged, word)
    assert ("done", "reply.done") in verdicts(decision)
    assert outside(decision) == ["reply"]
    letter = desk.last(LetterKind.REPLY).letter
    assert letter.content.text == "We found it."
    assert [(e.message, e.filename) for e in letter.enclosures] == [(challenged.row.about, "photo.jpg")]
    assert transcript_of(decision).note == "Please send."


def test_a_challenge_runs_once(desk, challenged):
    desk.reply(challenged, "#confirm")
    again = desk.reply(challenged, "#confirm")
    assert verdicts(again) == [("refused", "refused.already")]
    assert len(desk.letters(LetterKind.REPLY)) == 1


@pytest.mark.parametrize("text", ["That was not me!", "#reply\nSend it", "#take", "ok", ""])
def test_any_other_answer_to_a_challenge_runs_nothing_and_says_so(desk, case, challenged, text):
    decision = desk.reply(challenged, text)
    assert {verdict for verdict, _ in verdicts(decision)} <= {"refused"}
    assert outside(decision) == []
    assert desk.case(case).owner is None


def test_words_in_the_answer_to_a_challenge_are_kept_as_a_note(desk, case, challenged):
    decision = desk.reply(challenged, "That was not me!")
    assert transcript_of(decision).note == "That was not me!"
    assert desk.events(case)[-2:] == ["MessageFiled", "Noted"]


def test_every_line_beside_a_confirmation_is_answered_too(desk, case, challenged):
    decision = desk.reply(challenged, "Thanks.\n\n#confirm\n#take")
    lines = transcript_of(decision).lines
    assert [(line.line, line.verdict.value) for line in lines] == [("#reply", "done"), ("#take", "not applied")]
    assert desk.case(case).owner is None
    assert "Thanks." in transcript_of(decision).note


@pytest.mark.parametrize("sender", [STRANGER, BERT.address])
def test_a_confirmation_from_anybody_else_runs_nothing(desk, challenged, sender):
    decision = desk.reply(challenged, "#confirm", sender)
    assert kinds(decision) == ["challenge"]
    assert decision.letters[0].letter.to.address == ANNA.address
    assert desk.letters(LetterKind.REPLY) == []


def test_confirming_a_challenge_about_a_confirmation_runs_nothing(desk, challenged):
    second = challenge_in(desk, desk.reply(challenged, "#confirm", STRANGER))
    decision = desk.reply(second, "#confirm")
    assert verdicts(decision) == [("refused", "refused.not_a_challenge")]
    assert desk.letters(LetterKind.REPLY) == []


@pytest.mark.parametrize("kind", [Kind.AUTO_REPLY, Kind.AUTO_GENERATED])
def test_an_out_of_office_to_a_challenge_runs_nothing_even_with_the_word_in_it(desk, challenged, kind):
    decision = desk.reply(challenged, "I am away. You wrote:\n#confirm", kind=kind)
    assert (decision.letters, decision.standing) == ((), "automatic")


@pytest.mark.parametrize("kind", [Kind.AUTO_REPLY, Kind.AUTO_GENERATED])
def test_an_out_of_office_to_a_challenge_without_a_case_lies_on_the_shelf(desk, kind):
    challenge = challenge_in(desk, desk.receive(mail("#mine", ANNA.address)))
    decision = desk.reply(challenge, "#confirm", kind=kind)
    assert (decision.disposition, decision.letters) == (Disposition.SHELVED, ())


def test_a_confirmed_undo_takes_back_the_mail_before_it(desk, case):
    desk.command(case, "#take")
    bare = desk.receive(mail("#undo", STRANGER, to=(Address("", desk.staff_address(case)),)))
    decision = desk.reply(challenge_in(desk, bare), "#confirm")
    assert verdicts(decision) == [("done", "undo.done")]
    assert desk.case(case).owner is None


def test_an_expired_challenge_runs_nothing(desk, case, challenged):
    desk.later(days=181)
    decision = desk.reply(challenged, "#confirm")
    assert verdicts(decision) == [("refused", "refused.expired")]
    assert desk.letters(LetterKind.REPLY) == []


# expiry and closing


def test_an_expired_reply_address_still_files_but_does_not_command(desk, case):
    address = desk.staff_address(case, expires_at=desk.now - timedelta(seconds=1))
    decision = desk.command(case, "Just so you know.\n#take\n#show", to=(Address("", address),))
    assert verdicts(decision) == [("refused", "refused.expired"), ("refused", "refused.expired")]
    assert decision.case == case.id
    assert desk.case(case).owner is None
    assert desk.events(case)[-2:] == ["MessageFiled", "Noted"]


def test_the_answer_to_an_expired_address_brings_a_fresh_one(desk, case):
    address = desk.staff_address(case, expires_at=desk.now - timedelta(seconds=1))
    desk.command(case, "#take", to=(Address("", address),))
    decision = desk.reply(desk.last(TRANSCRIPT), "#take", authenticity=PASS)
    assert verdicts(decision) == [("done", "take.done")]


BARRED = [
    "#take",
    "#assign bert",
    "#note x",
    "#reply x",
    "#ask x",
    "#assess severity=low",
    "#close",
    "#add a@b.example",
]


@pytest.fixture
def closed(desk, case):
    """Anna's case, closed, and its letter gone out."""
    desk.command(case, "#close withdrawn now\nx")
    desk.settle(desk.last(LetterKind.CLOSING))
    return desk.case(case)


@pytest.mark.parametrize("text", [*BARRED, "#respond upheld\nx", "#newcase"])
def test_on_a_closed_case_no_command_changes_anything(desk, closed, text):
    decision = desk.command(closed, text)
    assert verdicts(decision) == [("refused", "refused.closed_token")]
    assert replace(desk.case(closed), seq=0) == replace(closed, seq=0)


def test_a_closed_case_can_be_shown_and_reopened(desk, closed):
    assert verdicts(desk.command(closed, "#show")) == [("done", "show.done")]
    assert kinds(desk.command(closed, "#reopen", authenticity=Authenticity())) == ["challenge"]
    assert verdicts(desk.command(closed, "#reopen")) == [("done", "reopen.done")]
    assert desk.case(closed).status is Status.INVESTIGATING


def test_words_to_a_closed_case_are_kept_and_not_offered_for_sending(desk, closed):
    decision = desk.command(closed, "Good riddance.")
    assert transcript_of(decision).note == "Good riddance."
    assert "tap.send_note" not in [tap.label for tap in decision.letters[0].letter.taps]


# private notes


def test_words_without_a_command_stay_a_private_note_and_the_answer_says_so(desk, case):
    decision = desk.command(case, "I think he is right.", authenticity=Authenticity())
    assert outside(decision) == []
    assert transcript_of(decision).note == "I think he is right."
    assert transcript_of(decision).lines == ()
    assert desk.events(case)[-2:] == ["MessageFiled", "Noted"]
    taps = {tap.label: tap.body for tap in decision.letters[0].letter.taps}
    assert taps["tap.send_note"] == "#reply\nI think he is right."


def test_words_above_a_reply_stay_private(desk, case):
    desk.command(case, "He is a pain.\n\n#reply\nDear Kay, yes.")
    assert desk.last(LetterKind.REPLY).letter.content.text == "Dear Kay, yes."
    assert all("pain" not in repr(one.letter) for one in desk.letters(to=PAT))


def test_the_words_of_a_refused_mail_are_still_kept(desk, case):
    decision = desk.command(case, "Call him.\n#assign nobody")
    assert transcript_of(decision).note == "Call him."
    assert desk.events(case)[-2:] == ["MessageFiled", "Noted"]


def test_a_strangers_words_to_a_staff_address_are_unverified_and_answered_to_nobody(desk, case):
    address = desk.staff_address(case)
    decision = desk.receive(mail("Who is this?", STRANGER, to=(Address("", address),)))
    assert decision.standing == "unverified"
    assert desk.letters(to=STRANGER) == []


def test_the_token_of_somebody_who_left_does_not_command(desk, case):
    address = desk.staff_address(case, replace(ANNA, key="gone"))
    decision = desk.receive(mail("#take", "gone@example.org", to=(Address("", address),), authenticity=PASS))
    assert decision.standing == "unverified"
    assert desk.case(case).owner is None


# together, or not at all; every line answered


def test_lines_apply_together_or_not_at_all(desk, case):
    before = desk.case(case)
    decision = desk.command(case, "#take\n#assess severity=high\n#assign nobody\n#reply Hello")
    assert [verdict for verdict, _ in verdicts(decision)] == ["not applied", "not applied", "refused", "not applied"]
    assert outside(decision) == []
    assert desk.case(case) == replace(before, seq=before.seq + 1)


def test_each_line_sees_what_the_one_before_did(desk, case):
    decision = desk.command(case, "#respond upheld\nIt rained.\n#close\nGoodbye.")
    assert [verdict for verdict, _ in verdicts(decision)] == ["done", "done"]
    assert outside(decision) == ["decision", "closing"]
    assert desk.case(case).status is Status.CLOSED


def test_a_mistyped_command_is_answered_with_the_word_that_was_meant(desk, case):
    decision = desk.command(case, "#repyl Hello")
    assert verdicts(decision) == [("unknown", "unknown.did_you_mean")]
    assert transcript_of(decision).lines[0].said.values == ("repyl", "reply")
    assert outside(decision) == []


def test_an_unknown_command_is_answered(desk, case):
    assert verdicts(desk.command(case, "#xyzzy")) == [("unknown", "unknown.command")]


def test_too_many_lines_are_refused_together_and_the_note_kept(desk, case):
    decision = desk.command(case, "Phew.\n" + "#take\n" * 51)
    assert verdicts(decision) == [("refused", "refused.too_many_lines")]
    assert transcript_of(decision).note == "Phew."
    assert desk.case(case).owner is None


def test_commands_in_quoted_text_are_never_read(desk, case):
    message = replace(desk.answer(desk.last(LetterKind.NEW_CASE, ANNA.address), "Thanks."), authenticity=PASS)
    decision = desk.receive(replace(message, text="Thanks.\n> #close withdrawn", quoted_text="> #close withdrawn"))
    assert transcript_of(decision).lines == ()
    assert desk.case(case).status is Status.RECEIVED


def test_number_one_priority_is_no_command(desk, case):
    decision = desk.command(case, "#1 priority: call her")
    assert transcript_of(decision).note == "#1 priority: call her"


def test_the_transcript_announces_every_letter_with_its_hold(desk, case):
    decision = desk.command(case, "#reply now\nHello\n#ask Which?", attachments=(PHOTO,))
    announced = transcript_of(decision).letters
    assert [(a.kind.value, a.to.address, a.hold_seconds) for a in announced] == [
        ("reply", PAT, 0),
        ("question", PAT, 600),
    ]
    assert announced[0].attachments == ("photo.jpg",)
    assert decision.transcript == next(n.id for n in decision.letters if n.letter.kind is TRANSCRIPT)


def test_the_transcript_offers_undo_only_where_something_was_done(desk, case):
    did = desk.command(case, "#take")
    read = desk.command(case, "#show")
    assert "#undo" in [tap.body for tap in did.letters[0].letter.taps]
    assert "#undo" not in [tap.body for tap in read.letters[0].letter.taps]


def test_a_signatures_picture_does_not_travel(desk, case):
    desk.command(case, "#reply Hello", attachments=(LOGO, PHOTO))
    assert [e.filename for e in desk.last(LetterKind.REPLY).letter.enclosures] == ["photo.jpg"]


def test_a_reply_whose_attachments_were_too_large_is_refused_for_it_would_go_without_them(desk, case):
    message = replace(
        desk.answer(desk.last(LetterKind.NEW_CASE, ANNA.address), "#reply See the film."), is_partial=True
    )
    decision = desk.receive(replace(message, authenticity=PASS), too_large=50_000_000)
    assert verdicts(decision) == [("refused", "refused.too_large")]
    assert outside(decision) == []


def test_confirming_too_large_a_mail_sends_no_letter_without_its_attachments(desk, case):
    message = desk.answer(desk.last(LetterKind.NEW_CASE, ANNA.address), "#reply See the film.")
    challenge = challenge_in(desk, desk.receive(replace(message, to=(), in_reply_to=(), is_partial=True)))
    assert outside(desk.reply(challenge, "#confirm")) == []


def test_a_note_from_too_large_a_mail_is_taken(desk, case):
    message = desk.answer(desk.last(LetterKind.NEW_CASE, ANNA.address), "#note See the film.")
    decision = desk.receive(replace(message, is_partial=True), too_large=50_000_000)
    assert verdicts(decision) == [("done", "note.done")]


def test_nothing_of_the_case_goes_to_the_address_that_a_forged_mail_came_from(desk, case):
    for text in ("#show", "#take\n#show", "What?"):
        desk.receive(mail(text, STRANGER, to=(Address("", desk.staff_address(case)),)))
    desk.receive(mail("#show", ANNA.address, reply_to=(Address("", STRANGER),), to=(Address("", DESK),)))
    assert desk.letters(to=STRANGER) == []


def test_a_challenge_shows_every_word_that_would_leave(desk, case):
    words = "#respond upheld now\nWe are sorry.\nremedy: 900 GBP to account 1"
    desk.command(case, words, authenticity=Authenticity())
    shown = desk.last(LetterKind.CHALLENGE).letter.content.lines
    assert shown == (words,)


def test_a_transcript_shows_the_words_of_what_leaves(desk, case):
    decision = desk.command(case, "#respond upheld\nWe are sorry.\nremedy: a new parcel")
    (announced,) = desk.last(LetterKind.TRANSCRIPT).letter.content.letters
    assert announced.words == "We are sorry.\n– a new parcel"
    assert decision.letters
