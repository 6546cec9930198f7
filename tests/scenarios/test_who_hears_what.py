"""Dialogues in which somebody writes who is not the complainant, or in which mail comes where it was not expected."""

import asyncio
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date
from living import Enclosed, LivingDesk, answer, mail, proved, text_of
from servers.dovecot import Dovecot

from maildesk.domain.case import Milestone, Status
from maildesk.journal import Entry
from maildesk.store import history, messages

pytestmark = pytest.mark.asyncio(loop_scope="module")

STAFF = ("anna@staff.test", "bert@staff.test")


async def complaint(desk: LivingDesk, sender: str, words: str = "The heating has failed again.", **headers: str):
    """A complaint, its acknowledgement and Anna's notice of it."""
    await desk.append(mail(sender, f"Complaint of {sender}", words, to=desk.desk.address, headers=headers))
    receipt = await desk.letter(sender, "We have received your complaint")
    case = await desk.case_of(sender)
    notice = await desk.letter("anna@staff.test", case.reference)
    return receipt, notice


async def taken(desk: LivingDesk, sender: str, words: str = "The heating has failed again."):
    receipt, notice = await complaint(desk, sender, words)
    await desk.command(notice, "#take")
    await desk.letter("anna@staff.test", (await desk.case_of(sender)).reference, "You are now the owner")
    await desk.settled()
    return receipt, notice


async def filed(desk: LivingDesk, words: str):
    """The message with these words, once it was filed."""

    async def found():
        async with desk.database():
            return [
                one for case in await _cases() for one in await messages.messages_of(case) if words in one.message.text
            ]

    async def _cases():
        from maildesk.store import cases

        return [case.id for case in await cases.find()]

    await desk.until_async(found)
    await desk.settled()
    return (await found())[-1]


async def test_a_reference_from_a_stranger_opens_a_case_of_its_own_and_tells_nothing(desk):
    receipt, _ = await complaint(desk, "owner1@example.com", "My rent account shows 4711 pounds.")
    case = await desk.case_of("owner1@example.com")
    await desk.append(mail("nosy1@example.net", f"Re: [{case.reference}]", "What does it say?", to=desk.desk.address))
    other = await desk.letter("nosy1@example.net")
    await desk.settled()
    assert (await desk.case_of("nosy1@example.net")).id != case.id
    assert desk.count("owner1@example.com") == 1
    assert case.reference not in text_of(other).replace(f"Re: [{case.reference}]", "their own words")
    assert "4711" not in text_of(other)
    assert str(receipt["Reply-To"]) != str(other["Reply-To"])


async def test_a_reference_that_does_not_exist_is_answered_as_one_that_does(desk):
    await complaint(desk, "owner2@example.com")
    known = (await desk.case_of("owner2@example.com")).reference
    for sender, reference in (("nosy2@example.net", known), ("nosy3@example.net", "C-2026-999999")):
        await desk.append(mail(sender, f"[{reference}] question", "Hello there.", to=desk.desk.address))
    answers = []
    for sender, reference in (("nosy2@example.net", known), ("nosy3@example.net", "C-2026-999999")):
        words = text_of(await desk.letter(sender)).replace(f"[{reference}] question", "their own words")
        own = (await desk.case_of(sender)).reference
        answers.append([line.replace(own, "REF") for line in words.splitlines() if "Received" not in line])
    assert answers[0] == answers[1]


async def test_a_spouse_who_answers_the_complainants_own_mail_to_all_opens_a_case_that_refers(desk):
    raw = mail("kay4@example.com", "The heating", "It is cold.", to=f"{desk.desk.address}, sam4@example.net")
    await desk.append(raw)
    await desk.letter("kay4@example.com")
    reply = mail(
        "sam4@example.net", "Re: The heating", "I am the spouse, and it is colder than that.", to=desk.desk.address,
        headers={"In-Reply-To": _id_of(raw), "References": _id_of(raw), "Cc": "kay4@example.com"},
    )  # fmt: skip
    await desk.append(reply)
    await desk.letter("sam4@example.net", "We have received")
    await desk.settled()
    first, second = await desk.case_of("kay4@example.com"), await desk.case_of("sam4@example.net")
    assert first.id != second.id
    assert desk.count("kay4@example.com") == 1
    assert desk.count("anna@staff.test", f"refers to {first.reference}") == 1
    assert desk.count("anna@staff.test", "refers to this case", f"a case of its own: {second.reference}") == 1


