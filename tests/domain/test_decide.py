"""What follows from a mail: from complainants, strangers, programs and our own letters."""

from dataclasses import replace

import pytest
from paper_desk import ANNA, BERT, DESK, LOGO, MIA, PAT, PHOTO, POLICY, PaperDesk, kinds, mail

from maildesk.domain.case import Milestone, Role, Status
from maildesk.domain.decision import Disposition
from maildesk.domain.delivery import Fate
from maildesk.domain.filing import FilingReason
from maildesk.domain.letter import LetterKind, Purpose, TooLarge
from maildesk.domain.message import Address, Kind

STRANGER = "sly@elsewhere.example"
ACK, NEW_CASE, NEW_MESSAGE = LetterKind.ACKNOWLEDGEMENT, LetterKind.NEW_CASE, LetterKind.NEW_MESSAGE


@pytest.fixture
def desk() -> PaperDesk:
    return PaperDesk()


def notice_of(decision) -> str | None:
    """The key of what staff are told is special."""
    special = next(n.letter.content.notice for n in decision.letters if n.letter.kind in (NEW_CASE, NEW_MESSAGE))
    return special.key if special else None


# a new complaint


def test_a_complaint_becomes_a_case_with_an_acknowledgement_and_word_to_the_staff(desk):
    decision = desk.receive(mail("My parcel never came.", subject="Parcel"))
    case = desk.case(decision.case)
    assert decision.disposition is Disposition.OPENED
    assert kinds(decision) == ["acknowledgement", "new_case", "new_case"]
    assert (case.status, case.subject, case.what_happened) == (Status.RECEIVED, "Parcel", "My parcel never came.")
    assert [(party.address, party.role) for party in case.parties] == [(PAT, Role.COMPLAINANT)]
    assert desk.events(case) == ["Opened", "PartyAdded", "MessageFiled", "LetterWritten"]
    assert notice_of(decision) is None


def test_the_acknowledgement_answers_the_mail_in_its_thread_and_at_once(desk):
    decision = desk.receive(mail("x", message_id="<c@x.example>", references=("<a@x.example>",)))
    letter = desk.last(ACK).letter
    assert (letter.in_reply_to, letter.references) == ("<c@x.example>", ("<a@x.example>", "<c@x.example>"))
    assert (letter.to.address, letter.purpose, letter.hold_seconds) == (PAT, Purpose.COMPLAINANT, 0)
    assert decision.transcript is None


@pytest.mark.parametrize(("language", "expected"), [("de", "de"), ("en", "en"), ("fr", "en"), (None, "en")])
def test_the_case_speaks_the_mails_language_where_the_desk_does(desk, language, expected):
    case = desk.complaint(language=language)
    assert case.language == expected
    assert desk.last(ACK).letter.language == expected


def test_each_of_the_staff_is_told_in_their_own_language(desk):
    desk.complaint()
    assert [(s.letter.to.address, s.letter.language) for s in desk.letters(NEW_CASE)] == [
        (ANNA.address, "en"),
        (BERT.address, "de"),
    ]


SILENT = {
    "no sender": ({"sender": None, "sender_is_from": False}, "notice.no_sender"),
    "automatic": ({"kind": Kind.AUTO_GENERATED}, "notice.no_letter_automatic"),
    "not to be answered": ({"may_acknowledge": False}, "notice.no_letter_automatic"),
    "staff": ({"sender": Address("", ANNA.address)}, "notice.from_staff"),
}


@pytest.mark.parametrize("why", SILENT)
def test_a_new_case_is_not_acknowledged_where_nobody_should_be_answered(desk, why):
    changes, notice = SILENT[why]
    decision = desk.receive(replace(mail("Please help."), **changes))
    assert decision.disposition is Disposition.OPENED
    assert desk.letters(ACK) == []
    assert notice_of(decision) == notice


def test_the_sixth_complaint_of_a_day_from_one_address_opens_a_case_without_an_acknowledgement(desk):
    decisions = [desk.receive(mail(f"Complaint number {n}")) for n in range(6)]
    assert [d.disposition for d in decisions] == [Disposition.OPENED] * 6
    assert len(desk.letters(ACK)) == 5
    assert notice_of(decisions[5]) == "notice.no_letter_cap"


