"""What each command does, demands and refuses."""

from dataclasses import replace
from datetime import timedelta

import pytest
from paper_desk import ANNA, BERT, PAT, PHOTO, POLICY, PaperDesk, kinds, mail, transcript_of, verdicts

from maildesk.domain.case import Assessment, Milestone, Outcome, Role, Status
from maildesk.domain.commands.correspondence import OUTCOME_WORDS, outcome_named, split_reasons
from maildesk.domain.commands.work import people_named
from maildesk.domain.decision import Disposition
from maildesk.domain.delivery import Fate
from maildesk.domain.events import MilestoneReached
from maildesk.domain.letter import LetterKind


@pytest.fixture
def desk() -> PaperDesk:
    return PaperDesk()


@pytest.fixture
def case(desk):
    return desk.complaint()


def said(decision):
    """The phrases of the transcript's lines."""
    return [(line.said.key, line.said.values) for line in transcript_of(decision).lines]


# take, assign, note, assess


def test_who_takes_a_case_owns_it(desk, case):
    desk.command(case, "#take", BERT)
    assert desk.case(case).owner == "bert"
    desk.command(case, "#take")
    assert desk.case(case).owner == "anna"


def test_taking_an_assessed_case_begins_the_investigation(desk, case):
    desk.command(case, "#assess severity=low\n#take")
    assert desk.case(case).status is Status.INVESTIGATING


def test_taking_what_one_has_already_holds_up_no_other_line(desk, case):
    desk.command(case, "#take")
    decision = desk.command(case, "#take\n#reply Hello")
    assert said(decision)[0] == ("refused.already", ("Anna Schmidt",))
    assert [verdict for verdict, _ in verdicts(decision)] == ["done", "done"]
    assert desk.events(case).count("OwnerNamed") == 1


@pytest.mark.parametrize("words", ["bert", "@bert", "Bert Müller", "BERT@example.org", "bert,", "Bert"])
def test_a_colleague_is_named_by_key_name_or_address(desk, case, words):
    desk.command(case, f"#assign {words}\nYou know the depot.")
    assert desk.case(case).owner == "bert"
    assert desk.events(case)[-1] == "Noted"


def test_the_colleague_is_told_with_the_givers_words_and_it_can_still_be_undone(desk, case):
    decision = desk.command(case, "#assign bert\nYou know the depot.")
    told = desk.last(LetterKind.NEW_CASE, to=BERT.address).letter
    assert told.content.notice.values == (ANNA.name, "You know the depot.")
    assert told.content.text == "My parcel never came."
    assert (told.content.why, told.case) == ("", case.id)
    assert transcript_of(decision).letters == ()
    assert "#undo" in [tap.body for tap in decision.letters[0].letter.taps]


def test_who_gives_a_case_to_themselves_needs_no_telling(desk, case):
    before = len(desk.letters(to=ANNA.address))
    desk.command(case, "#assign anna")
    assert [one.letter.kind for one in desk.letters(to=ANNA.address)[before:]] == [LetterKind.TRANSCRIPT]


def test_an_unknown_colleague_is_refused(desk, case):
    assert said(desk.command(case, "#assign zoe")) == [("refused.unknown_person", ("zoe",))]


def test_an_ambiguous_name_is_refused_with_the_candidates(desk, case):
    assert said(desk.command(case, "#assign müller")) == [
        ("refused.ambiguous_person", ("müller", "Bert Müller, Eva Müller"))
    ]


@pytest.mark.parametrize("text", ["#assign", "#assess", "#assess high"])
def test_a_command_without_its_value_is_refused_with_its_usage(desk, case, text):
    assert verdicts(desk.command(case, text)) == [("refused", "refused.needs_value")]


@pytest.mark.parametrize("text", ["#note", "#reply", "#ask", "#reply now", "#respond upheld"])
def test_a_command_without_its_words_is_refused(desk, case, text):
    assert verdicts(desk.command(case, text)) == [("refused", "refused.needs_text")]