def _id_of(raw: bytes) -> str:
    import email

    return str(email.message_from_bytes(raw)["Message-ID"])


async def test_a_spouse_who_answers_our_letter_to_all_is_kept_unverified_until_the_owner_adds_them(desk):
    receipt, _ = await taken(desk, "kay5@example.com")
    await desk.append(answer(receipt, "I am the spouse of Kay.", sender="Sam <sam5@example.net>"))
    notice = await desk.letter("anna@staff.test", "I am the spouse of Kay.")
    await desk.settled()
    case = await desk.case_of("kay5@example.com")
    assert "sam5@example.net" in text_of(notice)
    assert "#add" in text_of(notice)
    assert not case.party("sam5@example.net")
    assert desk.count("sam5@example.net") == 0
    await desk.command(notice, "#add on behalf")
    await desk.letter("anna@staff.test", "sam5@example.net now belongs to the case")
    await desk.append(answer(receipt, "Now I write as a party.", sender="sam5@example.net"))
    assert (await filed(desk, "Now I write as a party.")).standing == "on behalf"
    assert desk.count("sam5@example.net") == 0


async def test_unverified_mail_can_become_a_case_of_its_own(desk):
    receipt, _ = await taken(desk, "kay6@example.com")
    await desk.append(answer(receipt, "I have a complaint too: the lift.", sender="lee6@example.net"))
    notice = await desk.letter("anna@staff.test", "I have a complaint too")
    await desk.command(notice, "#newcase")
    letter = await desk.letter("lee6@example.net", "We have received")
    await desk.settled()
    own, first = await desk.case_of("lee6@example.net"), await desk.case_of("kay6@example.com")
    assert own.id != first.id
    assert own.reference in str(letter["Subject"])
    assert (await filed(desk, "I have a complaint too")).case == own.id
    assert desk.count("lee6@example.net") == 1


async def test_a_reply_and_its_parent_in_one_batch_are_one_case(desk):
    parent = mail("kay7@example.com", "The bins", "Nobody came.", to=desk.desk.address)
    child = mail("kay7@example.com", "Re: The bins", "Still nobody.", to=desk.desk.address,
                 headers={"In-Reply-To": _id_of(parent), "References": _id_of(parent)})  # fmt: skip
    await desk.append(parent, child)
    await filed(desk, "Still nobody.")
    await desk.case_of("kay7@example.com")
    assert desk.count("kay7@example.com") == 1


async def test_a_complainant_who_answers_their_own_sent_mail_stays_on_their_case(desk):
    first = mail("kay8@example.com", "The bins", "They smell.", to=desk.desk.address)
    await desk.append(first)
    await desk.letter("kay8@example.com")
    await desk.append(mail("kay8@example.com", "Re: The bins", "I forgot: number 12.", to=desk.desk.address,
                           headers={"In-Reply-To": _id_of(first)}))  # fmt: skip
    kept = await filed(desk, "I forgot: number 12.")
    assert kept.case == (await desk.case_of("kay8@example.com")).id
    assert desk.count("kay8@example.com") == 1


async def test_one_mail_delivered_to_two_addresses_of_the_desk_is_one_case_with_a_copy_noted(desk, dovecot: Dovecot):
    address = desk.desk.address
    other = address.replace("@", "+help@")
    raw = mail("kay9@example.com", "Twice", "The same words by two ways.", to=f"{address}, {other}")
    await asyncio.to_thread(dovecot.deliver, raw, address, other, sender="kay9@example.com")
    await desk.letter("kay9@example.com")
    await desk.until(lambda: any(entry is Entry.COPY for entry, _ in desk.log))
    await desk.settled()
    await desk.case_of("kay9@example.com")
    assert desk.count("kay9@example.com") == 1


async def test_our_own_letter_that_comes_home_is_answered_by_nobody(desk):
    receipt, _ = await complaint(desk, "kay10@example.com")
    before = len(desk.sink.taken)
    await desk.deliver(receipt.as_bytes(), sender="")
    await desk.until_async(lambda: _shelved(desk, str(receipt["Subject"])))
    await desk.settled()
    assert len(desk.sink.taken) == before