def test_a_staff_forward_has_no_complainant_until_one_is_added(desk):
    decision = desk.receive(mail("FW: please handle", ANNA.address))
    assert desk.case(decision.case).complainant is None
    assert decision.reason is FilingReason.STAFF_FORWARD


def test_a_mail_of_nothing_but_quoted_words_still_says_what_happened(desk):
    decision = desk.receive(replace(mail("> My parcel never came."), visible_text=""))
    assert desk.case(decision.case).what_happened == "> My parcel never came."


def test_a_reply_to_address_is_written_to_but_is_never_recorded_as_staff(desk):
    decision = desk.receive(mail("#close", ANNA.address, sender_is_from=False))
    filed = next(row.event for row in desk.history[decision.case] if type(row.event).__name__ == "MessageFiled")
    assert not filed.standing.startswith("staff")
    assert desk.letters(ACK) == []
    assert LetterKind.CHALLENGE not in kinds(decision)


def test_too_large_a_mail_opens_a_case_and_its_sender_is_told(desk):
    decision = desk.receive(mail("See the film.", is_partial=True), too_large=50_000_000)
    assert kinds(decision) == ["too_large", "new_case", "new_case"]
    assert desk.last(LetterKind.TOO_LARGE).letter.content == TooLarge(50_000_000, 40_000_000)
    assert notice_of(decision) == "notice.too_large"


def test_what_could_not_be_read_becomes_a_case_without_a_letter_to_anybody_outside(desk):
    decision = desk.receive(mail("", PAT), unreadable="died three times")
    assert decision.disposition is Disposition.OPENED
    assert decision.reason is FilingReason.UNREADABLE
    assert kinds(decision) == ["new_case", "new_case"]
    assert notice_of(decision) == "notice.unreadable"


# strangers, and a spouse in Cc


def test_the_owner_of_a_case_that_a_strangers_mail_refers_to_hears_which_case_it_became(desk):
    case = desk.complaint()
    opened = desk.receive(mail("What about it?", STRANGER, subject=f"[{case.reference}]"))
    content = desk.last(LetterKind.NEW_MESSAGE).letter.content
    assert (content.notice.key, content.notice.values) == ("notice.referred", (desk.case(opened.case).reference,))
    assert content.others == ()


def test_a_guessed_reference_opens_a_new_case_and_tells_the_stranger_nothing(desk):
    case = desk.complaint()
    decision = desk.receive(mail("What about it?", STRANGER, subject=f"[{case.reference}]"))
    new = desk.case(decision.case)
    assert new.id != case.id
    to_stranger = desk.letters(to=STRANGER)
    assert [one.letter.kind for one in to_stranger] == [ACK]
    assert case.reference not in repr(replace(to_stranger[0].letter, subject=""))
    assert desk.events(case)[-1] == "CasesRefer"


def test_a_spouse_in_cc_who_answers_the_complainants_mail_gets_a_new_case_and_both_owners_hear_of_it(desk):
    case = desk.complaint(message_id="<pats@mail.example>", cc=(Address("", "spouse@example.net"),))
    desk.command(case, "#take")
    decision = desk.receive(mail("Yes, me too!", "spouse@example.net", in_reply_to=("<pats@mail.example>",)))
    new = desk.case(decision.case)
    assert new.id != case.id
    assert decision.reason is FilingReason.NEW_REFERS
    told = [(n.letter.kind, n.letter.case) for n in decision.letters]
    assert (NEW_CASE, new.id) in told
    assert (NEW_MESSAGE, case.id) in told
    assert desk.case(case).party("spouse@example.net") is None


@pytest.mark.parametrize("by", ["reply address", "message id", "pseudo-id"])
def test_a_spouse_who_answers_our_letter_is_kept_unverified_and_nothing_is_disclosed(desk, by):
    case = desk.complaint()
    letter = desk.last(ACK)
    changes = {
        "reply address": {"to": (Address("", letter.address),)},
        "message id": {"in_reply_to": (letter.message_id,)},
        "pseudo-id": {"references": (desk.pseudo_id(case),)},
    }[by]
    decision = desk.receive(mail("I am her husband.", "spouse@example.net", **changes))
    assert (decision.case, decision.standing) == (case.id, "unverified")
    assert kinds(decision) == ["new_message", "new_message"]
    assert notice_of(decision) == "notice.unverified"
    assert desk.letters(to="spouse@example.net") == []
    assert [tap.body for tap in decision.letters[0].letter.taps] == ["#add", "#newcase", "#show"]