def test_an_exact_name_wins_over_part_of_another():
    jo = replace(BERT, key="jo", name="Eva", address="jo@example.org")
    policy = replace(POLICY, staff=(*POLICY.staff, jo))
    assert [person.key for person in people_named(policy, "eva")] == ["eva", "jo"]
    assert [person.key for person in people_named(policy, "jo")] == ["jo"]


def test_an_assessment_keeps_what_is_not_named(desk, case):
    desk.command(case, '#assess severity=high impact="no heating"')
    desk.command(case, "#bewerten schwere=mittel sofort=Heizlüfter gebracht", BERT)
    assert desk.case(case).assessment == Assessment("mittel", "", "", "no heating", "Heizlüfter gebracht")
    assert desk.case(case).reached(Milestone.ASSESSED)


def test_an_unknown_field_is_refused(desk, case):
    assert verdicts(desk.command(case, "#assess severty=high")) == [("refused", "refused.unknown_field")]


def test_the_tapped_assessment_takes_the_fields_that_were_filled_in(desk, case):
    desk.command(case, "#assess severity=high safety= impact=")
    assert desk.case(case).assessment == Assessment(severity="high")


# reply, ask


def test_a_reply_goes_to_the_complainant_in_their_language_and_thread_and_is_held(desk):
    case = desk.complaint(language="de", message_id="<pats@mail.example>")
    decision = desk.command(case, "#reply Wir haben das Paket gefunden.", BERT)
    letter = desk.last(LetterKind.REPLY).letter
    assert (letter.to.address, letter.language, letter.hold_seconds) == (PAT, "de", 600)
    assert letter.in_reply_to == "<pats@mail.example>"
    assert decision.transcript is not None


def test_the_first_contact_is_the_first_letter_of_a_person_that_the_server_took(desk, case):
    desk.command(case, "#reply Hello")
    assert desk.case(case).reached(Milestone.FIRST_CONTACT) is None
    letter = desk.last(LetterKind.REPLY)
    desk.settle(letter)
    assert desk.case(case).reached(Milestone.FIRST_CONTACT).proof == letter.id


def test_a_refused_letter_is_no_contact(desk, case):
    desk.command(case, "#ask Which parcel?")
    desk.settle(desk.last(LetterKind.QUESTION), Fate.REFUSED)
    assert desk.case(case).reached(Milestone.FIRST_CONTACT) is None


def test_a_second_letter_is_no_second_first_contact(desk, case):
    desk.command(case, "#reply Hello")
    desk.settle(desk.last(LetterKind.REPLY))
    desk.command(case, "#respond upheld\nWe left it in the rain.")
    desk.settle(desk.last(LetterKind.DECISION))
    reached = [row.event.milestone for row in desk.history[case.id] if isinstance(row.event, MilestoneReached)]
    assert reached.count(Milestone.FIRST_CONTACT) == 1


def test_a_held_letter_leaves_by_the_due_time(desk, case):
    desk.command(case, "#reply Hello")
    assert desk.last(LetterKind.REPLY).letter.due_at == case.due_at


@pytest.mark.parametrize("word", ["now", "NOW", "now:", "jetzt", "sofort"])
def test_now_alone_on_the_line_skips_the_hold(desk, case, word):
    desk.command(case, f"#reply {word}\nHello")
    letter = desk.last(LetterKind.REPLY).letter
    assert (letter.content.text, letter.hold_seconds) == ("Hello", 0)


def test_now_within_a_sentence_does_not_skip_the_hold(desk, case):
    desk.command(case, "#reply Now we have it.")
    letter = desk.last(LetterKind.REPLY).letter
    assert (letter.content.text, letter.hold_seconds) == ("Now we have it.", 600)


def test_attachments_travel_with_a_reply_and_a_decision(desk, case):
    for text in ("#reply Hello", "#respond upheld\nx"):
        desk.command(case, text, attachments=(PHOTO,))
    for kind in (LetterKind.REPLY, LetterKind.DECISION):
        assert [e.filename for e in desk.last(kind).letter.enclosures] == ["photo.jpg"]


