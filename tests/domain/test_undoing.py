"""#undo: what it restores, what it leaves alone, and when it is too late."""

from dataclasses import replace
from datetime import timedelta

import pytest
from paper_desk import ANNA, BERT, PASS, PaperDesk, mail, transcript_of, verdicts

from maildesk.domain.case import Milestone, Status
from maildesk.domain.letter import LetterKind


@pytest.fixture
def desk() -> PaperDesk:
    return PaperDesk()


@pytest.fixture
def case(desk):
    return desk.complaint()


MAILS = [
    "#take",
    "#assign bert\nplease",
    '#assess severity=high safety=no impact="no heating"',
    "#reply We found it.",
    "#ask Which one?",
    "#respond upheld\nIt rained.\nremedy: refund of 40 EUR",
    "#respond upheld\nIt rained.\n#close",
    "#add son@example.net on behalf",
    "#take\n#assess severity=low\n#ask Which one?",
    "#close withdrawn\nShe found it.",
]


@pytest.mark.parametrize("text", MAILS)
def test_undo_restores_every_field_of_the_case(desk, case, text):
    before = desk.case(case)
    did = desk.command(case, text)
    assert "done" in {verdict for verdict, _ in verdicts(did)}
    assert desk.case(case) != replace(before, seq=desk.case(case).seq)
    undone = desk.command(case, "#undo")
    assert verdicts(undone) == [("done", "undo.done")]
    assert desk.case(case) == replace(before, seq=desk.case(case).seq)


@pytest.mark.parametrize("text", MAILS)
def test_undo_recalls_every_held_letter_of_the_mail(desk, case, text):
    did = desk.command(case, text)
    held = {n.id for n in did.letters if n.letter.hold_seconds}
    undone = desk.command(case, "#undo")
    assert set(undone.recalls) == held
    assert {desk.sent[ident].state for ident in held} <= {"recalled"}


def test_reopening_can_be_undone(desk, case):
    desk.command(case, "#close withdrawn\nx")
    desk.settle(desk.last(LetterKind.CLOSING))
    before = desk.case(case)
    desk.command(case, "#reopen")
    desk.command(case, "#undo")
    assert desk.case(case) == replace(before, seq=desk.case(case).seq)


def test_what_the_server_said_meanwhile_is_not_taken_back(desk, case):
    desk.command(case, "#take")
    desk.settle(desk.last(LetterKind.ACKNOWLEDGEMENT))
    assert verdicts(desk.command(case, "#undo")) == [("done", "undo.done")]
    assert desk.case(case).reached(Milestone.ACKNOWLEDGED)


def test_what_bounced_meanwhile_does_not_come_back(desk, case):
    desk.settle(desk.last(LetterKind.ACKNOWLEDGEMENT))
    desk.command(case, "#take")
    desk.bounce(desk.last(LetterKind.ACKNOWLEDGEMENT))
    assert verdicts(desk.command(case, "#undo")) == [("done", "undo.done")]
    assert desk.case(case).reached(Milestone.ACKNOWLEDGED) is None


@pytest.mark.parametrize("state", ["queued", "sending", "accepted", "refused"])
def test_after_the_letter_left_it_is_too_late(desk, case, state):
    desk.command(case, "#reply Hello")
    desk.last(LetterKind.REPLY).state = state
    before = desk.case(case)
    assert verdicts(desk.command(case, "#undo")) == [("refused", "refused.undo_sent")]
    assert desk.case(case).milestones == before.milestones


def test_a_letter_sent_now_cannot_be_undone(desk, case):
    desk.command(case, "#reply now\nHello")
    assert verdicts(desk.command(case, "#undo")) == [("refused", "refused.undo_sent")]


def test_after_somebody_built_on_it_it_is_too_late(desk, case):
    desk.command(case, "#take")
    desk.command(case, "#assign eva", BERT)
    transcript = desk.last(LetterKind.TRANSCRIPT, ANNA.address)
    decision = desk.reply(transcript, "#undo", authenticity=PASS)
    assert verdicts(decision) == [("refused", "refused.undo_built_on")]
    assert desk.case(case).owner == "eva"


