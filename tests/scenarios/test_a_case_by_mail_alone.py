"""A handler runs a case from receipt to closing with nothing but a mail client, through Postfix and Dovecot.

The desk's Postfix signs no verdicts, so what leaves the house is confirmed by an answer to a challenge.
"""

import itertools
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
from living import LivingDesk, living, settings_for, text_of
from mail_client import MailClient
from servers.dovecot import Dovecot
from servers.postfix import Postfix
from servers.sink import Sink

from maildesk.config.settings import Staff
from maildesk.domain.case import Milestone, Outcome, Role, Status
from maildesk.store import history

_NUMBERS = itertools.count(1)


class Town:
    """The people around one desk, each with a mailbox of their own."""

    def __init__(self, dovecot: Dovecot, postfix: Postfix) -> None:
        self._tag = f"{os.getpid()}-{next(_NUMBERS)}"
        self.desk_address = self._address("desk")
        self.anna, self.bert, self.mia, self.kay, self.sam, self.lee = (
            MailClient(self._address(name), dovecot, postfix) for name in ("anna", "bert", "mia", "kay", "sam", "lee")
        )
        self.staff = (
            Staff(key="anna", name="Anna Becker", address=self.anna.address, language="en", zone="Europe/London"),
            Staff(key="bert", name="Bert Vogel", address=self.bert.address, language="de", zone="Europe/Berlin"),
            Staff(
                key="mia", name="Mia Stone", address=self.mia.address, role="manager", language="en",
                zone="Europe/London",
            ),
        )  # fmt: skip

    def _address(self, name: str) -> str:
        return f"{name}-{self._tag}@example.test"


@pytest.fixture
def town(dovecot: Dovecot, postfix: Postfix) -> Town:
    return Town(dovecot, postfix)


@pytest.fixture
async def desk(town: Town, dovecot: Dovecot, postfix: Postfix, sink: Sink, tmp_path) -> AsyncIterator[LivingDesk]:
    settings = settings_for(tmp_path, dovecot, postfix.smtp, town.desk_address)
    async with living(replace(settings, staff=town.staff), dovecot, sink) as running:
        yield running


async def after_the_hold(desk: LivingDesk, client: MailClient, *about: str):
    """Push the clock past the hold; the letter that then arrives."""
    await desk.settled()
    desk.clock.push(timedelta(minutes=11))
    return await client.get(*about)


async def confirmed(client: MailClient, *about: str):
    """Answer the newest challenge with #confirm; the transcript of the confirmed commands."""
    asked = await client.get("#confirm", *about)
    await client.reply(asked, "#confirm")


