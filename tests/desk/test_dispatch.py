"""Letters to an SMTP server that is down, busy, or says no: nothing is lost, nothing sent twice, nothing hidden."""

from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from living import LivingDesk, living, mail, settings_for, text_of

from maildesk.desk.watch import Concern
from maildesk.domain.case import Milestone
from maildesk.domain.events import LetterBounced, LetterRefused, MilestoneLost
from maildesk.journal import Entry
from maildesk.store import history, letters
from maildesk.store.commit import LetterState

KAY = "kay@example.com"


@pytest.fixture
async def desk(dovecot, sink, user, tmp_path) -> AsyncIterator[LivingDesk]:
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as running:
        yield running


async def complain(desk: LivingDesk, sender: str = KAY, words: str = "They were not emptied.") -> None:
    await desk.append(mail(sender, f"Bins of {sender}", words, to=desk.desk.address))


async def events_of(desk: LivingDesk, kind: type) -> list[object]:
    case = await desk.case_of(KAY)
    async with desk.database():
        return [row.event for row in await history.read(case.id) if isinstance(row.event, kind)]


def said(desk: LivingDesk, entry: Entry) -> list[dict[str, object]]:
    return [facts for what, facts in desk.log if what is entry]


async def test_mail_that_arrives_while_smtp_is_down_is_acknowledged_once_when_it_is_back(desk, sink):
    sink.always("CONNECT", "drop")
    for number in range(5):
        await complain(desk, f"kay{number}@example.com")
    await desk.until(lambda: len(said(desk, Entry.FILED)) == 5 and said(desk, Entry.DEFERRED))
    assert desk.world.healths["complaints"].troubles.get(Concern.SUBMISSION)
    assert not sink.taken
    sink.relent()
    await desk.until_async(lambda: pushed_until_quiet(desk))
    for number in range(5):
        assert desk.count(f"kay{number}@example.com") == 1
    assert not desk.world.healths["complaints"].troubles.get(Concern.SUBMISSION)


async def pushed_until_quiet(desk: LivingDesk) -> bool:
    """Let a few seconds pass on the desk's clock, so that what was put off becomes due."""
    desk.clock.push(timedelta(seconds=10))
    async with desk.database():
        queue = await letters.counts()
    return not queue.counts.get(LetterState.QUEUED, 0) and not queue.counts.get(LetterState.SENDING, 0)


async def test_a_restart_while_smtp_is_down_loses_and_doubles_no_letter(desk, sink):
    sink.always("CONNECT", "drop")
    await complain(desk)
    await desk.until(lambda: said(desk, Entry.DEFERRED))
    await desk.stop()
    sink.relent()
    await desk.start()
    await desk.until_async(lambda: pushed_until_quiet(desk))
    assert desk.count(KAY) == 1
    assert (await desk.case_of(KAY)).reached(Milestone.ACKNOWLEDGED)


async def test_a_letter_put_off_by_the_server_arrives_once_when_its_time_comes(desk, sink):
    sink.answer(KAY, "451 4.7.1 greylisted, come back later")
    await complain(desk)
    await desk.until(lambda: said(desk, Entry.DEFERRED))
    assert not (await desk.case_of(KAY)).reached(Milestone.ACKNOWLEDGED)
    assert desk.count(KAY) == 0
    desk.clock.push(timedelta(minutes=2))
    await desk.letter(KAY)
    await desk.settled()
    assert desk.count(KAY) == 1
    assert (await desk.case_of(KAY)).reached(Milestone.ACKNOWLEDGED)


async def test_a_letter_put_off_for_five_days_is_given_up_and_told(desk, sink):
    sink.always(KAY, "451 4.7.1 greylisted, come back later")
    await complain(desk)
    await desk.until(lambda: said(desk, Entry.DEFERRED))
    desk.clock.push(timedelta(days=5, hours=1))
    warning = await desk.letter("anna@staff.test", "A letter was not delivered")
    assert "greylisted" in text_of(warning)
    (refused,) = await events_of(desk, LetterRefused)
    assert refused.code == 451


async def test_a_refused_acknowledgement_is_a_fact_on_the_case_and_staff_are_told(desk, sink):
    sink.answer(KAY, "550 5.1.1 no such user here")
    await complain(desk)
    warning = await desk.letter("anna@staff.test", "A letter was not delivered")
    await desk.settled()
    case = await desk.case_of(KAY)
    (refused,) = await events_of(desk, LetterRefused)
    assert (refused.code, case.reached(Milestone.ACKNOWLEDGED)) == (550, None)
    assert "no such user here" in text_of(warning)
    assert case.reference in str(warning["Subject"])
    assert desk.count(KAY) == 0


async def test_the_owner_alone_hears_of_a_refused_letter(desk, sink):
    await complain(desk)
    notice = await desk.letter("anna@staff.test", "New complaint")
    await desk.command(notice, "#take")
    await desk.letter("anna@staff.test", "You are now the owner")
    sink.answer(KAY, "550 5.1.1 no such user here")
    await desk.command(notice, "#reply now\nHello")
    await desk.letter("anna@staff.test", "A letter was not delivered")
    await desk.settled()
    assert desk.count("bert@staff.test", "nicht zugestellt") == 0


