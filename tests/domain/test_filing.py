"""The filing order: each row, which row goes before which, and what a stranger gets from each."""

from dataclasses import replace
from datetime import timedelta

import pytest
from paper_desk import ANNA, DESK, KEYRING, NOW, PAT, POLICY, mail

from maildesk.domain.filing import (
    QUESTIONS,
    Filing,
    FilingIndex,
    FilingReason,
    ReplyAddress,
    SentLetter,
    file,
    keys_of,
    references_in,
    text_digest,
)
from maildesk.domain.letter import LetterKind, Purpose
from maildesk.domain.message import Address, Bounce, Kind
from maildesk.domain.tokens import Use, mint, pseudo_id, reply_address

STRANGER = "sly@elsewhere.example"
CASE, OTHER = 100, 200
ROW = ReplyAddress(7, PAT, Purpose.COMPLAINANT, CASE, NOW + timedelta(days=180))
LETTER = SentLetter(12, LetterKind.ACKNOWLEDGEMENT, CASE, PAT, PAT)
TOKEN = reply_address(DESK, mint(KEYRING, Use.ADDRESS, 7))
OLD_TEXT = "The same words."


def index() -> FilingIndex:
    """Pat's case 100 and Kim's case 200, with one key of each sort on Pat's."""
    found = FilingIndex()
    found.addresses[7] = ROW
    found.letters["<letter@example.org>"] = LETTER
    found.messages["<pats@mail.example>"] = CASE
    found.messages["<kims@mail.example>"] = OTHER
    found.references = {"C-2026-000001": CASE, "C-2026-000002": OTHER}
    found.parties = {CASE: frozenset({PAT}), OTHER: frozenset({"kim@example.net"})}
    found.latest = {PAT: CASE}
    return found


def filed(message, known=None, now=NOW) -> Filing:
    return file(message, known or index(), POLICY, KEYRING, now)


