"""The mailbox against a real Dovecot: UIDs, sizes, fetch, move, other clients who expunge."""

import asyncio
import base64
import email
from datetime import UTC, date, datetime, timedelta

import pytest
from imapclient import IMAPClient
from servers import dovecot as dovecot_server
from servers.dovecot import PASSWORD
from servers.places import free_ports

from maildesk.mail.accounts import Account, CommandRefused, FolderMissing, LoginRefused, MailboxDown, Security
from maildesk.mail.exchanges import Moved
from maildesk.mail.mailbox import MOST_REFUSALS, Mailbox

BASIC = "IMAP4rev1 SASL-IR LITERAL+ NAMESPACE"


def mail(number: int, body: str = "hello") -> bytes:
    return f"From: a@example.com\r\nSubject: {number}\r\nMessage-ID: <{number}@example.com>\r\n\r\n{body}\r\n".encode()


def plain(port: int, user: str, **more) -> Account:
    return Account("127.0.0.1", port, Security.NONE, user, more.pop("password", PASSWORD), **{"timeout": 10, **more})


@pytest.fixture
async def mailbox(dovecot, user):
    opened = Mailbox(plain(dovecot.imap, user))
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def bare_dovecot():
    """A server that admits to neither MOVE nor UIDPLUS nor IDLE."""
    server = dovecot_server.start(capability=BASIC)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def prefixed_dovecot():
    server = dovecot_server.start(prefix="INBOX.", separator=".")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def uidplus_dovecot():
    server = dovecot_server.start(capability=f"{BASIC} UIDPLUS")
    yield server
    server.stop()


async def test_select_tells_uidvalidity_and_what_is_there(dovecot, user, mailbox):
    dovecot.append(user, mail(1), mail(2))
    selected = await mailbox.select("INBOX")
    assert (selected.uidnext, selected.exists) == (3, 2)
    assert selected.uidvalidity > 0


async def test_a_folder_made_anew_has_another_uidvalidity(dovecot, user, mailbox):
    await mailbox.ensure_folders(["Complaints"])
    before = await mailbox.select("Complaints")
    await mailbox.select("INBOX")
    dovecot.client(user).delete_folder("Complaints")
    await asyncio.sleep(1.1)  # Dovecot makes it from the time in seconds
    await mailbox.ensure_folders(["Complaints"])
    assert (await mailbox.select("Complaints")).uidvalidity != before.uidvalidity


async def test_uids_above_drops_the_last_message_that_the_server_gives_anyway(dovecot, user, mailbox):
    dovecot.append(user, mail(1), mail(2), mail(3))
    await mailbox.select("INBOX")
    assert await mailbox.uids_above(0) == [1, 2, 3]
    assert await mailbox.uids_above(2) == [3]
    assert await mailbox.uids_above(3) == []


async def test_mail_that_came_after_select_is_seen_at_once(dovecot, user, mailbox):
    await mailbox.select("INBOX")
    dovecot.append(user, mail(1))
    assert await mailbox.uids_above(0) == [1]


async def test_fetch_gives_the_octets_as_they_are_and_leaves_them_unseen(dovecot, user, mailbox):
    odd = (
        b"From: x@example.com\r\nSubject: caf\xe9\r\n\r\n"
        + bytes(range(1, 256)).replace(b"\r", b"").replace(b"\n", b"")
        + b"\r\n"
    )
    before = datetime.now(UTC) - timedelta(minutes=1)
    dovecot.append(user, mail(1), odd)
    await mailbox.select("INBOX")
    fetched = await mailbox.fetch([2, 1])
    assert [one.uid for one in fetched] == [1, 2]
    assert fetched[1].raw == odd
    assert fetched[0].internaldate is not None
    assert fetched[0].internaldate.tzinfo is UTC
    assert fetched[0].internaldate > before
    flags = dovecot.client(user).get_flags([1, 2])
    assert not any(b"\\Seen" in of_one for of_one in flags.values())


async def test_sizes_are_those_of_the_octets(dovecot, user, mailbox):
    dovecot.append(user, mail(1), mail(2, "x" * 5000))
    await mailbox.select("INBOX")
    sizes = await mailbox.sizes([1, 2, 99])
    assert {uid: sized.size for uid, sized in sizes.items()} == {1: len(mail(1)), 2: len(mail(2, "x" * 5000))}


async def test_what_another_client_expunges_is_missing_and_nothing_else_shifts(dovecot, user, mailbox):
    dovecot.append(user, *(mail(n) for n in range(1, 6)))
    await mailbox.select("INBOX")
    uids = await mailbox.uids_above(0)
    other = dovecot.client(user)
    other.delete_messages([2, 3])
    other.expunge()
    fetched = await mailbox.fetch(uids)
    assert {one.uid: b"Subject: %d\r\n" % one.uid in one.raw for one in fetched} == {1: True, 4: True, 5: True}
    assert await mailbox.move([2, 4], "Sent") is Moved.MOVED
    assert await mailbox.uids_above(0) == [1, 5]