def test_an_unverified_mail_moves_no_status(desk):
    case = desk.complaint()
    desk.command(case, "#ask Which one?")
    desk.reply(desk.last(ACK), "The blue one.", STRANGER)
    assert desk.case(case).status is Status.WAITING


# the complainant writes again


def test_an_answer_to_our_letter_is_filed_and_its_owner_told(desk):
    case = desk.complaint()
    desk.command(case, "#take")
    decision = desk.reply(desk.last(ACK), "It was blue.")
    assert (decision.disposition, decision.case, decision.standing) == (Disposition.FILED, case.id, "complainant")
    assert [(n.letter.kind, n.letter.to.address) for n in decision.letters] == [(NEW_MESSAGE, ANNA.address)]
    assert len(desk.letters(ACK)) == 1


def test_a_complainant_who_answers_their_own_sent_mail_stays_on_the_case(desk):
    case = desk.complaint(message_id="<own@mail.example>")
    decision = desk.receive(mail("I forgot: it was blue.", in_reply_to=("<own@mail.example>",)))
    assert (decision.case, decision.reason) == (case.id, FilingReason.PARTY_THREAD)


def test_the_complainants_answer_takes_the_case_out_of_waiting(desk):
    case = desk.complaint()
    desk.command(case, "#ask Which one?")
    assert desk.case(case).status is Status.WAITING
    desk.reply(desk.last(LetterKind.QUESTION), "The blue one.")
    assert desk.case(case).status is Status.INVESTIGATING


def test_a_third_partys_mail_is_no_answer_of_the_complainants(desk):
    case = desk.complaint()
    desk.command(case, "#add depot@example.com third party\n#ask Which one?")
    decision = desk.receive(mail("We found a blue one.", "depot@example.com", subject=case.reference))
    assert (decision.case, decision.standing) == (case.id, "third party")
    assert desk.case(case).status is Status.WAITING


def test_who_acts_on_behalf_answers_for_the_complainant(desk):
    case = desk.complaint()
    desk.command(case, "#add son@example.net on behalf\n#ask Which one?")
    desk.receive(mail("The blue one.", "son@example.net", subject=case.reference))
    assert desk.case(case).status is Status.INVESTIGATING


def test_a_party_that_was_taken_off_meanwhile_is_unverified(desk):
    case = desk.complaint()
    desk.index.parties[case.id] = frozenset({PAT, STRANGER})
    decision = desk.reply(desk.last(ACK), "Hello again", STRANGER)
    assert decision.standing == "unverified"


def test_thank_you_after_closing_does_not_reopen_and_the_owner_is_told(desk):
    case = closed(desk)
    decision = desk.reply(desk.last(LetterKind.CLOSING), "Thank you!")
    assert desk.case(case).status is Status.CLOSED
    assert notice_of(decision) == "notice.after_closing"
    assert [tap.body for tap in decision.letters[0].letter.taps] == ["#reopen", "#show"]


def test_too_large_a_mail_on_a_case_is_filed_and_its_sender_is_told(desk):
    case = desk.complaint()
    decision = desk.receive(
        replace(desk.answer(desk.last(ACK), "See the film."), is_partial=True), too_large=50_000_000
    )
    assert decision.case == case.id
    told = desk.last(LetterKind.TOO_LARGE).letter
    assert (told.to.address, told.content) == (PAT, TooLarge(50_000_000, 40_000_000))
    assert notice_of(decision) == "notice.too_large"
    assert desk.events(case)[-1] == "LetterWritten"


def test_too_large_a_mail_of_a_stranger_on_a_case_is_not_answered(desk):
    desk.complaint()
    decision = desk.receive(
        replace(desk.answer(desk.last(ACK), "Film.", STRANGER), is_partial=True), too_large=50_000_000
    )
    assert decision.standing == "unverified"
    assert desk.letters(LetterKind.TOO_LARGE) == []