def test_what_was_attached_to_a_note_does_not_leave_with_a_closing(desk, case):
    decision = desk.command(case, "#note See the doctor's letter.\n#close withdrawn\nx", attachments=(PHOTO,))
    assert desk.last(LetterKind.CLOSING).letter.enclosures == ()
    assert transcript_of(decision).letters[0].attachments == ()


def test_a_question_makes_the_case_wait(desk, case):
    desk.command(case, "#frage Welche Farbe?", BERT)
    assert desk.case(case).status is Status.WAITING
    assert desk.last(LetterKind.QUESTION).letter.content.text == "Welche Farbe?"


@pytest.mark.parametrize("text", ["#reply Hello", "#ask Hello", "#respond upheld\nx"])
def test_without_a_complainant_there_is_nobody_to_write_to(desk, text):
    case = desk.case(desk.receive(mail("No address", None)).case)
    assert verdicts(desk.command(case, text)) == [("refused", "refused.no_complainant")]


# respond, close, reopen


def test_a_decision_carries_outcome_reasons_and_remedies(desk, case):
    text = "#respond partly upheld\nIt rained.\nremedy: refund of 40 EUR\nAbhilfe: an apology\nIt will not again."
    desk.command(case, text)
    now, content = desk.case(case), desk.last(LetterKind.DECISION).letter.content
    assert (now.status, now.outcome) == (Status.RESPONDED, Outcome.PARTLY_UPHELD)
    assert now.reasons == content.reasons == "It rained.\nIt will not again."
    assert [remedy.kind for remedy in now.remedies] == ["refund of 40 EUR", "an apology"]
    assert now.remedies == content.remedies


@pytest.mark.parametrize(("words", "outcome"), OUTCOME_WORDS.items())
def test_every_outcome_word_is_understood_in_any_case_and_with_hyphens(words, outcome):
    assert outcome_named(words.upper()) is outcome
    assert outcome_named(words.replace(" ", "-")) is outcome
    assert outcome_named(f" {words}. ") is outcome


def test_every_outcome_can_be_named():
    assert set(OUTCOME_WORDS.values()) == set(Outcome)


@pytest.mark.parametrize(
    "line", ["#respond", "#respond maybe", "#respond now", "#respond upheld in part", "#close maybe"]
)
def test_an_unknown_outcome_is_refused_with_the_list(desk, case, line):
    decision = desk.command(case, f"{line}\nreasons")
    assert transcript_of(decision).lines[0].said.key == "refused.unknown_outcome"
    assert kinds(decision) == ["transcript"]


def test_reasons_may_stand_behind_a_colon(desk, case):
    desk.command(case, "#respond not upheld: It did not rain.\nWe looked.")
    assert desk.case(case).outcome is Outcome.NOT_UPHELD
    assert desk.case(case).reasons == "It did not rain.\nWe looked."


def test_reasons_behind_a_colon_close_too(desk, case):
    desk.command(case, "#close withdrawn: she found it")
    assert (desk.case(case).status, desk.case(case).reasons) == (Status.CLOSED, "she found it")


def test_now_skips_the_hold_of_a_decision(desk, case):
    desk.command(case, "#respond upheld now\nIt rained.")
    assert desk.last(LetterKind.DECISION).letter.hold_seconds == 0


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("#close", "close.needs_outcome"),
        ("#close upheld\nIt rained.", "close.needs_response"),
        ("#close withdrawn", "close.needs_reasons"),
        ("#close not upheld", "close.needs_reasons"),
    ],
)
def test_closing_says_what_it_lacks(desk, case, text, key):
    assert verdicts(desk.command(case, text)) == [("refused", key)]
    assert desk.case(case).outcome is None


