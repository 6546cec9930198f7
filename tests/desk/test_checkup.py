"""`maildesk check` against real servers: what it says of a desk that is right, and of each one that is not."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from living import settings_for
from servers.places import free_ports

from maildesk import daemon
from maildesk.desk import checkup
from maildesk.desk.checkup import Finding

SECONDS = 20.0


async def look(settings, seconds: float = 0.0) -> list[Finding]:
    desk = settings.desks[0]
    async with daemon.children_of(settings) as children:
        shared = daemon.Shared(children, daemon.keyring(settings.data), daemon.templates_of(settings))
        letterbox = daemon.letterbox_of(settings, desk, shared)
        way = checkup.Way(letterbox, random.random, datetime.now(UTC), seconds, has_database=False)
        return [finding async for finding in checkup.desk(daemon.place_of(settings, desk), way)]


def lines(found: list[Finding]) -> list[tuple[str, bool]]:
    return [(finding.what, finding.is_right) for finding in found]


@pytest.fixture
def settings(dovecot, sink, user, tmp_path):
    return settings_for(tmp_path, dovecot, sink.port, user)


def with_mailbox(settings, **changes):
    desk = settings.desks[0]
    return replace(settings, desks=(replace(desk, mailbox=replace(desk.mailbox, **changes)),))


def with_submission(settings, **changes):
    desk = settings.desks[0]
    return replace(settings, desks=(replace(desk, submission=replace(desk.submission, **changes)),))


async def test_the_probe_of_a_desk_that_never_ran_does_not_stay_in_its_inbox(dovecot, postfix, user, tmp_path):
    found = await look(settings_for(tmp_path, dovecot, postfix.smtp, user), SECONDS)
    assert all(finding.is_right for finding in found)
    client = dovecot.client(user)
    assert client.search("ALL") == []
    assert client.folder_status("Processed", "MESSAGES")[b"MESSAGES"] == 1
    client.logout()


async def test_the_smtp_server_is_tried_where_the_mailbox_cannot_be_opened(settings):
    found = await look(with_mailbox(settings, port=free_ports(1)[0]))
    assert lines(found) == [("mailbox", False), ("sending", True)]


async def test_a_missing_inbox_is_said_once_and_no_probe_is_sent(settings, sink):
    found = await look(with_mailbox(settings, inbox="Beschwerden"), SECONDS)
    assert lines(found) == [("mailbox", True), ("inbox", False), ("sending", True)]
    assert sink.taken == []


async def test_the_words_of_the_server_for_a_refused_login_are_no_python(settings):
    (refused, _) = await look(with_mailbox(settings, password="wrong"))
    assert "([AUTHENTICATIONFAILED] Authentication failed.)" in refused.words


async def test_a_server_without_a_login_is_named_without_a_user_called_nobody(settings):
    sending = (await look(settings))[-1]
    assert sending.words.startswith("takes letters without a login at 127.0.0.1:")


async def test_a_server_without_starttls_is_wrong_and_the_line_says_where_to_look(settings):
    sending = (await look(with_submission(settings, security="starttls")))[-1]
    assert not sending.is_right
    assert "[desk.submission]" in sending.words


@pytest.mark.parametrize(("count", "words"), [(1, "1 mail lies in the inbox"), (2, "2 mails lie in the inbox")])
async def test_old_mail_is_counted_in_words(settings, dovecot, user, count, words):
    dovecot.append(user, *[b"Subject: old\r\n\r\nold\r\n"] * count)
    (old,) = [finding for finding in await look(settings) if finding.what == "old mail"]
    assert old.words.startswith(words)