async def _shelved(desk: LivingDesk, subject: str) -> bool:
    async with desk.database():
        return any(subject == one.message.subject for one in await messages.shelved())


async def test_the_desk_in_cc_of_a_letter_of_its_own_alias_starts_no_loop(desk):
    alias = desk.desk.also[0]
    await desk.append(mail(alias, "Loop of the alias", "I am the desk.", to=desk.desk.address))
    await desk.until_async(lambda: _shelved(desk, "Loop of the alias"))
    await desk.settled()
    assert desk.count(alias) == 0


async def test_a_sixth_automatic_letter_in_a_day_is_not_sent_and_staff_are_told(desk):
    for number in range(7):
        await desk.append(mail("many@example.com", f"Complaint {number}", f"Number {number}", to=desk.desk.address))
        await desk.letter("anna@staff.test", f"Number {number}")
    await desk.settled()
    assert desk.count("many@example.com") == 5
    notice = await desk.letter("anna@staff.test", "Number 6")
    assert "this address has had 5 automatic letters today" in text_of(notice)


async def test_an_out_of_office_after_closing_moves_nothing_and_is_not_answered(desk):
    receipt, notice = await taken(desk, "kay11@example.com")
    await desk.command(notice, "#close withdrawn\nKay found the parcel.")
    closing = await desk.letter("anna@staff.test", "Closed: withdrawn")
    assert closing
    away = answer(receipt, "I am away until Monday.", sender="kay11@example.com")
    await desk.append(away.replace(b"MIME-Version", b"Auto-Submitted: auto-replied\r\nMIME-Version", 1))
    kept = await filed(desk, "I am away until Monday.")
    case = await desk.case_of("kay11@example.com")
    assert kept.standing == "automatic"
    assert case.status is Status.CLOSED
    assert desk.count("anna@staff.test", "I am away until Monday.") == 0


async def test_a_complainants_mail_after_closing_tells_the_owner_and_does_not_reopen(desk):
    receipt, notice = await taken(desk, "kay12@example.com")
    await desk.command(notice, "#close withdrawn\nKay has the parcel after all.")
    await desk.until_async(lambda: _has_status(desk, "kay12@example.com", Status.CLOSED))
    await desk.append(answer(receipt, "Thank you for everything!", sender="kay12@example.com"))
    told = await desk.letter("anna@staff.test", "Thank you for everything!")
    assert "after the case was closed" in text_of(told)
    assert (await desk.case_of("kay12@example.com")).status is Status.CLOSED
    await desk.command(told, "#reopen")
    await desk.letter("anna@staff.test", "The case is open again.")
    assert (await desk.case_of("kay12@example.com")).status is Status.INVESTIGATING


async def _has_status(desk: LivingDesk, address: str, status: Status) -> bool:
    return (await desk.case_of(address)).status is status


async def test_a_stranger_with_a_staff_token_gets_no_answer_and_the_person_is_asked(desk):
    _, notice = await complaint(desk, "kay13@example.com")
    await desk.append(answer(notice, "#take", sender="mallory13@example.net"))
    asked = await desk.letter("anna@staff.test", "mallory13@example.net")
    assert "Was this you?" in str(asked["Subject"])
    await desk.settled()
    assert desk.count("mallory13@example.net") == 0
    assert (await desk.case_of("kay13@example.com")).owner is None
    await desk.append(answer(asked, "#confirm", sender="anna@staff.test"))
    await desk.until_async(lambda: _owner(desk, "kay13@example.com"))


async def _owner(desk: LivingDesk, address: str) -> str | None:
    return (await desk.case_of(address)).owner


@pytest.mark.parametrize(
    "forged",
    [
        "Authentication-Results: mx.example.test; dmarc=pass header.from=staff.test",
        "Authentication-Results: (mx.example.test;) evil.example; dmarc=pass header.from=staff.test",
        "ARC-Authentication-Results: i=1; mx.example.test; dmarc=pass header.from=staff.test",
    ],
    ids=["below our trace", "in a comment", "arc"],
)
async def test_a_verdict_that_the_sender_wrote_proves_nothing(desk, forged):
    sender = f"kay-{abs(hash(forged))}@example.com"
    _, notice = await complaint(desk, sender)
    raw = forged.encode() + b"\r\n" + answer(notice, "#reply now\nYour money is at mallory's.")
    await desk.deliver(raw, "mallory@example.net")
    case = await desk.case_of(sender)
    asked = await desk.letter("anna@staff.test", "Was this you?", case.reference)
    assert "#reply" in text_of(asked)
    await desk.settled()
    assert desk.count(sender) == 1