async def test_move_puts_the_mail_into_the_folder(dovecot, user, mailbox):
    dovecot.append(user, mail(1), mail(2))
    await mailbox.ensure_folders(["Processed"])
    await mailbox.select("INBOX")
    assert await mailbox.move([1], "Processed") is Moved.MOVED
    assert await mailbox.uids_above(0) == [2]
    assert await mailbox.count("Processed") == 1


async def test_a_mail_that_the_server_refuses_again_and_again_does_not_hold_up_the_others(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    dovecot.append(user, mail(1), mail(2), mail(3))
    wire.on_client(
        rb"(\w+) UID FETCH [^\r\n(]*\b2\b[^\r\n]*BODY\.PEEK[^\r\n]*\r\n", rb"\1 NO [SERVERBUG] no\r\n", times=99
    )
    opened = Mailbox(plain(wire.port, user))
    await opened.open()
    for _ in range(MOST_REFUSALS - 1):
        await opened.select("INBOX")
        with pytest.raises(CommandRefused):
            await opened.fetch([1, 2, 3])
    assert [found.uid for found in await opened.fetch([1, 2, 3])] == [1, 3]
    assert b"UID 2, UIDVALIDITY" in await opened.fetch_head(2, 1000)
    await opened.close()


async def test_a_list_that_the_server_refuses_once_is_fetched_one_by_one(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    dovecot.append(user, mail(1), mail(2))
    wire.on_client(rb"(\w+) UID FETCH [^\r\n]*BODY\.PEEK[^\r\n]*\r\n", rb"\1 NO [SERVERBUG] no\r\n")
    opened = Mailbox(plain(wire.port, user))
    await opened.open()
    await opened.select("INBOX")
    assert [found.uid for found in await opened.fetch([1, 2])] == [1, 2]
    await opened.close()


async def test_a_folder_that_somebody_took_away_is_made_anew_for_the_mail_that_goes_there(dovecot, user, mailbox):
    dovecot.append(user, mail(1))
    await mailbox.ensure_folders(["Processed"])
    other = dovecot.client(user)
    other.delete_folder("Processed")
    await mailbox.select("INBOX")
    assert await mailbox.move(await mailbox.uids_above(0), "Processed") is Moved.MOVED
    assert other.select_folder("Processed")[b"EXISTS"] == 1
    other.logout()


async def test_without_move_the_mail_is_copied_and_only_that_mail_expunged(uidplus_dovecot, user):
    uidplus_dovecot.append(user, mail(1), mail(2), mail(3))
    uidplus_dovecot.client(user).delete_messages([3])
    mailbox = Mailbox(plain(uidplus_dovecot.imap, user))
    await mailbox.open()
    await mailbox.ensure_folders(["Processed"])
    await mailbox.select("INBOX")
    assert await mailbox.move([1], "Processed") is Moved.COPIED
    assert await mailbox.uids_above(0) == [2, 3]
    assert await mailbox.count("Processed") == 1
    await mailbox.close()


async def test_without_move_and_uidplus_the_mail_is_flagged_and_stays(bare_dovecot, user):
    bare_dovecot.append(user, mail(1), mail(2))
    mailbox = Mailbox(plain(bare_dovecot.imap, user))
    await mailbox.open()
    await mailbox.ensure_folders(["Processed"])
    await mailbox.select("INBOX")
    assert await mailbox.move([1], "Processed") is Moved.FLAGGED
    assert await mailbox.uids_above(0) == [1, 2]
    assert set(bare_dovecot.client(user).get_flags([1])[1]) >= {b"\\Seen", b"$MaildeskKept"}
    assert not await mailbox.has_idle()
    await mailbox.close()


async def test_folders_are_created_once_with_any_letters(mailbox):
    names = ["Processed", "Bär & Co", '日本語/子"x']
    await mailbox.ensure_folders(names)
    await mailbox.ensure_folders(names)
    assert set(names) <= set(await mailbox.folders())
    for name in names:
        assert (await mailbox.select(name)).exists == 0


async def test_folders_go_below_the_prefix_where_the_server_wants_that(prefixed_dovecot, user):
    mailbox = Mailbox(plain(prefixed_dovecot.imap, user))
    await mailbox.open()
    await mailbox.ensure_folders(["Processed"])
    await mailbox.ensure_folders(["Processed"])
    assert "INBOX.Processed" in await mailbox.folders()
    prefixed_dovecot.append(user, mail(1))
    await mailbox.select("INBOX")
    await mailbox.move([1], "Processed")
    assert await mailbox.count("Processed") == 1
    await mailbox.close()


async def test_a_missing_folder_is_named_and_the_connection_lives(dovecot, user, mailbox):
    with pytest.raises(FolderMissing, match="Beschwerden"):
        await mailbox.select("Beschwerden")
    dovecot.append(user, mail(1))
    assert (await mailbox.select("INBOX")).exists == 1
    with pytest.raises(FolderMissing):
        await mailbox.move([1], "Nowhere")
    assert await mailbox.uids_above(0) == [1]


@pytest.mark.parametrize("name", ["x\r\nA1 CREATE evil", "nul\0", "", "line\nfeed"])
async def test_a_folder_name_with_a_line_end_never_reaches_the_server(mailbox, name):
    for step in (
        mailbox.select(name),
        mailbox.ensure_folders([name or "\r"]),
        mailbox.append(name, b"x"),
        mailbox.count(name),
    ):
        with pytest.raises(ValueError, match="no name for a folder"):
            await step
    assert "evil" not in await mailbox.folders()


async def test_append_keeps_flags_and_octets(dovecot, user, mailbox):
    await mailbox.append("Sent", mail(1), ["\\Seen"])
    client = dovecot.client(user)
    client.select_folder("Sent")
    assert client.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"] == mail(1)
    assert b"\\Seen" in client.get_flags([1])[1]


async def test_old_mail_is_counted_by_the_day_the_server_took_it(dovecot, user, mailbox):
    client = dovecot.client(user)
    client.append("INBOX", mail(1), msg_time=datetime(2020, 5, 1, 12, tzinfo=UTC))
    client.append("INBOX", mail(2), msg_time=datetime(2024, 5, 1, 12, tzinfo=UTC))
    client.append("INBOX", mail(3))
    await mailbox.select("INBOX")
    assert await mailbox.count_before(date(2024, 5, 1)) == 1
    assert await mailbox.count_before(date(2025, 1, 1)) == 2
    assert await mailbox.uids_since(date(2024, 5, 1)) == [2, 3]


async def test_the_head_of_a_big_mail_is_a_readable_mail(dovecot, user, mailbox):
    big = (
        b"From: a@example.com\r\nSubject: big\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="out"\r\n\r\n'
        b'--out\r\nContent-Type: multipart/alternative; boundary="in"\r\n\r\n'
        b"--in\r\nContent-Type: text/html\r\n\r\n<p>it broke</p>\r\n"
        b"--in\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"it br=C3=B6ke\r\n--in--\r\n"
        b"--out\r\nContent-Type: application/octet-stream\r\n\r\n" + b"A" * 200_000 + b"\r\n--out--\r\n"
    )
    dovecot.append(user, big, mail(2, "plain " * 100))
    await mailbox.select("INBOX")
    head = email.message_from_bytes(await mailbox.fetch_head(1, 10_000))
    assert head["Subject"] == "big"
    (part,) = head.get_payload()
    assert part.get_content_type() == "text/plain"
    assert part.get_payload(decode=True).decode().strip() == "it bröke"
    short = await mailbox.fetch_head(2, 11)
    assert short.endswith(b"\r\n\r\nplain plain")
    assert await mailbox.fetch_head(99, 100) == b""


async def test_imaplib_formats_no_literal_for_a_log(mailbox):
    assert mailbox._client._imap.debug == 0  # noqa: SLF001 - the private name is what is tested
    fresh = IMAPClient(mailbox.account.host, mailbox.account.port, ssl=False, timeout=5)
    assert fresh._imap.debug == 5, "imapclient sets it no more: take login.quieten out"  # noqa: SLF001 - see above
    fresh.shutdown()


async def test_tls_is_verified_against_the_given_authority(dovecot, user):
    account = Account("localhost", dovecot.imaps, Security.TLS, user, PASSWORD, str(dovecot.ca_file), timeout=10)
    mailbox = Mailbox(account)
    await mailbox.open()
    assert (await mailbox.select("INBOX")).exists == 0
    await mailbox.close()
    stranger = Mailbox(Account("localhost", dovecot.imaps, Security.TLS, user, PASSWORD, timeout=10))
    with pytest.raises(MailboxDown, match="certificate"):
        await stranger.open()


async def test_starttls_protects_the_login(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    account = Account("localhost", wire.port, Security.STARTTLS, user, PASSWORD, str(dovecot.ca_file), timeout=10)
    mailbox = Mailbox(account)
    await mailbox.open()
    await mailbox.close()
    assert PASSWORD.encode() not in wire.sent_by_client


async def test_where_starttls_is_stripped_no_password_is_sent(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    wire.hide(b"STARTTLS")
    account = Account("localhost", wire.port, Security.STARTTLS, user, PASSWORD, str(dovecot.ca_file), timeout=10)
    with pytest.raises(LoginRefused, match="STARTTLS"):
        await Mailbox(account).open()
    assert PASSWORD.encode() not in wire.sent_by_client
    assert b"LOGIN" not in wire.sent_by_client.upper()


async def test_a_refused_password_says_what_to_do_and_that_it_is_no_network_trouble(dovecot, user):
    with pytest.raises(LoginRefused, match=r"(?s)desk-\d+@example.test at 127.0.0.1.*password") as refused:
        await Mailbox(plain(dovecot.imap, user, password="wrong")).open()
    assert refused.value.refused
    assert "wrong" not in str(refused.value)


async def test_a_server_that_cannot_log_anybody_in_now_is_down_and_has_not_refused_us(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    wire.swap({b"AUTHENTICATIONFAILED": b"UNAVAILABLE"})
    with pytest.raises(MailboxDown, match="UNAVAILABLE"):
        await Mailbox(plain(wire.port, user, password="wrong")).open()


async def test_no_password_is_sent_where_the_server_takes_none_in_the_clear(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    wire.swap({b"AUTH=PLAIN": b"LOGINDISABLED"})
    with pytest.raises(LoginRefused, match="unprotected"):
        await Mailbox(plain(wire.port, user)).open()
    assert PASSWORD.encode() not in wire.sent_by_client


async def test_a_password_with_umlauts_is_sent_as_utf_8(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    with pytest.raises(LoginRefused):
        await Mailbox(plain(wire.port, user, password="pässwörd")).open()
    assert base64.b64encode(f"\0{user}\0pässwörd".encode()) in wire.sent_by_client


async def test_a_server_that_takes_connections_and_says_nothing_is_down(proxy, user):
    with pytest.raises(MailboxDown, match="did not answer") as down:
        await Mailbox(plain(proxy(0).port, user, timeout=0.3)).open()
    assert not down.value.refused


async def test_a_port_where_nobody_listens_is_down(user):
    with pytest.raises(MailboxDown, match="no connection"):
        await Mailbox(plain(free_ports(1)[0], user)).open()


async def test_a_cut_line_is_down_and_can_be_opened_again(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    mailbox = Mailbox(plain(wire.port, user))
    await mailbox.open()
    await mailbox.select("INBOX")
    wire.cut()
    with pytest.raises(MailboxDown):
        await mailbox.uids_above(0)
    assert not mailbox.is_open
    with pytest.raises(MailboxDown, match="not open"):
        await mailbox.noop()
    await mailbox.open()
    assert (await mailbox.select("INBOX")).exists == 0
    await mailbox.close()


async def test_a_swallowing_line_times_out(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    mailbox = Mailbox(plain(wire.port, user, timeout=0.3))
    await mailbox.open()
    wire.mode = "blackhole"
    with pytest.raises(MailboxDown, match="did not answer"):
        await mailbox.select("INBOX")
    await mailbox.close()


async def test_a_dripping_line_ends_as_a_whole(dovecot, user, proxy):
    dovecot.append(user, mail(1, "x" * 3000))
    wire = proxy(dovecot.imap)
    mailbox = Mailbox(plain(wire.port, user, timeout=0.2))
    await mailbox.open()
    await mailbox.select("INBOX")
    wire.mode = "drip"
    with pytest.raises(MailboxDown, match="too slow"):
        await mailbox.fetch([1], octets=0)
    assert not mailbox.is_open
    await mailbox.close()


async def test_a_cancelled_step_closes_the_line_so_no_answer_is_misread(dovecot, user, proxy):
    wire = proxy(dovecot.imap)
    mailbox = Mailbox(plain(wire.port, user))
    await mailbox.open()
    wire.mode = "blackhole"
    step = asyncio.create_task(mailbox.select("INBOX"))
    await asyncio.sleep(0.05)
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert not mailbox.is_open
    await asyncio.wait_for(mailbox.close(), 5)


async def test_closing_does_not_wait_for_a_server_that_is_silent(dovecot, user, proxy, monkeypatch):
    monkeypatch.setattr("maildesk.mail.mailbox.GOODBYE_SECONDS", 0.1)
    wire = proxy(dovecot.imap)
    mailbox = Mailbox(plain(wire.port, user, timeout=50))
    await mailbox.open()
    wire.mode = "blackhole"
    await mailbox.close()
    assert not mailbox.is_open


def test_a_password_is_not_shown():
    assert "hush" not in repr(Account("imap.example.org", 993, user="a", password="hush"))


@pytest.mark.parametrize("field", ["host", "user", "password"])
def test_an_account_with_a_line_end_is_refused(field):
    with pytest.raises(ValueError, match="control character"):
        Account(**{"host": "imap.example.org", "port": 993, field: "x\r\nA1 LOGOUT"})


def test_an_unknown_security_word_is_not_taken_for_clear_text():
    with pytest.raises(ValueError, match="ssl"):
        Account("imap.example.org", 993, security="ssl")
    assert Account("imap.example.org", 993).security is Security.TLS
