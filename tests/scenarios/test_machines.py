"""Programs that answer programs: another maildesk, and responders that hide what they are. Each exchange ends."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
import pytest_asyncio
from living import LivingDesk, answer, living, mail, proved, settings_for
from mail_client import MailClient
from servers.dovecot import Dovecot
from servers.postfix import Postfix
from servers.sink import Sink

from maildesk.config.settings import Staff
from maildesk.domain.case import Status
from maildesk.store import messages

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def anna(mailbox_user, dovecot: Dovecot, postfix: Postfix) -> MailClient:
    return MailClient(mailbox_user("anna"), dovecot, postfix)


@pytest_asyncio.fixture(loop_scope="module")
async def desks(
    anna: MailClient, sink: Sink, tmp_path: Path, mailbox_user
) -> AsyncIterator[tuple[LivingDesk, LivingDesk]]:
    """Two installations with keys and databases of their own, whose letters go by the same Postfix."""
    staff = (Staff(key="anna", name="Anna Becker", address=anna.address, language="en", zone="Europe/London"),)
    async with AsyncExitStack() as stack:
        north, south = [
            await stack.enter_async_context(
                living(
                    replace(
                        settings_for(tmp_path / name, anna.dovecot, anna.postfix.smtp, mailbox_user(name)), staff=staff
                    ),
                    anna.dovecot,
                    sink,
                )
            )
            for name in ("north", "south")
        ]
        yield north, south


async def standings(desk: LivingDesk) -> list[str]:
    """In which standing each mail was filed on a case, and `shelf` for each that lies on the shelf."""
    cases = await desk.cases()
    async with desk.database():
        on_cases = [one.standing for case in cases for one in await messages.messages_of(case.id)]
        return sorted([*on_cases, *("shelf" for _ in await messages.shelved())])


async def reads(desk: LivingDesk, *expected: str) -> None:
    """Its mails are filed so, no more and no fewer, and it has nothing more to send."""

    async def holds() -> bool:
        return await standings(desk) == sorted(expected)

    await desk.until_async(holds)
    await desk.settled()


async def test_two_desks_that_write_to_each_other_fall_silent(desks, anna):
    north, south = desks
    await north.append(mail(south.desk.address, "The park", "Your hedge grows.", to=north.desk.address))
    await reads(south, "shelf")  # north's acknowledgement
    case = await north.case_of(south.desk.address)
    notice = await anna.get("New complaint", case.reference)
    await north.append(proved(answer(notice, "#take\n#reply now\nWe will cut the hedge.")))
    await reads(south, "complainant", "shelf")  # a person's letter is a complaint there
    await reads(north, "automatic", "complainant", "staff:anna")  # and its acknowledgement moves nothing here
    assert (await north.case_of(south.desk.address)).status is Status.INVESTIGATING
    await reads(south, "complainant", "shelf")


def dumb_answer(letter: EmailMessage, sender: str) -> bytes:
    """What a customer database answers that knows no RFC 3834: to the reply address, threaded, as if by a person."""
    return answer(letter, "Your message has been registered. We will come back to you.", sender=sender)


async def test_a_responder_that_hides_what_it_is_is_answered_no_further(desk):
    await desk.append(mail("crm@machine.example", "Hello", "A first message.", to=desk.desk.address))
    letter = await desk.letter("crm@machine.example", "We have received")
    for _ in range(4):
        await desk.append(dumb_answer(letter, "crm@machine.example"))
    await desk.until(lambda: desk.count("anna@staff.test", "Your message has been registered.") == 4)
    await desk.settled()
    assert desk.count("crm@machine.example") == 1


async def test_a_responder_whose_address_changes_with_every_answer_is_answered_no_further(desk):
    await desk.append(mail("crm-0@machine.example", "Hello", "A message of number 0.", to=desk.desk.address))
    letter = await desk.letter("crm-0@machine.example", "We have received")
    for number in range(1, 5):
        await desk.append(dumb_answer(letter, f"crm-{number}@machine.example"))
        await desk.letter("anna@staff.test", f"crm-{number}@machine.example", "does not belong to the case")
    await desk.settled()
    assert [desk.count(f"crm-{number}@machine.example") for number in range(5)] == [1, 0, 0, 0, 0]