def closed(desk: PaperDesk):
    """Anna's case, closed."""
    case = desk.complaint()
    desk.command(case, "#take\n#close withdrawn\nShe found it.")
    assert desk.case(case).status is Status.CLOSED
    return case


# automatic mail


@pytest.mark.parametrize("kind", [Kind.AUTO_REPLY, Kind.AUTO_GENERATED, Kind.FEEDBACK_REPORT])
def test_automatic_mail_on_a_case_moves_no_status_and_gets_no_letter(desk, kind):
    case = desk.complaint()
    desk.command(case, "#ask Which one?")
    decision = desk.reply(desk.last(LetterKind.QUESTION), "I am away.", kind=kind)
    assert (decision.disposition, decision.case, decision.standing) == (Disposition.FILED, case.id, "automatic")
    assert desk.case(case).status is Status.WAITING
    assert decision.letters == ()


def test_an_out_of_office_after_closing_does_not_reopen(desk):
    case = closed(desk)
    decision = desk.reply(desk.last(LetterKind.CLOSING), "I am away.", kind=Kind.AUTO_REPLY)
    assert desk.case(case).status is Status.CLOSED
    assert decision.letters == ()


@pytest.mark.parametrize("kind", [Kind.AUTO_REPLY, Kind.FEEDBACK_REPORT])
def test_an_automatic_answer_that_belongs_nowhere_lies_on_the_shelf(desk, kind):
    decision = desk.receive(mail("I am away.", kind=kind, rule="Auto-Submitted"))
    assert (decision.disposition, decision.shelf_reason) == (Disposition.SHELVED, "Auto-Submitted")
    assert desk.cases == {}


def test_automatic_mail_that_is_no_answer_opens_a_case_in_doubt_without_a_letter_outside(desk):
    decision = desk.receive(mail("Form: my parcel never came.", kind=Kind.AUTO_GENERATED))
    assert decision.disposition is Disposition.OPENED
    assert kinds(decision) == ["new_case", "new_case"]


def test_a_mailing_list_lies_on_the_shelf(desk):
    decision = desk.receive(mail("News", STRANGER, is_list=True, rule="List-Id"))
    assert (decision.disposition, decision.reason) == (Disposition.SHELVED, FilingReason.LIST)


def test_a_complainant_who_writes_through_a_list_is_heard_on_their_case(desk):
    case = desk.complaint()
    desk.command(case, "#take\n#ask Which one?")
    decision = desk.reply(desk.last(LetterKind.QUESTION), "The blue one.", is_list=True)
    assert [n.letter.to.address for n in decision.letters] == [ANNA.address]
    assert desk.case(case).status is Status.INVESTIGATING


def test_a_list_that_carries_a_strangers_answer_to_a_thread_stays_quiet(desk):
    desk.complaint(message_id="<pats@mail.example>")
    decision = desk.receive(mail("x", STRANGER, is_list=True, in_reply_to=("<pats@mail.example>",)))
    assert (decision.disposition, decision.letters) == (Disposition.SHELVED, ())


# our own mail


@pytest.mark.parametrize("sender", [DESK, "help@example.org", "complaints+x@example.org", "COMPLAINTS@Example.org"])
def test_our_own_mail_that_came_home_lies_on_the_shelf(desk, sender):
    decision = desk.receive(mail("We have received your complaint.", sender))
    assert (decision.disposition, decision.reason) == (Disposition.SHELVED, FilingReason.OWN)
    assert desk.cases == {}


def test_a_mail_with_our_mark_is_ours_whoever_it_says_it_is_from(desk):
    decision = desk.receive(mail("x", STRANGER, own_marks=("mark",)))
    assert decision.reason is FilingReason.OWN


# bounces


def test_a_bounced_acknowledgement_is_taken_back_and_the_owner_told(desk):
    case = desk.complaint()
    desk.command(case, "#take")
    desk.settle(desk.last(ACK))
    assert desk.case(case).reached(Milestone.ACKNOWLEDGED)
    decision = desk.bounce(desk.last(ACK))
    assert desk.case(case).reached(Milestone.ACKNOWLEDGED) is None
    assert [(n.letter.kind, n.letter.to.address) for n in decision.letters] == [(LetterKind.REFUSED, ANNA.address)]
    assert decision.bounced == (desk.last(ACK).id,)
    assert desk.events(case)[-3:] == ["MessageFiled", "LetterBounced", "MilestoneLost"]