# the connecting key of each row, the reason for a party, and what a stranger with the same key gets
ROWS = {
    "token": ({"to": (Address("", TOKEN),)}, FilingReason.REPLY_ADDRESS, FilingReason.REPLY_ADDRESS),
    "our id": ({"in_reply_to": ("<letter@example.org>",)}, FilingReason.OUR_ID, FilingReason.OUR_ID),
    "pseudo-id": (
        {"references": (pseudo_id(KEYRING, CASE, "example.org"),)},
        FilingReason.PSEUDO_ID,
        FilingReason.PSEUDO_ID,
    ),
    "thread": ({"references": ("<pats@mail.example>",)}, FilingReason.PARTY_THREAD, FilingReason.NEW_REFERS),
    "reference": ({"subject": "Re: [c-2026-000001]"}, FilingReason.REFERENCE, FilingReason.NEW_REFERENCE),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_partys_mail_is_filed_by_each_row_of_the_order(row):
    changes, reason, _ = ROWS[row]
    found = filed(mail("Hello", **changes))
    assert (found.reason, found.case, found.is_party) == (reason, CASE, True)


@pytest.mark.parametrize("row", ["token", "our id", "pseudo-id"])
def test_a_stranger_with_a_signed_key_is_kept_on_the_case_unverified(row):
    found = filed(mail("Hello", STRANGER, **ROWS[row][0]))
    assert (found.reason, found.case, found.is_party) == (ROWS[row][2], CASE, False)


@pytest.mark.parametrize("row", ["thread", "reference"])
def test_a_stranger_with_a_key_that_anybody_can_copy_gets_a_new_case_that_refers(row):
    found = filed(mail("Hello", STRANGER, **ROWS[row][0]))
    assert (found.reason, found.case, found.refers_to) == (ROWS[row][2], None, (CASE,))


ORDER = ["token", "our id", "pseudo-id", "thread", "reference"]


@pytest.mark.parametrize(("first", "second"), [(a, b) for i, a in enumerate(ORDER) for b in ORDER[i + 1 :]])
def test_the_earlier_row_of_the_order_wins(first, second):
    known = index()
    known.messages["<pats@mail.example>"] = known.references["C-2026-000001"] = OTHER
    known.parties[OTHER] = frozenset({PAT})
    merged = {**ROWS[second][0], **ROWS[first][0]}
    if {first, second} == {"pseudo-id", "thread"}:
        merged["references"] = (*ROWS["thread"][0]["references"], *ROWS["pseudo-id"][0]["references"])
    assert filed(mail("Hello", **merged), known).reason is ROWS[first][1]


def test_the_questions_stand_in_designs_order():
    names = [question.__name__ for question in QUESTIONS]
    assert names == [
        "_delivery_report",
        "_reply_address",
        "_our_letter",
        "_pseudo_id",
        "_thread",
        "_reference",
        "_staff",
        "_same_text",
    ]


def test_a_delivery_report_goes_to_its_letter_whatever_address_it_came_to():
    report = mail("", "mailer-daemon@mail.example", kind=Kind.BOUNCE, bounce=Bounce("<letter@example.org>", ()))
    assert filed(replace(report, to=(Address("", TOKEN),))) == Filing(FilingReason.DELIVERY_REPORT, CASE, letter=LETTER)


def test_what_nothing_connects_is_new_and_a_repeat_of_the_senders_newest_case():
    assert filed(mail("Something else")) == Filing(FilingReason.NEW, repeat_of=CASE)
    assert filed(mail("Something else", STRANGER)) == Filing(FilingReason.NEW)


def test_two_people_with_the_same_subject_and_the_same_words_do_not_mix():
    known = FilingIndex()
    first, second = mail("It is broken."), mail("It is broken.", STRANGER)
    known.remember(first, 1, CASE, frozenset({PAT}))
    assert filed(second, known) == Filing(FilingReason.NEW)


def test_a_subject_alone_connects_nothing():
    known = index()
    assert filed(mail("Other words", subject="Re: Complaint"), known).reason is FilingReason.NEW


def test_the_nearest_ancestor_wins_where_a_mail_refers_to_two_cases_of_its_sender():
    known = index()
    known.parties[OTHER] = frozenset({PAT, "kim@example.net"})
    found = filed(mail("x", references=("<pats@mail.example>", "<kims@mail.example>")), known)
    assert found.case == OTHER


def test_a_mail_that_refers_to_two_cases_goes_to_the_one_whose_party_wrote_it():
    found = filed(mail("x", references=("<pats@mail.example>", "<kims@mail.example>")))
    assert (found.case, found.reason) == (CASE, FilingReason.PARTY_THREAD)


def test_of_several_references_in_a_subject_the_senders_own_counts():
    assert filed(mail("x", subject="C-2026-000002 and C-2026-000001")).case == CASE
    assert filed(mail("x", STRANGER, subject="C-2026-000002, C-2026-000001")).refers_to == (OTHER, CASE)


def test_a_reference_that_does_not_exist_connects_nothing_and_says_nothing():
    assert filed(mail("x", STRANGER, subject="[C-2026-999999]")) == Filing(FilingReason.NEW)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Re: [C-2026-000001] late", ("C-2026-000001",)),
        ("c-2026-000001", ("C-2026-000001",)),
        ("ABC-2026-000001", ()),
        ("C-2026-000001 C-2026-000001", ("C-2026-000001",)),
        ("C-26-1", ()),
    ],
)
def test_references_are_read_from_a_subject_whole(subject, expected):
    assert references_in(subject) == expected


@pytest.mark.parametrize("row", ROWS)
def test_reply_to_never_makes_somebody_a_party(row):
    found = filed(mail("Hello", PAT, sender_is_from=False, **ROWS[row][0]))
    assert not found.is_party


def test_reply_to_links_no_repeat_and_finds_no_equal_text():
    known = index()
    known.texts[(PAT, text_digest(mail(OLD_TEXT)))] = (CASE, NOW)
    assert filed(mail(OLD_TEXT, PAT, sender_is_from=False), known) == Filing(FilingReason.NEW)


def test_reply_to_the_boss_is_not_the_boss():
    forged = mail("#close", ANNA.address, sender_is_from=False)
    assert filed(forged).reason is FilingReason.NEW


def test_staff_without_a_reply_address_forward():
    assert filed(mail("see below", ANNA.address)).reason is FilingReason.STAFF_FORWARD
    assert filed(mail("see below", "A.Schmidt@Example.ORG")).reason is FilingReason.STAFF_FORWARD