def test_closing_after_a_response_needs_nothing_more_and_tells_the_complainant(desk, case):
    desk.command(case, "#respond upheld\nIt rained.")
    desk.command(case, "#close\nGoodbye.")
    now, content = desk.case(case), desk.last(LetterKind.CLOSING).letter.content
    assert now.status is Status.CLOSED
    assert (content.outcome, content.text) == (Outcome.UPHELD, "Goodbye.")
    assert now.reached(Milestone.CLOSED)


def test_a_case_is_not_closed_with_another_decision_than_the_complainant_was_told(desk, case):
    desk.command(case, "#respond upheld\nIt rained.")
    decision = desk.command(case, "#close not upheld\nIt did not rain.")
    assert verdicts(decision) == [("refused", "close.needs_response")]
    assert desk.case(case).outcome is Outcome.UPHELD


def test_a_withdrawal_needs_reasons_of_its_own(desk, case):
    desk.command(case, "#respond upheld\nIt rained.")
    assert verdicts(desk.command(case, "#close withdrawn")) == [("refused", "close.needs_reasons")]
    desk.command(case, "#close withdrawn\nShe found it.")
    assert (desk.case(case).outcome, desk.case(case).reasons) == (Outcome.WITHDRAWN, "She found it.")


def test_a_case_without_a_complainant_closes_silently(desk):
    case = desk.case(desk.receive(mail("No address", None)).case)
    decision = desk.command(case, "#close not a complaint\nJust news.")
    assert verdicts(decision) == [("done", "close.done_silently")]
    assert kinds(decision) == ["transcript"]


def test_a_reopened_case_is_closed_again_with_its_new_time(desk, case):
    desk.command(case, "#close withdrawn\nx")
    desk.command(case, "#reopen\nShe rang.")
    assert desk.case(case).reached(Milestone.CLOSED) is None
    desk.later(days=3)
    desk.command(case, "#close withdrawn\ny")
    assert desk.case(case).reached(Milestone.CLOSED).at == desk.now


def test_an_open_case_cannot_be_reopened(desk, case):
    assert said(desk.command(case, "#reopen")) == [("refused.status", ("#reopen", "received"))]


@pytest.mark.parametrize(
    ("text", "reasons", "remedies"),
    [("a\nREMEDY : b\nc", "a\nc", ["b"]), ("remedy:", "remedy:", []), ("", "", []), ("remedy: b", "", ["b"])],
)
def test_remedies_are_read_out_of_the_reasons(text, reasons, remedies):
    found, kept = split_reasons(text)
    assert (found, [remedy.kind for remedy in kept]) == (reasons, remedies)


# add, newcase


@pytest.fixture
def unverified(desk, case):
    """A mail of a son's on the case."""
    desk.reply(desk.last(LetterKind.ACKNOWLEDGEMENT), "I am her son.", "son@elsewhere.example")
    return next(kept for kept in desk.kept.values() if kept.decision.standing == "unverified")


def test_add_lets_the_sender_of_the_unverified_mail_in(desk, case, unverified):
    desk.command(case, "#add")
    assert desk.case(case).party("son@elsewhere.example").role is Role.THIRD_PARTY
    decision = desk.receive(mail("Any news?", "son@elsewhere.example", subject=case.reference))
    assert (decision.case, decision.standing) == (case.id, "third party")


def test_add_names_the_role(desk, case, unverified):
    desk.command(case, "#add on behalf")
    assert desk.case(case).party("son@elsewhere.example").role is Role.ON_BEHALF


@pytest.mark.parametrize(
    ("words", "role"),
    [
        ("Kim <KIM@Example.NET> on behalf", Role.ON_BEHALF),
        ("kim@example.net", Role.THIRD_PARTY),
        ("kim@example.net im auftrag", Role.ON_BEHALF),
        ("complainant kim@example.net", Role.COMPLAINANT),
    ],
)
def test_an_address_becomes_a_party_in_the_role_named(desk, case, words, role):
    desk.command(case, f"#add {words}")
    assert desk.case(case).party("kim@example.net").role is role


