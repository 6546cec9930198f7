"""The demo's own mail servers: who may send, what they write on top of a mail, and where it goes."""

import asyncio
import email
import email.policy
import imaplib
import smtplib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import TypeVar

import pytest

from maildesk.demo import correspondence
from maildesk.demo.cast import DEREK, DESK, DOMAIN, GRACE, MARGARET, PLAYERS, Player, mail_host
from maildesk.demo.clock import PushedClock
from maildesk.demo.mailboxes import open_mailboxes
from maildesk.demo.post import Post, open_post
from maildesk.domain.message import Kind
from maildesk.mail.authenticity import profile
from maildesk.mail.identity import ReadPolicy
from maildesk.mail.parse import read as parse

T = TypeVar("T")
PASSWORD = "open-sesame"
AT = datetime(2026, 3, 3, 9, 4, tzinfo=UTC)
HOST = mail_host(DOMAIN)


@asynccontextmanager
async def servers() -> AsyncIterator[Post]:
    addresses = [player.address for player in PLAYERS if player is not DEREK]
    async with (
        open_mailboxes(addresses, PASSWORD) as mailboxes,
        open_post(mailboxes, PushedClock(AT), PASSWORD) as post,
    ):
        yield post


async def by_smtp(post: Post, use: Callable[[smtplib.SMTP], T]) -> T:
    def talk() -> T:
        with smtplib.SMTP("127.0.0.1", post.port, timeout=10) as line:
            return use(line)

    return await asyncio.to_thread(talk)


async def send(post: Post, mail: EmailMessage, login: Player | None) -> None:
    def use(line: smtplib.SMTP) -> None:
        if login:
            line.login(login.address, PASSWORD)
        line.send_message(mail)

    await by_smtp(post, use)


async def inbox_of(post: Post, player: Player) -> list[bytes]:
    def read() -> list[bytes]:
        with imaplib.IMAP4("127.0.0.1", post.mailboxes.port, timeout=10) as client:
            client.login(player.address, PASSWORD)
            client.select("INBOX", readonly=True)
            _, (found,) = client.uid("SEARCH", "ALL")
            return [client.uid("FETCH", uid, "BODY.PEEK[]")[1][0][1] for uid in found.split()]

    return await asyncio.to_thread(read)


def read(raw: bytes):
    return parse(raw, ReadPolicy((HOST,), (DESK.address,), profile("rfc8601", (HOST,))))


def note_from(author: Player, to: str = DESK.address) -> EmailMessage:
    return correspondence.plain_mail(author, to, "Hello", "#take\n", AT)


@pytest.mark.parametrize(("login", "verdict"), [(GRACE, "pass"), (MARGARET, "fail"), (None, "fail")])
async def test_only_the_author_who_logged_in_passes_for_authentic(login, verdict):
    async with servers() as post:
        await send(post, note_from(GRACE), login)
        (raw,) = await inbox_of(post, DESK)
    assert read(raw).authenticity.verdict.value == verdict


async def test_a_verdict_that_a_stranger_wrote_into_the_mail_counts_for_nothing():
    forged = note_from(GRACE)
    forged["Authentication-Results"] = f"{HOST}; dmarc=pass header.from={DOMAIN}"
    async with servers() as post:
        await send(post, forged, None)
        (raw,) = await inbox_of(post, DESK)
    assert read(raw).authenticity.verdict.value == "fail"


async def test_mail_to_a_plus_address_lands_in_the_mailbox_and_the_address_stays_to_be_seen():
    async with servers() as post:
        await send(post, note_from(MARGARET, f"complaints+abc@{DOMAIN}"), MARGARET)
        (raw,) = await inbox_of(post, DESK)
    message = read(raw)
    assert f"complaints+abc@{DOMAIN}" in message.delivered_to
    assert abs((message.received_at - AT).total_seconds()) < 60


async def test_an_address_that_nobody_has_is_refused():
    async with servers() as post:
        code, _ = await by_smtp(
            post, lambda line: (line.ehlo(), line.mail("a@example.org"), line.rcpt("x@example.org"))[2]
        )
    assert code == 550


async def test_a_wrong_password_is_refused():
    async with servers() as post:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            await by_smtp(post, lambda line: line.login(GRACE.address, "wrong"))


async def test_mail_to_an_address_without_a_mailbox_comes_back_as_a_delivery_report():
    letter = correspondence.plain_mail(DESK, DEREK.address, "We have received your complaint", "Thank you.", AT)
    async with servers() as post:
        await send(post, letter, DESK)
        await post.give_up(DEREK.address)
        (raw,) = await inbox_of(post, DESK)
    report = read(raw)
    assert report.kind is Kind.BOUNCE
    assert report.bounce.original_message_id == letter["Message-ID"]
    (recipient,) = report.bounce.recipients
    assert (recipient.address, recipient.action, recipient.status) == (DEREK.address, "failed", "5.1.1")
    assert email.message_from_bytes(raw, policy=email.policy.default)["Return-Path"] == "<>"


def test_the_post_office_has_no_slots_which_aiosmtpd_cannot_look_through_before_python_3_11_3() -> None:
    """aiosmtpd asks its handler for every attribute; a dataclass with slots refuses `__weakref__` (cpython gh-102069).

    Debian 12 has Python 3.11.2, where every connection to the post was closed without a word.
    """
    assert not hasattr(Post, "__slots__")