@pytest.mark.parametrize(
    ("hours", "reason"), [(0, FilingReason.SAME_TEXT), (72, FilingReason.SAME_TEXT), (72.1, FilingReason.NEW)]
)
def test_the_same_words_from_the_same_sender_join_the_open_case_for_72_hours(hours, reason):
    known = index()
    known.texts[(PAT, text_digest(mail(OLD_TEXT)))] = (CASE, NOW - timedelta(hours=hours))
    assert filed(mail("the  same\nWORDS."), known).reason is reason


def test_an_empty_mail_is_the_same_text_as_nothing():
    known = index()
    known.texts[(PAT, text_digest(mail("")))] = (CASE, NOW)
    assert filed(mail(" \n"), known).reason is FilingReason.NEW


def test_a_token_whose_row_is_gone_falls_through_to_the_next_question():
    known = index()
    known.addresses.clear()
    found = filed(mail("x", to=(Address("", TOKEN),), in_reply_to=("<letter@example.org>",)), known)
    assert found.reason is FilingReason.OUR_ID


def test_a_letter_without_a_case_connects_to_none():
    known = index()
    known.letters["<digest@example.org>"] = replace(LETTER, kind=LetterKind.DIGEST, case=None)
    assert filed(mail("x", STRANGER, in_reply_to=("<digest@example.org>",)), known).reason is FilingReason.NEW


def test_a_pseudo_id_of_a_case_that_is_not_here_connects_nothing():
    assert filed(mail("x", references=(pseudo_id(KEYRING, 999, "example.org"),))).reason is FilingReason.NEW


def test_a_reply_finds_its_parent_in_the_same_batch():
    known = FilingIndex()
    parent = mail("It is broken.", message_id="<parent@mail.example>")
    known.remember(parent, 1, 300, frozenset({PAT}))
    found = filed(mail("And wet.", in_reply_to=("<parent@mail.example>",)), known)
    assert (found.case, found.reason) == (300, FilingReason.PARTY_THREAD)


def test_the_same_text_twice_in_one_batch_is_one_case():
    known = FilingIndex()
    known.remember(mail("It is broken."), 1, 300, frozenset({PAT}))
    assert filed(mail("It is  broken."), known) == Filing(FilingReason.SAME_TEXT, 300, is_party=True)


def test_a_copy_is_remembered_by_its_digest_even_where_it_is_on_no_case():
    known = FilingIndex()
    known.remember(mail("x", digest="d1"), 41, None, frozenset())
    assert known.digests == {"d1": 41}
    assert not known.messages


def test_a_strangers_mail_on_a_case_does_not_make_that_case_theirs():
    known = index()
    known.remember(mail("Let me in", STRANGER), 9, CASE, frozenset({PAT}))
    assert filed(mail("Something else", STRANGER), known) == Filing(FilingReason.NEW)


def test_a_challenge_that_ran_in_this_batch_is_spent_for_the_mails_after_it():
    known = index()
    known.spend((7, 8))
    assert known.addresses[7].is_spent


def test_keys_of_asks_for_everything_that_filing_may_ask():
    reply = mail(
        "x",
        to=(Address("", TOKEN),),
        in_reply_to=("<a@x.example>",),
        references=("<b@x.example>", pseudo_id(KEYRING, CASE, "example.org")),
        subject="C-2026-000001",
    )
    report = mail("", None, bounce=Bounce("<c@x.example>", ()))
    keys = keys_of([reply, report], KEYRING)
    assert keys.addresses == (7,)
    assert keys.cases == (CASE,)
    assert {"<a@x.example>", "<b@x.example>", "<c@x.example>"} <= set(keys.message_ids)
    assert keys.references == ("C-2026-000001",)
    assert keys.senders == (PAT,)
    assert keys.texts == ((PAT, text_digest(reply)),)
    assert keys.digests == (reply.digest, report.digest)


@pytest.mark.parametrize("words", ["\ud800 lone", "", "ẞ straße"])
def test_any_text_has_a_short_digest(words):
    assert len(text_digest(mail(words))) == 32