def test_the_first_address_of_a_case_without_one_is_the_complainants(desk):
    case = desk.case(desk.receive(mail("No address", None)).case)
    desk.command(case, "#add kim@example.net\n#reply Hello")
    assert desk.last(LetterKind.REPLY).letter.to.address == "kim@example.net"


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("", "refused.nothing_unverified"),
        (PAT, "refused.already_party"),
        ("complaints+x@example.org", "refused.own_address"),
        ("kim@example.net as a friend", "refused.unknown_field"),
    ],
)
def test_what_cannot_be_added_is_refused(desk, case, words, key):
    assert verdicts(desk.command(case, f"#add {words}")) == [("refused", key)]


def test_newcase_gives_the_unverified_mail_a_case_of_its_own_and_acknowledges_it(desk, case, unverified):
    decision = desk.command(case, "#newcase")
    new = next(one for one in desk.cases.values() if one.id != case.id)
    assert decision.refiled == ((unverified.row, new.id),)
    assert new.complainant.address == "son@elsewhere.example"
    assert new.what_happened == "I am her son."
    assert [one.letter.to.address for one in desk.letters(LetterKind.ACKNOWLEDGEMENT)][-1] == "son@elsewhere.example"
    assert desk.events(new)[-2:] == ["CasesRefer", "LetterWritten"]
    assert desk.events(case)[-1] == "CasesRefer"


def test_the_staff_can_work_the_new_case_from_the_letter_that_tells_of_it(desk, case, unverified):
    decision = desk.command(case, "#newcase")
    new = next(one for one in desk.cases.values() if one.id != case.id)
    told = [one for one in desk.letters(LetterKind.NEW_CASE) if one.letter.case == new.id]
    assert {one.letter.to.address for one in told} == {
        person.address for person in POLICY.staff if person.key in POLICY.notify
    }
    assert [one.kind for one in transcript_of(decision).letters] == [LetterKind.ACKNOWLEDGEMENT]
    desk.reply(told[0], "#take", sender=told[0].letter.to.address)
    assert desk.case(new).owner


def test_the_new_cases_complainant_hears_nothing_of_the_old_case(desk, case, unverified):
    desk.command(case, "#newcase")
    letters = desk.letters(to="son@elsewhere.example")
    assert letters
    assert all(case.reference not in repr(one.letter) for one in letters)


def test_one_mail_makes_one_new_case(desk, case, unverified):
    decision = desk.command(case, "#newcase\n#newcase")
    assert [verdict for verdict, _ in verdicts(decision)] == ["not applied", "refused"]
    assert len(desk.cases) == 1


def test_newcase_without_an_unverified_mail_is_refused(desk, case):
    assert verdicts(desk.command(case, "#newcase")) == [("refused", "refused.nothing_unverified")]


def test_a_mail_that_got_its_own_case_is_not_unverified_any_more(desk, case, unverified):
    desk.command(case, "#newcase")
    assert verdicts(desk.command(case, "#newcase")) == [("refused", "refused.nothing_unverified")]


# show, mine, help


def test_mine_lists_ones_open_cases_with_reference_and_due_date(desk, case):
    other = desk.complaint("Another", subject="Another")
    done = desk.complaint("Done", subject="Done")
    for one in (case, other):
        desk.command(one, "#take")
    desk.command(done, "#take\n#close withdrawn\nx")
    listed = transcript_of(desk.command(case, "#mine")).cases
    assert [(line.reference, line.owner, line.due_at) for line in listed] == [
        (case.reference, "Anna Schmidt", POLICY.day_of(case.due_at)),
        (other.reference, "Anna Schmidt", POLICY.day_of(other.due_at)),
    ]