async def test_a_handler_runs_a_case_from_receipt_to_closing_with_a_mail_client(desk, town):
    anna, kay = town.anna, town.kay
    sent = await kay.write(town.desk_address, "No heating", "The radiators in flat 12 have been cold since Sunday.")
    receipt = await kay.get("We have received your complaint")
    assert receipt["Auto-Submitted"] == "auto-replied"
    assert str(receipt["In-Reply-To"]) in sent.decode()
    reference = (await desk.case_of(kay.address)).reference

    notice = await anna.get("New complaint", reference)
    assert "The radiators in flat 12" in text_of(notice)
    await anna.reply(notice, "#take\n#assess severity=high safety=no impact=no heating")
    transcript = await anna.get("You are now the owner", reference)
    case = await desk.case_of(kay.address)
    assert (case.owner, case.status) == ("anna", Status.ASSESSED)
    assert case.assessment.impact == "no heating"

    await anna.reply(transcript, "#ask Which radiators are cold?")
    await confirmed(anna, "#ask Which radiators")
    announced = await anna.get("Your question goes to", reference)
    assert "10 minutes" in text_of(announced)
    assert len(await kay.mails()) == 1
    question = await after_the_hold(desk, kay, "Which radiators are cold?")
    assert question["Auto-Submitted"] is None
    assert str(question["In-Reply-To"]) in sent.decode()
    assert (await desk.case_of(kay.address)).status is Status.WAITING

    await kay.reply(question, "All of them, and the bathroom is the worst.")
    told = await anna.get("All of them, and the bathroom is the worst.", reference)
    assert (await desk.case_of(kay.address)).status is Status.INVESTIGATING

    await anna.reply(told, "I believe her. The boiler was never serviced.")
    kept = await anna.get("Kept as a private note, NOT sent", "The boiler was never serviced")
    await desk.settled()

    await anna.reply(
        kept, "#respond upheld\nThe boiler had not been serviced.\nThat was our fault.\nremedy: refund of 120 EUR"
    )
    await confirmed(anna, "#respond upheld")
    await anna.get("The decision (upheld) goes to", reference)
    decision = await after_the_hold(desk, kay, "Our decision on your complaint")
    for words in ("The boiler had not been serviced.", "refund of 120 EUR", "You can go to the Example Ombudsman."):
        assert words in text_of(decision)
    await desk.settled()
    responded = await desk.case_of(kay.address)
    assert (responded.status, responded.outcome) == (Status.RESPONDED, Outcome.UPHELD)
    assert responded.reached(Milestone.RESPONDED)

    await anna.reply(told, "#close")
    await confirmed(anna, "#close")
    await anna.get("Closed: upheld", reference)
    closing = await after_the_hold(desk, kay, "Your complaint is closed", reference)
    assert (await desk.case_of(kay.address)).status is Status.CLOSED

    await reopened(desk, town, closing)
    letters = [str(one["Subject"]) for one in await kay.mails()]
    assert len(letters) == 4
    assert not any("never serviced" in text_of(one) and "believe" in text_of(one) for one in await kay.mails())


async def reopened(desk: LivingDesk, town: Town, closing: EmailMessage) -> None:
    """The complainant answers the closing letter, and the handler opens the case again."""
    await town.kay.reply(closing, "The heating failed again this morning.")
    late = await town.anna.get("after the case was closed", "The heating failed again")
    await town.anna.reply(late, "#reopen")
    await confirmed(town.anna, "#reopen")
    await town.anna.get("The case is open again.")
    assert (await desk.case_of(town.kay.address)).status is Status.INVESTIGATING


async def test_a_letter_taken_back_within_its_hold_never_leaves(desk, town):
    anna, kay = town.anna, town.kay
    await kay.write(town.desk_address, "The bill", "You charged me twice.")
    reference = (await desk_case(desk, kay)).reference
    notice = await anna.get("New complaint", reference)
    await anna.reply(notice, "#take\n#reply We will look at it next year.")
    await confirmed(anna, "#reply We will look at it")
    transcript = await anna.get("Your answer goes to", reference)
    assert "#undo" in text_of(transcript)
    await anna.reply(transcript, "#undo")
    undone = await anna.get("Taken back", reference)
    assert "Letters stopped: 1" in text_of(undone)
    desk.clock.push(timedelta(hours=1))
    await desk.settled()
    case = await desk.case_of(kay.address)
    assert case.owner is None
    assert case.status is Status.RECEIVED
    assert len(await kay.mails()) == 1


async def desk_case(desk: LivingDesk, client: MailClient):
    await client.get("We have received your complaint")
    return await desk.case_of(client.address)


async def test_show_mine_and_help_answer_with_what_they_say(desk, town):
    anna, kay = town.anna, town.kay
    await kay.write(town.desk_address, "The stairs", "The light on the stairs is broken.")
    reference = (await desk_case(desk, kay)).reference
    notice = await anna.get("New complaint", reference)
    await anna.reply(notice, "#take\n#note Called the electrician.")
    await anna.get("You are now the owner", reference)
    await anna.reply(notice, "#show")
    shown = text_of(await anna.get("The whole case is below.", reference))
    for words in ("The light on the stairs is broken.", kay.address, "Anna Becker", "Called the electrician."):
        assert words in shown
    await anna.reply(notice, "#mine")
    assert "The stairs" in text_of(await anna.get("You own 1 open case", reference))
    await anna.reply(notice, "#help")
    explained = text_of(await anna.get("All commands are below."))
    for word in ("#take", "#respond", "#undo", "#newcase"):
        assert word in explained


