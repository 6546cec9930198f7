"""Messages that nobody foresaw: the others go on, and the message is a case with its raw mail, not a line in a log."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from living import LivingDesk, living, mail, settings_for, text_of

from maildesk.desk import process
from maildesk.desk.reader import Read, Reader
from maildesk.domain.case import Milestone
from maildesk.domain.decision import Decision, Situation
from maildesk.journal import Entry
from maildesk.mail.parse import unreadable
from maildesk.store import cases, inbox, messages
from maildesk.store.errors import CaseMoved, StoreError

POISON = "poison in the well"


@pytest.fixture
async def desk(dovecot, sink, user, tmp_path) -> AsyncIterator[LivingDesk]:
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as running:
        yield running


def batch(desk: LivingDesk) -> list[bytes]:
    """Three mails for one batch, the middle one poisoned."""
    words = ("They smell.", f"There is {POISON}.", "It is stuck.")
    return [mail(f"kay{n}@example.com", f"Number {n}", said, to=desk.desk.address) for n, said in enumerate(words)]


async def came_as_one_batch(desk: LivingDesk, raws: list[bytes]) -> None:
    await desk.stop()
    await desk.append(*raws)
    await desk.start()


async def is_a_case_for_people(desk: LivingDesk, raw: bytes, why: str) -> None:
    """The poisoned mail has a case of its own, no automatic letter, its raw mail, and staff were told why."""
    told = await desk.letter("anna@staff.test", "could not be read by the program")
    await desk.settled()
    assert why in text_of(told)
    case = await desk.case_of("kay1@example.com")
    assert not case.reached(Milestone.ACKNOWLEDGED)
    assert [desk.count(f"kay{n}@example.com") for n in range(3)] == [1, 0, 1]
    async with desk.database():
        (kept,) = await messages.messages_of(case.id)
        assert await inbox.octets(kept.inbox) == raw
    failed = [facts for what, facts in desk.log if what is Entry.FAILED and "attempt" in facts]
    assert [facts["attempt"] for facts in failed] == [1, 2, 3]


async def test_a_mail_that_the_rules_fail_on_is_a_case_for_people_at_the_third_try(desk, monkeypatch):
    decide = process.decide

    def failing(situation: Situation) -> Decision:
        if POISON in situation.message.text and not situation.unreadable:
            raise ZeroDivisionError("a rule that nobody tried")
        return decide(situation)

    monkeypatch.setattr(process, "decide", failing)
    raws = batch(desk)
    await came_as_one_batch(desk, raws)
    await is_a_case_for_people(desk, raws[1], "a rule that nobody tried")


async def test_a_mail_that_kills_every_reader_is_a_case_for_people_at_the_third_try(desk, monkeypatch):
    read = Reader.read

    async def dying(self, raws):
        found = await read(self, raws)
        pairs = zip(raws, found, strict=True)
        return [
            Read(unreadable(raw, "died"), "the child died") if POISON.encode() in raw else one for raw, one in pairs
        ]

    monkeypatch.setattr(Reader, "read", dying)
    raws = batch(desk)
    await came_as_one_batch(desk, raws)
    await is_a_case_for_people(desk, raws[1], "the child died")


async def test_a_commit_that_fails_once_is_done_again_and_doubles_nothing(desk, monkeypatch):
    commit = cases.commit
    failures = [StoreError("the disk is full for a moment")]

    async def failing(whole):
        if failures:
            raise failures.pop()
        await commit(whole)

    monkeypatch.setattr(cases, "commit", failing)
    await came_as_one_batch(desk, batch(desk))
    await desk.until(lambda: all(desk.count(f"kay{n}@example.com") for n in range(3)))
    await desk.settled()
    assert len(await desk.cases()) == 3
    assert [desk.count(f"kay{n}@example.com") for n in range(3)] == [1, 1, 1]


async def test_a_case_that_moved_meanwhile_is_decided_again(desk, monkeypatch):
    commit = cases.commit
    moves = [CaseMoved((1,)), CaseMoved((1,))]

    async def moved(whole):
        if moves:
            raise moves.pop()
        await commit(whole)

    monkeypatch.setattr(cases, "commit", moved)
    await desk.append(mail("kay@example.com", "Bins", "They smell.", to=desk.desk.address))
    await desk.letter("kay@example.com")
    await desk.settled()
    assert len(await desk.cases()) == 1
    assert not [facts for what, facts in desk.log if what is Entry.FAILED]


async def test_forty_handlers_all_hear_of_a_new_case(dovecot, sink, user, tmp_path):
    settings = settings_for(tmp_path, dovecot, sink.port, user)
    anna = settings.staff[0]
    many = tuple(replace(anna, key=f"s{n}", name=f"Sam {n}", address=f"s{n}@staff.test") for n in range(40))
    async with living(replace(settings, staff=many), dovecot, sink) as desk:
        await desk.append(mail("kay@example.com", "Bins", "They smell.", to=user))
        await desk.letter("kay@example.com")
        await desk.until(lambda: all(desk.count(person.address) == 1 for person in many))


async def test_a_mail_with_fifty_commands_is_answered(desk):
    await desk.append(mail("kay@example.com", "Bins", "They smell.", to=desk.desk.address))
    notice = await desk.letter("anna@staff.test", "New complaint")
    await desk.command(notice, "\n".join(f"#reply now\nLine {n}" for n in range(50)))
    await desk.letter("anna@staff.test", "Your mail was carried out")
    await desk.until(lambda: desk.count("kay@example.com") == 51)


async def test_a_mistake_in_a_template_of_ones_own_holds_up_no_letter_and_is_reported(dovecot, sink, user, tmp_path):
    own = tmp_path / "templates" / "en"
    own.mkdir(parents=True)
    (own / "acknowledgement.txt.j2").write_text("Subject: Hello {{ case.reference }}\n\nDear {{ nobody.name }}\n")
    settings = replace(settings_for(tmp_path, dovecot, sink.port, user), templates=tmp_path / "templates")
    async with living(settings, dovecot, sink) as desk:
        for number in range(2):
            await desk.append(mail(f"kay{number}@example.com", "Bins", f"They smell {number}.", to=user))
            letter = await desk.letter(f"kay{number}@example.com")
            assert "We have received your complaint" in str(letter["Subject"])
        reported = [facts["what"] for what, facts in desk.log if what is Entry.FAILED]
        assert len(reported) == 1
        assert "acknowledgement.txt.j2:3" in str(reported[0])
        assert "nobody" in str(reported[0])