def test_show_hides_nothing_of_the_case(desk):
    case = desk.complaint("My parcel never came.", subject="Parcel")
    desk.command(case, '#take\n#assess severity=high impact="no heating"\n#note Called the depot.')
    desk.command(case, "#respond upheld\nIt rained.\nremedy: refund of 40 EUR")
    sheet = transcript_of(desk.command(case, "#show")).sheet
    fields = dict(sheet.fields)
    expected = {
        "status": "responded",
        "owner": "Anna Schmidt",
        "due_at": POLICY.day_of(case.due_at).isoformat(),
        "subject": "Parcel",
        "what_happened": "My parcel never came.",
        "outcome": "upheld",
        "reasons": "It rained.",
        "remedies": "refund of 40 EUR",
        "severity": "high",
        "impact": "no heating",
    }
    assert expected.items() <= fields.items()
    assert [(party.address, party.role) for party in sheet.parties] == [(PAT, Role.COMPLAINANT)]
    assert len(sheet.history) == len(desk.history[case.id]) - 1
    spoken = " | ".join(value for entry in sheet.history for _, value in entry.details)
    for words in ("Called the depot.", "no heating", "It rained.", "signed reply address", PAT):
        assert words in spoken
    assert {entry.by for entry in sheet.history} == {"complainant", "desk", "Anna Schmidt"}


def test_show_shows_what_the_forms_hold(desk, case):
    filled = replace(
        desk.case(case),
        happened_on="last Monday",
        people_complained_about=("the driver", "the depot"),
        vulnerability="poor sight",
        vulnerability_driver="health",
        confidential=True,
        legal_hold=True,
        repeat_of=None,
    )
    desk.cases[case.id] = filled
    fields = dict(transcript_of(desk.command(case, "#show")).sheet.fields)
    assert fields["happened_on"] == "last Monday"
    assert fields["people_complained_about"] == "the driver, the depot"
    assert fields["vulnerability"] == "poor sight"
    assert {"vulnerability_driver", "confidential", "legal_hold"} <= set(fields)


def test_show_leaves_out_what_is_not_filled_in(desk, case):
    fields = dict(transcript_of(desk.command(case, "#show")).sheet.fields)
    assert "" not in fields.values()
    assert not {"confidential", "legal_hold", "owner", "outcome"} & set(fields)


def test_show_goes_to_the_registered_address_and_nowhere_else(desk, case):
    decision = desk.command(case, "#show")
    assert [n.letter.to.address for n in decision.letters] == [ANNA.address]
    assert decision.disposition is Disposition.FILED


def test_after_the_due_time_a_letter_is_held_all_the_same(desk, case):
    desk.later(days=20)
    desk.command(case, "#reply Hello")
    letter = desk.last(LetterKind.REPLY).letter
    assert letter.hold_seconds == 600
    assert letter.due_at is None or letter.due_at > desk.now + timedelta(0)


@pytest.mark.parametrize("text", ["#reply Hello", "#ask Which one?", "#respond upheld\nIt rained."])
def test_after_a_letter_came_back_the_complainants_other_address_gets_the_next(desk, case, text):
    desk.settle(desk.last(LetterKind.ACKNOWLEDGEMENT))
    desk.bounce(desk.last(LetterKind.ACKNOWLEDGEMENT))
    desk.command(case, "#add right@example.net complainant")
    desk.command(case, text)
    assert [one.letter.to.address for one in desk.letters() if one.letter.hold_seconds] == ["right@example.net"]


def test_a_second_complainant_does_not_take_the_letters_from_the_first(desk, case):
    desk.settle(desk.last(LetterKind.ACKNOWLEDGEMENT))
    desk.command(case, "#add joint@example.net complainant")
    desk.command(case, "#reply Hello")
    assert desk.last(LetterKind.REPLY).letter.to.address == PAT


def test_the_only_complainant_is_written_to_though_a_letter_came_back(desk, case):
    desk.settle(desk.last(LetterKind.ACKNOWLEDGEMENT), Fate.REFUSED)
    desk.command(case, "#reply Hello")
    assert desk.last(LetterKind.REPLY).letter.to.address == PAT