def test_after_the_complainant_answered_the_question_it_is_too_late(desk, case):
    desk.command(case, "#ask Which one?")
    desk.reply(desk.last(LetterKind.ACKNOWLEDGEMENT), "It was blue, by the way.")
    assert verdicts(desk.command(case, "#undo")) == [("refused", "refused.undo_built_on")]
    assert desk.case(case).status is Status.INVESTIGATING


def test_somebody_elses_commands_cannot_be_undone(desk, case):
    desk.command(case, "#take")
    decision = desk.command(case, "#undo", BERT)
    assert verdicts(decision) == [("refused", "refused.undo_other")]
    assert transcript_of(decision).lines[0].said.values == ("Anna Schmidt",)


def test_undo_takes_back_ones_own_last_mail_though_a_colleague_wrote_a_note_after_it(desk, case):
    desk.command(case, "#take")
    desk.command(case, "#note I called.", BERT)
    assert verdicts(desk.command(case, "#undo")) == [("done", "undo.done")]
    assert desk.case(case).owner is None


def test_with_nothing_done_there_is_nothing_to_undo(desk, case):
    assert verdicts(desk.command(case, "#undo")) == [("refused", "refused.nothing_to_undo")]


def test_undo_on_a_transcript_means_that_transcripts_mail(desk, case):
    desk.command(case, "#take")
    first = desk.last(LetterKind.TRANSCRIPT)
    desk.command(case, "#note Called.")
    assert verdicts(desk.reply(first, "#undo", authenticity=PASS)) == [("done", "undo.done")]
    assert desk.case(case).owner is None


def test_undo_twice_on_one_transcript_does_it_once(desk, case):
    desk.command(case, "#respond upheld\nIt rained.")
    transcript = desk.last(LetterKind.TRANSCRIPT)
    desk.reply(transcript, "#undo", authenticity=PASS)
    assert verdicts(desk.reply(transcript, "#undo", authenticity=PASS)) == [("refused", "refused.nothing_to_undo")]
    assert desk.case(case).outcome is None


def test_an_undo_is_not_undone_into_a_decision_whose_letter_was_recalled(desk, case):
    desk.command(case, "#respond upheld\nIt rained.")
    desk.command(case, "#undo")
    transcript = desk.last(LetterKind.TRANSCRIPT)
    assert "#undo" not in [tap.body for tap in transcript.letter.taps]
    for again in (desk.reply(transcript, "#undo", authenticity=PASS), desk.command(case, "#undo")):
        assert verdicts(again) == [("refused", "refused.nothing_to_undo")]
    assert desk.case(case).status is Status.RECEIVED


def test_undo_after_undo_takes_back_the_mail_before(desk, case):
    desk.command(case, "#take")
    desk.command(case, "#assess severity=high")
    desk.command(case, "#undo")
    assert desk.case(case).owner == "anna"
    assert verdicts(desk.command(case, "#undo")) == [("done", "undo.done")]
    assert desk.case(case).owner is None


def test_undoing_the_first_of_two_letters_leaves_the_contact_that_the_second_made(desk, case):
    desk.command(case, "#reply Hello")
    first = desk.last(LetterKind.TRANSCRIPT)
    desk.later(minutes=5)
    desk.command(case, "#reply And goodbye.")
    assert verdicts(desk.reply(first, "#undo", authenticity=PASS)) == [("done", "undo.done")]
    desk.settle(desk.last(LetterKind.REPLY))
    assert desk.case(case).reached(Milestone.FIRST_CONTACT).proof == desk.last(LetterKind.REPLY).id


def test_undo_and_a_better_answer_in_one_mail(desk, case):
    desk.command(case, "#reply Helo")
    decision = desk.command(case, "#undo\n#reply Hello")
    assert [verdict for verdict, _ in verdicts(decision)] == ["done", "done"]
    states = [(one.letter.content.text, one.state) for one in desk.letters(LetterKind.REPLY)]
    assert states == [("Helo", "recalled"), ("Hello", "held")]


def test_the_better_answer_can_be_undone_too(desk, case):
    before = desk.case(case)
    desk.command(case, "#reply Helo")
    desk.command(case, "#undo\n#reply Hello")
    assert verdicts(desk.command(case, "#undo")) == [("done", "undo.done")]
    assert [one.state for one in desk.letters(LetterKind.REPLY)] == ["recalled", "recalled"]
    assert desk.case(case) == replace(before, seq=desk.case(case).seq)


