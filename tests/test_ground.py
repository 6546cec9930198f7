"""The test ground itself: what the private servers promise to the other tests."""

import asyncio
import smtplib

import asyncpg
import pytest
from patience import until
from servers import places
from servers.places import ServerMissing
from servers.sink import HANG

MAIL = b"From: a@example.com\r\nSubject: x\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n"


def inbox(dovecot, user: str) -> list[bytes]:
    client = dovecot.client(user)
    try:
        return [items[b"BODY[]"] for _uid, items in sorted(client.fetch(client.search("ALL"), ["BODY.PEEK[]"]).items())]
    finally:
        client.logout()


async def test_dovecot_delivers_a_plus_address_to_its_owner_and_notes_the_envelope(dovecot, mailbox_user):
    desk, staff = mailbox_user("desk"), mailbox_user("staff")
    local, _, domain = desk.partition("@")
    dovecot.deliver(MAIL, f"{local}+token@{domain}", staff, sender="")
    (raw,) = inbox(dovecot, desk)
    assert f"Delivered-To: {local}+token@{domain}\r\n".encode() in raw
    assert b"Return-Path: <>\r\n" in raw
    assert len(inbox(dovecot, staff)) == 1


async def test_postfix_delivers_the_domain_and_returns_other_mail_to_its_sender(postfix, dovecot, mailbox_user):
    desk, person = mailbox_user("desk"), mailbox_user("person")
    with smtplib.SMTP("127.0.0.1", postfix.smtp, timeout=10) as smtp:
        smtp.sendmail(person, [desk], MAIL)
        smtp.sendmail(person, ["nobody@elsewhere.example"], MAIL)
    await until(lambda: inbox(dovecot, desk), postfix.log())
    await until(lambda: inbox(dovecot, person), postfix.log())
    assert b"by mx.example.test (Postfix)" in inbox(dovecot, desk)[0]
    assert b"multipart/report" in inbox(dovecot, person)[0]


async def test_each_test_has_a_database_of_its_own(postgres_url):
    connection = await asyncpg.connect(postgres_url)
    assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await connection.execute("CREATE TABLE left_behind (id int)")
    await connection.close()


async def test_the_sink_fails_for_one_recipient_as_it_is_told(sink):
    sink.answer("b@example.com", "550 5.1.1 no")
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as smtp:
        refused = smtp.sendmail("a@example.org", ["b@example.com", "c@example.com"], MAIL)
    assert set(refused) == {"b@example.com"}
    assert sink.taken[0].recipients == ("c@example.com",)
    assert sink.to("b@example.com") == []


async def test_the_sink_relents(sink):
    sink.always("MAIL", HANG)
    sink.relent()
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as smtp:
        smtp.sendmail("a@example.org", ["b@example.com"], MAIL)
    assert len(sink.taken) == 1


async def test_the_proxy_passes_hides_and_cuts(dovecot, proxy):
    wire = proxy(dovecot.imap)
    wire.hide(b"IDLE")
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    greeting = await reader.readline()
    assert greeting.startswith(b"* OK")
    assert b"IDLE" not in greeting
    wire.cut()
    assert await reader.read() == b""
    writer.close()


def test_a_missing_program_names_its_package(monkeypatch):
    monkeypatch.setattr(places, "SYSTEM_FOLDERS", ())
    with pytest.raises(ServerMissing, match=r"not-there.*some-package"):
        places.program("not-there", "some-package")
