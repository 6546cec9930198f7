"""The ear at the server: a hint when mail comes, and a new line when the old one is dead, dripping or swallowed."""

import asyncio
import contextlib
import time

import pytest
from patience import PATIENCE, until
from servers.dovecot import PASSWORD
from servers.places import free_ports

from maildesk.mail.accounts import Account, LoginRefused, MailboxDown, Security
from maildesk.mail.idle import Idler

MAIL = b"From: a@example.com\r\nSubject: x\r\n\r\nhello\r\n"


def account(port: int, user: str, timeout: float = 10, password: str = PASSWORD) -> Account:
    return Account("127.0.0.1", port, Security.NONE, user, password, timeout=timeout)


@contextlib.asynccontextmanager
async def listening(where: Account, **settings):
    idler = Idler(where, **{"random": lambda: 0.99, **settings})
    idler.start()
    try:
        yield idler
    finally:
        await idler.stop()


async def first_line(idler: Idler) -> None:
    """The hint that every new connection gives."""
    assert await idler.hint(PATIENCE) is not None


async def test_new_mail_is_hinted_at_with_the_time_of_the_notice(dovecot, user):
    async with listening(account(dovecot.imap, user)) as idler:
        await first_line(idler)
        before = time.monotonic()
        await asyncio.to_thread(dovecot.append, user, MAIL)
        noticed = await idler.hint(PATIENCE)
        assert noticed is not None
        assert before <= noticed <= time.monotonic()


async def test_where_nothing_comes_there_is_no_hint(dovecot, user):
    async with listening(account(dovecot.imap, user)) as idler:
        await first_line(idler)
        assert await idler.hint(0.2) is None
        assert idler.trouble is None


async def test_a_flag_set_by_a_person_is_no_hint(dovecot, user):
    dovecot.append(user, MAIL)
    other = dovecot.client(user)
    async with listening(account(dovecot.imap, user)) as idler:
        await first_line(idler)
        await asyncio.to_thread(other.add_flags, [1], [b"\\Flagged"])
        assert await idler.hint(2.0) is None


async def test_a_cut_line_is_opened_anew_and_that_is_a_hint(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    async with listening(account(wire.port, user)) as idler:
        await first_line(idler)
        wire.cut()
        assert await idler.hint(PATIENCE) is not None
        assert idler.lines == 2
        await asyncio.to_thread(dovecot.append, user, MAIL)
        assert await idler.hint(PATIENCE) is not None


async def test_a_line_in_pieces_is_given_up_not_misread(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    async with listening(account(wire.port, user)) as idler:
        await first_line(idler)
        wire.mode = "drip"
        await asyncio.to_thread(dovecot.append, user, MAIL)
        await until(lambda: idler.trouble is not None or idler.lines == 2)
        wire.mode = "pass"
        assert await idler.hint(PATIENCE) is not None
        await until(lambda: idler.lines >= 2)


async def test_a_swallowing_line_is_found_out_at_the_renewal(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    async with listening(account(wire.port, user, timeout=0.3), renew_seconds=0.3) as idler:
        await first_line(idler)
        wire.mode = "blackhole"
        await until(lambda: isinstance(idler.trouble, MailboxDown))
        wire.mode = "pass"
        await until(lambda: idler.trouble is None and idler.lines >= 2)


async def test_the_line_is_renewed_without_a_new_connection(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    async with listening(account(wire.port, user), renew_seconds=0.1) as idler:
        await first_line(idler)
        await until(lambda: wire.sent_by_client.count(b"IDLE\r\n") >= 3)
        assert wire.connections == 1
        await asyncio.to_thread(dovecot.append, user, MAIL)
        assert await idler.hint(PATIENCE) is not None


async def test_a_refused_login_is_kept_as_the_trouble_and_not_repeated_at_once(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    async with listening(account(wire.port, user, password="wrong")) as idler:
        await until(lambda: isinstance(idler.trouble, LoginRefused))
        await asyncio.sleep(0.3)
        assert wire.connections == 1


@pytest.mark.parametrize("mode", ["pass", "blackhole"])
async def test_stopping_leaves_no_thread_and_no_line_behind(dovecot, user, proxy, mode):
    wire = proxy(dovecot.imap)
    idler = Idler(account(wire.port, user, timeout=50))
    idler.start()
    await first_line(idler)
    wire.mode = mode
    await asyncio.wait_for(idler.stop(), 5)
    assert not idler._thread.is_alive()  # noqa: SLF001 - nothing public tells of the thread


async def test_at_a_server_without_idle_it_hangs_up_once_and_polling_must_do(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    wire.hide(b"IDLE")
    async with listening(account(wire.port, user)) as idler:
        await until(lambda: idler.deaf)
        assert await idler.hint(0.2) is None
        assert idler.trouble is None
        assert wire.connections == 1
        assert b"IDLE" not in wire.sent_by_client


async def test_stopping_ends_a_wait_for_the_next_attempt(user):
    (port,) = free_ports(1)
    for _ in range(5):
        idler = Idler(account(port, user), random=lambda: 0.0)
        idler.start()
        await until(lambda idler=idler: idler.trouble is not None)
        await asyncio.wait_for(idler.stop(), 5)
        assert not idler._thread.is_alive()  # noqa: SLF001 - see above


async def test_stopping_does_not_wait_for_a_server_that_says_nothing(proxy, user):
    idler = Idler(account(proxy(0).port, user, timeout=30))
    idler.start()
    await asyncio.sleep(0.05)
    await asyncio.wait_for(idler.stop(), 5)


async def test_news_over_tls_are_heard(dovecot, user):
    where = Account("localhost", dovecot.imaps, Security.TLS, user, PASSWORD, str(dovecot.ca_file), timeout=10)
    async with listening(where) as idler:
        await first_line(idler)
        for _ in range(2):
            await asyncio.to_thread(dovecot.append, user, MAIL)
            assert await idler.hint(PATIENCE) is not None
        assert idler.lines == 1