async def test_a_staff_address_that_refuses_makes_no_warning_about_a_warning(desk, sink):
    for address in ("anna@staff.test", "bert@staff.test", "mia@staff.test"):
        sink.always(address, "550 5.1.1 nobody here")
    await complain(desk)
    await desk.letter(KAY)
    await desk.settled()
    async with desk.database():
        kinds = [letter.kind.value for letter in await letters.listing()]
    assert kinds.count("new_case") == 2
    assert kinds.count("refused") <= 4


async def test_an_answer_that_was_lost_repeats_the_letter_with_the_same_bytes(desk, sink):
    sink.answer("END", "taken drop")
    await complain(desk)
    await desk.until(lambda: said(desk, Entry.DEFERRED))
    await desk.until_async(lambda: pushed_until_quiet(desk))
    first, *others = sink.taken
    repeated = [taken for taken in others if taken.recipients == first.recipients]
    assert [taken.octets for taken in repeated] == [first.octets]


def bounce_of(letter: EmailMessage, to: str) -> bytes:
    """The report that the recipient's own server sends back (RFC 3464)."""
    return (
        f"From: MAILER-DAEMON@mx.example.com\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <dsn.{abs(hash(str(letter['Message-ID'])))}@mx.example.com>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; {letter['To'].addresses[0].addr_spec}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 mailbox gone\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {letter['Message-ID']}\r\nSubject: x\r\n\r\nx\r\n"
        "--b--\r\n"
    ).encode()


async def test_a_bounce_takes_the_acknowledgement_back_and_staff_are_told_once(desk, sink):
    await complain(desk)
    receipt = await desk.letter(KAY)
    await desk.settled()
    assert (await desk.case_of(KAY)).reached(Milestone.ACKNOWLEDGED)
    for _ in range(2):
        await desk.deliver(bounce_of(receipt, desk.desk.address), sender="")
    warning = await desk.letter("anna@staff.test", "A letter was not delivered")
    await desk.until(lambda: said(desk, Entry.COPY))
    await desk.settled()
    case = await desk.case_of(KAY)
    assert "mailbox gone" in text_of(warning)
    assert case.reached(Milestone.ACKNOWLEDGED) is None
    assert len(await events_of(desk, LetterBounced)) == 1
    assert len(await events_of(desk, MilestoneLost)) == 1
    assert desk.count("anna@staff.test", "A letter was not delivered") == 1
    assert desk.count(KAY) == 1


async def test_a_second_report_in_other_words_warns_nobody_again(desk, sink):
    await complain(desk)
    receipt = await desk.letter(KAY)
    await desk.settled()
    report = bounce_of(receipt, desk.desk.address)
    await desk.deliver(report, sender="")
    await desk.letter("anna@staff.test", "A letter was not delivered")
    await desk.deliver(
        report.replace(b"It could not", b"Once more: it could not").replace(b"<dsn.", b"<2.dsn."), sender=""
    )
    await desk.until(lambda: len([1 for facts in said(desk, Entry.FILED) if "report" in str(facts["rule"])]) == 2)
    await desk.settled()
    assert desk.count("anna@staff.test", "A letter was not delivered") == 1


async def test_a_bounce_of_a_staff_letter_opens_no_case(desk, sink):
    await complain(desk)
    notice = await desk.letter("anna@staff.test", "New complaint")
    await desk.deliver(bounce_of(notice, desk.desk.address), sender="")
    await desk.until(lambda: [1 for facts in said(desk, Entry.FILED) if "report" in str(facts["rule"])])
    await desk.settled()
    assert len(await desk.cases()) == 1


async def test_a_stopped_desk_leaves_no_letter_half_sent(desk, sink):
    for number in range(3):
        await complain(desk, f"kay{number}@example.com")
    await desk.until(lambda: sink.taken)
    await desk.stop()
    async with desk.database():
        counted = await letters.counts()
    assert LetterState.SENDING not in counted.counts
    await desk.start()
    await desk.until(lambda: all(desk.count(f"kay{number}@example.com") for number in range(3)))
    await desk.settled()
    assert [desk.count(f"kay{number}@example.com") for number in range(3)] == [1, 1, 1]


async def test_a_letter_that_hangs_keeps_no_other_letters_answer_from_being_written_down(desk, sink):
    sink.always("slow@example.com", "hang")
    await desk.stop()
    await desk.append(
        mail("slow@example.com", "Lift", "It is stuck.", to=desk.desk.address),
        mail(KAY, "Bins", "They were not emptied.", to=desk.desk.address),
    )
    await desk.start()
    await desk.until_async(lambda: is_acknowledged(desk))
    assert not said(desk, Entry.DEFERRED)
    desk.sink.cut()


async def is_acknowledged(desk: LivingDesk) -> bool:
    found = [case for case in await desk.cases() if case.party(KAY)]
    return bool(found and found[0].reached(Milestone.ACKNOWLEDGED))