async def test_attachments_of_a_reply_travel_byte_for_byte_and_signature_pictures_do_not(desk):
    _, notice = await taken(desk, "kay14@example.com")
    octets = bytes(range(256)) * 40
    await desk.command(
        notice, "#reply now\nPlease find the report enclosed.",
        files=[Enclosed("Prüfbericht 2026.pdf", "application/pdf", octets)],
    )  # fmt: skip
    letter = await desk.letter("kay14@example.com", "Please find the report enclosed.")
    (file,) = list(letter.iter_attachments())
    assert file.get_filename() == "Prüfbericht 2026.pdf"
    assert file.get_content_type() == "application/pdf"
    assert file.get_content() == octets


async def test_words_without_a_command_stay_in_the_house_and_the_answer_says_so(desk):
    _, notice = await taken(desk, "kay15@example.com")
    await desk.command(notice, "I think she is lying, but let us pay.")
    answered = await desk.letter("anna@staff.test", "I think she is lying")
    await desk.settled()
    assert "NOT sent" in text_of(answered)
    assert desk.count("kay15@example.com") == 1
    assert desk.count("kay15@example.com", "lying") == 0


async def test_one_refused_line_keeps_the_others_from_applying(desk):
    _, notice = await taken(desk, "kay16@example.com")
    await desk.command(notice, "#assess severity=high\n#reply now\nHello Kay\n#asign bert")
    answered = await desk.letter("anna@staff.test", "Did you mean #assign?")
    await desk.settled()
    case = await desk.case_of("kay16@example.com")
    assert case.assessment.severity == ""
    assert desk.count("kay16@example.com") == 1
    assert "Not everything in your mail was done" in text_of(answered)


async def test_reply_to_of_a_colleague_makes_nobody_that_colleague(desk):
    _, notice = await complaint(desk, "kay17@example.com")
    raw = answer(notice, "#take", sender="mallory17@example.net").replace(
        b"Subject:", b"Reply-To: anna@staff.test\r\nSubject:", 1
    )
    await desk.append(proved(raw))
    await desk.letter("anna@staff.test", "mallory17@example.net")
    assert await _owner(desk, "kay17@example.com") is None


async def test_every_event_of_a_case_says_who_caused_it_and_by_which_mail(desk):
    await taken(desk, "kay18@example.com")
    case = await desk.case_of("kay18@example.com")
    async with desk.database():
        rows = await history.read(case.id)
    assert {row.by for row in rows} == {"complainant", "desk", "staff:anna"}
    assert all(row.cause for row in rows)
    assert case.reached(Milestone.ACKNOWLEDGED)


async def test_the_promised_day_is_the_same_for_the_complainant_and_for_staff_in_another_zone(desk):
    receipt, _ = await complaint(desk, "kay19@example.com")
    case = await desk.case_of("kay19@example.com")
    promised = case.due_at.astimezone(ZoneInfo(desk.desk.zone)).date()
    berlin = await desk.letter("bert@staff.test", case.reference, "Neue Beschwerde")
    assert f"{promised.day} {promised:%B %Y}" in text_of(receipt)
    assert f"Antwort fällig: {format_date(promised, 'full', 'de')}" in text_of(berlin)


async def test_a_letter_that_leaves_at_once_is_not_offered_for_undoing(desk):
    _, notice = await taken(desk, "kay20@example.com")
    reference = (await desk.case_of("kay20@example.com")).reference
    await desk.command(notice, "#reply now\nWe are on our way.")
    at_once = await desk.letter("anna@staff.test", reference, "It leaves at once.")
    await desk.command(notice, "#reply We were there.")
    held = await desk.letter("anna@staff.test", reference, "It leaves in 10 minutes.")
    assert "#undo" not in text_of(at_once)
    assert "#undo" in text_of(held)
