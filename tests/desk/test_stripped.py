"""Somebody on the way takes STARTTLS out: the daemon says so, sends no password and no letter, and goes on."""

from dataclasses import replace

from living import living, mail, settings_for
from servers.dovecot import PASSWORD

from maildesk.desk.watch import Concern
from maildesk.journal import Entry


async def test_where_starttls_is_stripped_from_imap_the_daemon_sends_no_password(dovecot, sink, proxy, user, tmp_path):
    stripped = proxy(dovecot.imap)
    stripped.hide(b"STARTTLS")
    settings = settings_for(tmp_path, dovecot, sink.port, user)
    (desk,) = settings.desks
    mailbox = replace(desk.mailbox, security="starttls", port=stripped.port, ca_file=dovecot.ca_file)
    async with living(
        replace(settings, desks=(replace(desk, mailbox=mailbox),)), dovecot, sink, is_well=False
    ) as running:
        await running.until(lambda: [facts for what, facts in running.log if what is Entry.RECONNECTING])
        (said,) = [facts for what, facts in running.log if what is Entry.RECONNECTING]
        assert "STARTTLS" in str(said["what"])
        assert running.world.healths["complaints"].troubles.get(Concern.MAILBOX)
        assert stripped.sent_by_client
        assert PASSWORD.encode() not in stripped.sent_by_client
        assert b"LOGIN" not in stripped.sent_by_client.upper()


async def test_where_starttls_is_missing_from_smtp_the_letters_wait_and_nothing_is_sent_in_the_clear(
    dovecot, sink, proxy, user, tmp_path
):
    wire = proxy(sink.port)
    settings = settings_for(tmp_path, dovecot, sink.port, user)
    (desk,) = settings.desks
    submission = replace(
        desk.submission, security="starttls", port=wire.port, user=user, password=PASSWORD, ca_file=dovecot.ca_file
    )
    async with living(replace(settings, desks=(replace(desk, submission=submission),)), dovecot, sink) as running:
        await running.append(mail("kay@example.com", "Bins", "They smell.", to=user))
        await running.until(lambda: [facts for what, facts in running.log if what is Entry.DEFERRED])
        trouble = running.world.healths["complaints"].troubles.get(Concern.SUBMISSION)
        assert trouble
        assert "STARTTLS" in trouble.why
        assert sink.taken == []
        assert wire.sent_by_client
        assert b"AUTH" not in wire.sent_by_client.upper()
        assert b"MAIL FROM" not in wire.sent_by_client.upper()