def test_undo_must_stand_first_for_it_speaks_of_the_mail_before(desk, case):
    desk.command(case, "#take")
    decision = desk.command(case, "#reply Hello\n#undo")
    assert [verdict for verdict, _ in verdicts(decision)] == ["not applied", "refused"]
    assert desk.case(case).owner == "anna"


def test_a_case_opened_by_newcase_is_not_quietly_left_behind(desk, case):
    desk.reply(desk.last(LetterKind.ACKNOWLEDGEMENT), "I am her son.", "son@elsewhere.example")
    desk.command(case, "#newcase")
    assert verdicts(desk.command(case, "#undo")) == [("refused", "refused.undo_built_on")]
    assert len(desk.cases) == 2


def test_a_closing_can_be_undone_while_its_letter_is_held_and_not_after(desk, case):
    desk.command(case, "#close withdrawn\nx")
    desk.settle(desk.last(LetterKind.CLOSING))
    assert verdicts(desk.command(case, "#undo")) == [("refused", "refused.undo_sent")]
    assert desk.case(case).status is Status.CLOSED


def test_a_closing_without_a_letter_is_opened_by_reopen_alone(desk):
    decision = desk.receive(mail("My parcel never came.", None))
    case = desk.case(decision.case)
    desk.command(case, "#close not a complaint\nNo address.")
    assert verdicts(desk.command(case, "#undo")) == [("refused", "refused.closed_token")]
    assert desk.case(case).status is Status.CLOSED


def test_undo_of_a_note_keeps_the_note_and_says_that_it_was_taken_back(desk, case):
    desk.command(case, "#note He shouted.")
    desk.command(case, "#undo")
    assert desk.events(case)[-3:] == ["Noted", "MessageFiled", "Undone"]


def test_a_letter_without_a_hold_is_never_called_held(desk, case):
    desk.policy = replace(desk.policy, hold_seconds=0)
    desk.command(case, "#reply Hello")
    desk.later(seconds=timedelta(minutes=1).seconds)
    assert verdicts(desk.command(case, "#undo")) == [("refused", "refused.undo_sent")]


def test_reopening_stops_a_closing_letter_that_has_not_left(desk, case):
    desk.command(case, "#close withdrawn\nYou told us so.")
    closing = desk.last(LetterKind.CLOSING)
    decision = desk.command(case, "#reopen")
    assert verdicts(decision) == [("done", "reopen.done_in_time")]
    assert decision.recalls == (closing.id,)
    assert desk.events(case)[-1] == "LetterRecalled"


def test_reopening_stops_no_closing_letter_that_has_left(desk, case):
    desk.command(case, "#close withdrawn\nYou told us so.")
    desk.settle(desk.last(LetterKind.CLOSING))
    decision = desk.command(case, "#reopen")
    assert verdicts(decision) == [("done", "reopen.done")]
    assert decision.recalls == ()


def test_a_reopening_that_stopped_a_letter_is_not_undone_for_the_letter_would_never_leave(desk, case):
    desk.command(case, "#close withdrawn\nYou told us so.")
    desk.command(case, "#reopen")
    assert verdicts(desk.command(case, "#undo")) == [("refused", "refused.undo_stopped")]
    assert desk.case(case).status is Status.INVESTIGATING


def test_no_undo_is_offered_after_a_reopening_that_stopped_a_letter(desk, case):
    desk.command(case, "#close withdrawn\nYou told us so.")
    desk.command(case, "#reopen")
    assert "#undo" not in [tap.body for tap in desk.last(LetterKind.TRANSCRIPT, ANNA.address).letter.taps]


def test_no_undo_is_offered_for_a_new_case_which_cannot_be_taken_back(desk, case):
    desk.reply(desk.last(LetterKind.ACKNOWLEDGEMENT), "Another matter.", "sam@example.com")
    assert verdicts(desk.command(case, "#newcase")) == [("done", "newcase.done")]
    assert "#undo" not in [tap.body for tap in desk.last(LetterKind.TRANSCRIPT, ANNA.address).letter.taps]
