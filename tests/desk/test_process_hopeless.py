"""A mail that cannot even become a case of its own: it is kept, and the desk neither stops nor spins for it."""

import asyncio

from living import living, mail, settings_for

from maildesk.desk import process
from maildesk.domain.decision import Decision, Situation
from maildesk.journal import Entry
from maildesk.store import inbox

POISON = "poison in the well"


async def test_a_mail_that_nothing_can_be_made_of_is_kept_and_holds_up_no_other(
    dovecot, sink, user, tmp_path, monkeypatch
):
    decide = process.decide

    def failing(situation: Situation) -> Decision:
        if situation.message.subject == POISON:
            raise ZeroDivisionError("a rule that nobody tried")
        return decide(situation)

    monkeypatch.setattr(process, "decide", failing)
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as desk:

        def attempts() -> list[object]:
            failed = [facts for what, facts in desk.log if what is Entry.FAILED and "attempt" in facts]
            return [facts["attempt"] for facts in failed]

        await desk.deliver(mail("kay@example.com", POISON, "They smell.", to=user))
        await desk.until(lambda: attempts().count(3) == 2)  # itself, and the case of its own
        before = attempts()
        await asyncio.sleep(0.5)
        assert attempts() == before
        await desk.deliver(mail("lee@example.com", "Bins", "They smell.", to=user))
        await desk.letters("lee@example.com")
        async with desk.database():
            assert await inbox.waiting([f"{desk.desk.name}/INBOX"]) == 1