async def test_a_colleague_who_is_given_a_case_hears_of_it_and_answers_at_once(desk, town):
    anna, bert, kay = town.anna, town.bert, town.kay
    await kay.write(town.desk_address, "The boiler", "It makes a noise.")
    reference = (await desk_case(desk, kay)).reference
    notice = await anna.get("New complaint", reference)
    await anna.reply(notice, "#assign bert\nYou know this boiler.")
    await anna.get("Bert Vogel is now the owner", reference)
    given = await bert.get("Anna Becker hat Ihnen diesen Fall gegeben", "You know this boiler.", reference)
    assert "It makes a noise." in text_of(given)
    assert (await desk.case_of(kay.address)).owner == "bert"
    await bert.reply(given, "#reply now\nI am coming tomorrow at nine.")
    await confirmed(bert, "#reply now")
    letter = await kay.get("I am coming tomorrow at nine.", reference)
    assert "Bert Vogel" in text_of(letter)
    await kay.reply(letter, "Nine suits me.")
    await bert.get("Nine suits me.", reference)
    assert not [one for one in await anna.mails() if "Nine suits me." in text_of(one)]


async def test_a_spouse_becomes_a_party_and_a_neighbour_gets_a_case_of_their_own(desk, town):
    anna, kay, sam, lee = town.anna, town.kay, town.sam, town.lee
    await kay.write(town.desk_address, "The damp", "The wall is wet.")
    reference = (await desk_case(desk, kay)).reference
    await anna.reply(await anna.get("New complaint", reference), "#take")
    await anna.get("You are now the owner", reference)
    receipt = await kay.get("We have received your complaint")

    await sam.reply(receipt, "I am Kay's spouse and speak for her.")
    told = await anna.get("does not belong to the case", sam.address)
    await anna.reply(told, "#add on behalf")
    await confirmed(anna, "#add on behalf")
    await anna.get(f"{sam.address} now belongs to the case")
    assert (await desk.case_of(sam.address)).party(sam.address).role is Role.ON_BEHALF

    await lee.reply(receipt, "My wall is wet as well.")
    told = await anna.get("does not belong to the case", lee.address)
    await anna.reply(told, "#newcase")
    await lee.get("We have received your complaint")
    own = await desk.case_of(lee.address)
    notice = await anna.get("New complaint", own.reference)
    await anna.reply(notice, "#take")
    await anna.get("You are now the owner", own.reference)
    assert (await desk.case_of(lee.address)).owner == "anna"
    assert len(await sam.mails()) == 0


async def test_a_verdict_header_of_ones_own_spares_nobody_the_challenge(desk, town):
    anna, kay = town.anna, town.kay
    await kay.write(town.desk_address, "The lift", "The lift is stuck.")
    reference = (await desk_case(desk, kay)).reference
    notice = await anna.get("New complaint", reference)
    verdict = "Authentication-Results: mx.example.test; dmarc=pass header.from=example.test"
    await anna.reply(notice, "#respond not upheld\nGo away.", above=verdict)
    await anna.get("Was this you?", reference)
    desk.clock.push(timedelta(hours=1))
    await desk.settled()
    assert len(await kay.mails()) == 1
    assert (await desk.case_of(kay.address)).status is Status.RECEIVED


async def test_the_history_tells_each_step_and_its_author(desk, town):
    anna, kay = town.anna, town.kay
    await kay.write(town.desk_address, "The roof", "It rains in.")
    reference = (await desk_case(desk, kay)).reference
    await anna.reply(await anna.get("New complaint", reference), "#take")
    await anna.get("You are now the owner", reference)
    await desk.settled()
    case = await desk.case_of(kay.address)
    async with desk.database():
        rows = await history.read(case.id)
    assert {row.by for row in rows} == {"complainant", "desk", "staff:anna"}
    assert all(row.cause for row in rows)
