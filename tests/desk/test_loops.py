"""The desk's loops are kept alive: what nobody foresaw in one of them is said, and that one begins anew."""

from dataclasses import replace

import pytest
from living import living, mail, settings_for

from maildesk.config.settings import Settings
from maildesk.desk import clock
from maildesk.desk.dispatch import Dispatch
from maildesk.desk.intake import Intake
from maildesk.desk.process import Process
from maildesk.desk.timekeeper import Timekeeper
from maildesk.journal import Entry


@pytest.fixture
def settings(dovecot, sink, user, tmp_path) -> Settings:
    return settings_for(tmp_path, dovecot, sink.port, user)


@pytest.mark.parametrize("room", [Intake, Process, Dispatch, Timekeeper])
async def test_a_loop_that_fails_is_spoken_of_and_begins_anew(settings, dovecot, sink, monkeypatch, room):
    run = room.run
    failures = [ZeroDivisionError("nobody foresaw this")]

    async def failing(self, stopping):
        if failures:
            raise failures.pop()
        await run(self, stopping)

    monkeypatch.setattr(room, "run", failing)
    async with living(settings, dovecot, sink, is_well=False) as running:
        await running.until(lambda: [facts for what, facts in running.log if what is Entry.FAILED])
        await running.until(running.has_visited)
        await running.append(mail("kay@example.com", "Bins", "They smell.", to=running.desk.address))
        await running.letter("kay@example.com")
        (said,) = [facts for what, facts in running.log if what is Entry.FAILED]
        assert said["what"] == f"{room.__name__.lower()}: nobody foresaw this"
        await running.settled()
        assert running.count("kay@example.com") == 1


async def test_a_desk_whose_loops_fail_without_end_keeps_no_other_desk_from_its_work(
    settings, dovecot, sink, mailbox_user, monkeypatch
):
    (desk,) = settings.desks
    ill = replace(
        desk, name="ill", address=mailbox_user("ill"), mailbox=replace(desk.mailbox, user=mailbox_user("ill"))
    )
    batch, tick = Process.batch, Timekeeper.tick

    async def failing_batch(self):
        if self._policy.name == "ill":
            raise ZeroDivisionError("nobody foresaw this")
        return await batch(self)

    async def failing_tick(self):
        if self._policy.name == "ill":
            raise ZeroDivisionError("nor this")
        await tick(self)

    monkeypatch.setattr(Process, "batch", failing_batch)
    monkeypatch.setattr(Timekeeper, "tick", failing_tick)
    async with living(replace(settings, desks=(desk, ill)), dovecot, sink) as running:
        await running.append(mail("kay@example.com", "Bins", "They smell.", to=desk.address))
        await running.letter("kay@example.com")
        await running.until(lambda: len({str(f["what"]) for what, f in running.log if what is Entry.FAILED}) == 2)
        assert {facts["desk"] for what, facts in running.log if what is Entry.FAILED} == {"ill"}


async def test_what_ends_a_wait_ends_the_other_waits_too():
    ended = []

    async def waits(name: str, span: float) -> None:
        try:
            await clock.SystemClock().wait(span)
        finally:
            ended.append(name)

    await clock.first_of(waits("short", 0.01), waits("long", 3600))
    assert sorted(ended) == ["long", "short"]