def test_a_second_bounce_of_the_same_letter_changes_nothing_more(desk):
    case = desk.complaint()
    desk.settle(desk.last(ACK))
    desk.bounce(desk.last(ACK))
    before = desk.case(case)
    desk.bounce(desk.last(ACK))
    assert desk.case(case).milestones == before.milestones == ()


def test_a_bounced_reply_leaves_the_acknowledgement_alone(desk):
    case = desk.complaint()
    desk.settle(desk.last(ACK))
    desk.command(case, "#reply now\nWe found it.")
    desk.settle(desk.last(LetterKind.REPLY))
    desk.bounce(desk.last(LetterKind.REPLY))
    assert desk.case(case).reached(Milestone.ACKNOWLEDGED)


def test_a_bounced_decision_is_no_response(desk):
    case = desk.complaint()
    desk.command(case, "#respond upheld\nIt rained.")
    desk.settle(desk.last(LetterKind.DECISION))
    assert desk.case(case).reached(Milestone.RESPONDED)
    desk.bounce(desk.last(LetterKind.DECISION))
    assert desk.case(case).reached(Milestone.RESPONDED) is None


def test_a_delay_is_noted_on_the_case_and_nobody_is_troubled(desk):
    case = desk.complaint()
    desk.settle(desk.last(ACK))
    decision = desk.bounce(desk.last(ACK), Kind.DELAYED)
    assert (decision.disposition, decision.letters, decision.bounced) == (Disposition.FILED, (), ())
    assert desk.case(case).reached(Milestone.ACKNOWLEDGED)


def test_a_bounce_that_speaks_of_no_letter_of_ours_lies_on_the_shelf(desk):
    decision = desk.bounce(None)
    assert (decision.disposition, decision.letters) == (Disposition.SHELVED, ())
    assert desk.cases == {}


def test_the_bounce_of_a_staff_notification_makes_no_case_and_is_not_told_to_the_bounced_address(desk):
    desk.complaint()
    decision = desk.bounce(desk.last(NEW_CASE, ANNA.address))
    assert decision.disposition is Disposition.FILED
    assert len(desk.cases) == 1
    assert [n.letter.to.address for n in decision.letters] == [BERT.address]


def test_where_the_owners_own_address_bounces_the_managers_hear_of_it(desk):
    case = desk.complaint()
    desk.command(case, "#take")
    decision = desk.bounce(desk.last(LetterKind.TRANSCRIPT, ANNA.address))
    assert [n.letter.to.address for n in decision.letters] == [MIA.address]


def test_the_bounce_of_a_warning_ends_the_chain(desk):
    desk.complaint()
    desk.bounce(desk.last(ACK))
    decision = desk.bounce(desk.last(LetterKind.REFUSED))
    assert decision.letters == ()


def test_a_letter_refused_at_the_door_is_told_to_the_owner(desk):
    case = desk.complaint()
    desk.settle(desk.last(ACK), Fate.REFUSED)
    assert desk.case(case).reached(Milestone.ACKNOWLEDGED) is None
    assert {one.letter.to.address for one in desk.letters(LetterKind.REFUSED)} == {ANNA.address, BERT.address}


# who is told


def test_where_nobody_is_named_for_new_cases_the_managers_are(desk):
    desk.policy = replace(POLICY, notify=())
    desk.complaint()
    assert [one.letter.to.address for one in desk.letters(NEW_CASE)] == [MIA.address]


def test_the_attachments_are_named_but_not_the_signatures_pictures(desk):
    desk.complaint(attachments=(PHOTO, LOGO))
    assert desk.last(NEW_CASE).letter.content.attachments == ("photo.jpg",)


def test_the_due_date_is_the_end_of_the_fourteenth_day_where_the_desk_is(desk):
    case = desk.complaint()
    assert case.due_at.isoformat() == "2026-03-16T23:59:59+00:00"
    desk.policy = replace(POLICY, respond_within_days=30)
    assert desk.complaint("Another").due_at.isoformat() == "2026-04-01T22:59:59+00:00"
