"""The same way on PostgreSQL: receipt, acknowledgement, a staff command, and a history that holds."""

from dataclasses import replace
from pathlib import Path

from living import living, mail, settings_for, text_of
from servers.dovecot import Dovecot
from servers.sink import Sink

from maildesk.store import rebuild, verify


async def test_a_complaint_is_acknowledged_and_taken_on_postgres(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, user: str, postgres_url: str
):
    settings = replace(settings_for(tmp_path, dovecot, sink.port, user), database=postgres_url)
    async with living(settings, dovecot, sink) as desk:
        await desk.deliver(mail("Pat <pat@example.com>", "Broken parcel", "It came broken.\n", to=user))
        await desk.letters("pat@example.com")
        notice = (await desk.letters("anna@staff.test"))[0]
        await desk.deliver(mail("Anna <anna@staff.test>", "Re", "#take\n", to=str(notice["Reply-To"])))
        transcript = (await desk.letters("anna@staff.test", 2))[1]
        assert "You are now the owner" in text_of(transcript)
        await desk.settled()
        (case,) = await desk.cases()
        assert case.owner == "anna"
        async with desk.database():
            assert await verify.verify() == []
            assert [found async for found in rebuild.differences()] == []
