"""Letters to a server that fails as it is told: whose turn it is, what is unknown, and what never goes."""

import asyncio
import contextlib
import ssl

import pytest
from patience import until
from servers.authority import certify
from servers.places import free_ports
from servers.sink import DROP, HANG, PASSWORD, Sink

from maildesk.mail.accounts import Account, Security
from maildesk.mail.outgoing import Accepted, Deferred, Outgoing, Refused, Whose
from maildesk.mail.submission import Submission

LETTER = b"From: desk@example.org\r\nTo: ann@example.com\r\nSubject: x\r\n\r\n.a line\r\n..two dots\r\nend\r\n"
SENDER, ANN = "desk@example.org", "ann@example.com"


def letter(recipient: str = ANN, sender: str = SENDER, octets: bytes = LETTER, **more) -> Outgoing:
    return Outgoing(sender, recipient, octets, **more)


@contextlib.asynccontextmanager
async def submitting(port: int, connections: int = 2, **account):
    idle_seconds = account.pop("idle_seconds", 20.0)
    where = Account(**{"host": "127.0.0.1", "port": port, "security": Security.NONE, "timeout": 5, **account})
    submission = Submission(
        where, connections, hello="desk.example.org", idle_seconds=idle_seconds, random=lambda: 0.99
    )
    try:
        yield submission
    finally:
        await submission.close()


async def test_the_octets_arrive_as_they_are_with_their_envelope(sink):
    async with submitting(sink.port) as submission:
        assert await submission.send(letter()) == Accepted(250, "2.0.0 taken")
    (taken,) = sink.taken
    assert (taken.envelope_sender, taken.recipients, taken.octets) == (SENDER, (ANN,), LETTER)


async def test_an_empty_sender_is_the_null_path(sink):
    async with submitting(sink.port) as submission:
        await submission.send(letter(sender=""))
    assert sink.taken[0].envelope_sender == ""
    assert "MAIL FROM:<>" in sink.said[1]


async def test_letters_share_a_kept_connection(sink):
    async with submitting(sink.port) as submission:
        for _ in range(5):
            await submission.send(letter())
    assert len(sink.taken) == 5
    assert sink.connections == 1
    assert sink.said[-1] == "QUIT"


async def test_no_more_connections_than_allowed_are_opened(sink):
    async with submitting(sink.port, connections=2) as submission:
        outcomes = await asyncio.gather(*(submission.send(letter(f"p{n}@example.com")) for n in range(20)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert sink.connections <= 2
    assert sorted(mail.recipients[0] for mail in sink.taken) == sorted(f"p{n}@example.com" for n in range(20))


async def test_an_idle_connection_is_closed_politely(sink):
    async with submitting(sink.port, idle_seconds=0.05) as submission:
        await submission.send(letter())
        await until(lambda: sink.said[-1] == "QUIT")
        assert isinstance(await submission.send(letter()), Accepted)
    assert sink.connections == 2


async def test_a_kept_connection_that_the_server_closed_costs_no_letter(sink):
    async with submitting(sink.port) as submission:
        await submission.send(letter())
        sink.cut()
        assert isinstance(await submission.send(letter()), Accepted)
    assert len(sink.taken) == 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_421_on_a_kept_connection_moves_the_letter_to_a_new_one(sink, verb):
    async with submitting(sink.port) as submission:
        await submission.send(letter())
        sink.answer(verb, "421 4.4.2 timeout")
        assert isinstance(await submission.send(letter()), Accepted)
    assert len(sink.taken) == 2
    assert sink.connections == 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "END"])
async def test_421_on_a_new_connection_defers_and_the_next_letter_connects_anew(sink, verb):
    sink.answer(verb, "421 4.3.2 shutting down")
    async with submitting(sink.port) as submission:
        assert await submission.send(letter()) == Deferred(421, "4.3.2 shutting down", Whose.THEIRS)
        assert isinstance(await submission.send(letter()), Accepted)
    assert sink.connections == 2
    assert len(sink.taken) == 1


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "END"])
async def test_a_temporary_reply_defers_and_the_connection_is_of_use(sink, verb):
    sink.answer(verb, "451 4.3.0 later")
    async with submitting(sink.port) as submission:
        assert await submission.send(letter()) == Deferred(451, "4.3.0 later", Whose.THEIRS)
        assert isinstance(await submission.send(letter()), Accepted)
    assert sink.connections == 1


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "END"])
async def test_a_permanent_reply_about_the_letter_refuses_it(sink, verb):
    sink.answer(verb, "550 5.1.1 no such person")
    async with submitting(sink.port) as submission:
        assert await submission.send(letter()) == Refused(550, "5.1.1 no such person")
        assert isinstance(await submission.send(letter()), Accepted)
    assert sink.connections == 1


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "AUTH", "MAIL"])
async def test_a_permanent_reply_before_the_recipient_is_ours_to_mend_and_refuses_no_letter(sink, verb):
    sink.extensions.append("AUTH PLAIN")
    sink.answer(verb, "554 5.7.1 go away", "554 5.7.1 go away")
    async with submitting(sink.port, user="desk", password=PASSWORD) as submission:
        outcome = await submission.send(letter())
        assert isinstance(outcome, Deferred)
        assert (outcome.code, outcome.whose, outcome.unknown) == (554, Whose.OURS, False)
        assert submission.last_trouble is not None
        assert "go away" in submission.last_trouble.text


async def test_one_refused_recipient_leaves_the_others_alone(sink):
    sink.answer("bob@example.com", "550 5.1.1 unknown")
    async with submitting(sink.port) as submission:
        people = [ANN, "bob@example.com", "cy@example.com"]
        outcomes = [await submission.send(letter(person)) for person in people]
    assert [type(outcome) for outcome in outcomes] == [Accepted, Refused, Accepted]
    assert [mail.recipients for mail in sink.taken] == [(ANN,), ("cy@example.com",)]


async def test_silence_after_the_letter_is_unknown_since_the_server_may_have_it(sink):
    sink.answer("END", f"taken {HANG}")
    async with submitting(sink.port, timeout=0.3) as submission:
        outcome = await submission.send(letter(octets=LETTER))
        assert isinstance(outcome, Deferred)
        assert outcome.unknown
        assert isinstance(await submission.send(letter()), Accepted)
    assert len(sink.taken) == 2


async def test_a_line_that_breaks_after_the_letter_is_unknown(sink):
    sink.answer("END", f"taken {DROP}")
    async with submitting(sink.port) as submission:
        outcome = await submission.send(letter())
        assert isinstance(outcome, Deferred)
        assert (outcome.unknown, outcome.whose) == (True, Whose.NETWORK)


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT"])
@pytest.mark.parametrize("fault", [HANG, DROP])
async def test_a_line_that_breaks_before_the_letter_is_network_trouble_and_not_unknown(sink, verb, fault):
    sink.always(verb, fault)
    async with submitting(sink.port, timeout=0.3) as submission:
        outcome = await submission.send(letter())
    assert isinstance(outcome, Deferred)
    assert (outcome.whose, outcome.unknown) == (Whose.NETWORK, False)
    assert sink.taken == []


async def test_while_nobody_listens_letters_wait_without_knocking_each_time():
    (port,) = free_ports(1)
    async with submitting(port) as submission:
        first = await submission.send(letter())
        assert isinstance(first, Deferred)
        assert (first.whose, first.wait > 0) == (Whose.NETWORK, True)
        second = await submission.send(letter())
        assert isinstance(second, Deferred)
        assert second.text.startswith("resting after")
        assert 0 < submission.rest_seconds <= first.wait


async def test_a_refused_login_is_not_tried_again_with_every_letter(sink):
    sink.extensions.append("AUTH PLAIN")
    async with submitting(sink.port, user="desk", password="wrong") as submission:
        outcomes = [await submission.send(letter()) for _ in range(5)]
        assert {outcome.whose for outcome in outcomes} == {Whose.OURS}
        assert submission.rest_seconds > 30
    assert sum(line.startswith("AUTH") for line in sink.said) == 1
    assert "wrong" not in outcomes[0].text


async def test_a_login_that_the_server_does_not_offer_is_ours(sink):
    async with submitting(sink.port, user="desk", password=PASSWORD) as submission:
        outcome = await submission.send(letter())
    assert isinstance(outcome, Deferred)
    assert outcome.whose is Whose.OURS
    assert not any(line.startswith("AUTH") for line in sink.said)


async def test_the_greeting_tells_whether_the_account_is_right(sink):
    sink.extensions.append("AUTH PLAIN")
    async with submitting(sink.port, user="desk", password=PASSWORD) as submission:
        assert isinstance(await submission.greet(), Accepted)
    async with submitting(sink.port, user="desk", password="wrong") as submission:
        assert isinstance(await submission.greet(), Deferred)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com\r\nRCPT TO:<evil@example.com>", "a@example.com, b@example.com", "a@example.com,b@example.com",
        "Ann <a@example.com>", "", "nobody", "a b@example.com", "a@exa mple.com", "a@example.com\0", "<a@example.com>",
        "a@b@example.com",
    ],
)  # fmt: skip
async def test_what_is_not_one_plain_address_never_reaches_the_server(sink, address):
    async with submitting(sink.port) as submission:
        outcome = await submission.send(letter(address))
        assert isinstance(outcome, Refused)
        assert outcome.text
        if address:
            assert isinstance(await submission.send(letter(sender=address)), Refused)
    assert sink.said == []


@pytest.mark.parametrize("address", ["a..b@docomo.example", "a.@x.example", "o'neil+x=y@office.local", '"a b"@x.test'])
async def test_odd_addresses_that_exist_are_sent_to(sink, address):
    async with submitting(sink.port) as submission:
        assert isinstance(await submission.send(letter(address)), Accepted)
    assert sink.taken[0].recipients == (address,)


async def test_an_international_domain_needs_no_smtputf8(sink):
    async with submitting(sink.port) as submission:
        assert isinstance(await submission.send(letter("ann@bücher.example")), Accepted)
    assert sink.taken[0].recipients == ("ann@xn--bcher-kva.example",)
    assert "SMTPUTF8" not in sink.taken[0].mail_options


async def test_an_international_local_part_goes_where_smtputf8_is_offered_and_is_refused_elsewhere(sink):
    async with submitting(sink.port) as submission:
        outcome = await submission.send(letter("пётр@пример.example"))
        assert isinstance(outcome, Refused)
        assert "SMTPUTF8" in outcome.text
    sink.extensions.append("SMTPUTF8")
    async with submitting(sink.port) as submission:
        assert isinstance(await submission.send(letter("пётр@пример.example")), Accepted)
        assert isinstance(await submission.send(letter()), Accepted)
    assert "SMTPUTF8" in sink.taken[0].mail_options
    assert "SMTPUTF8" not in sink.taken[1].mail_options


async def test_notifications_are_asked_for_only_where_the_server_knows_them(sink):
    async with submitting(sink.port) as submission:
        await submission.send(letter(envelope_id="L+7=x"))
    sink.extensions.append("DSN")
    async with submitting(sink.port) as submission:
        await submission.send(letter(envelope_id="L+7=x"))
    assert not any("ENVID" in option for option in sink.taken[0].mail_options)
    assert {"RET=HDRS", "ENVID=L+2B7+3Dx"} <= set(sink.taken[1].mail_options)
    assert sink.taken[1].rcpt_options == ("NOTIFY=FAILURE,DELAY",)


async def test_a_cancelled_letter_closes_its_connection(sink):
    sink.answer("RCPT", HANG)
    async with submitting(sink.port) as submission:
        sending = asyncio.create_task(submission.send(letter()))
        await until(lambda: any(line.startswith("RCPT") for line in sink.said))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert isinstance(await submission.send(letter()), Accepted)
    assert sink.connections == 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return certify(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls_sink(certificate):
    _ca, cert, key = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    server = Sink(extensions=["STARTTLS", "AUTH PLAIN"], context=context)
    yield server
    server.stop()


async def test_starttls_is_spoken_before_the_login(tls_sink, certificate):
    account = {"host": "localhost", "security": Security.STARTTLS, "user": "desk", "password": PASSWORD}
    async with submitting(tls_sink.port, ca_file=str(certificate[0]), **account) as submission:
        assert isinstance(await submission.send(letter()), Accepted)
    verbs = [line.partition(" ")[0] for line in tls_sink.said]
    assert verbs.index("STARTTLS") < verbs.index("AUTH")


async def test_a_certificate_from_a_stranger_ends_the_attempt(tls_sink):
    account = {"host": "localhost", "security": Security.STARTTLS, "user": "desk", "password": PASSWORD}
    async with submitting(tls_sink.port, **account) as submission:
        outcome = await submission.send(letter())
    assert isinstance(outcome, Deferred)
    assert not any(line.startswith(("AUTH", "MAIL")) for line in tls_sink.said)


async def test_where_starttls_is_stripped_nothing_is_sent_in_the_clear(tls_sink, certificate):
    tls_sink.extensions.remove("STARTTLS")
    account = {"host": "localhost", "security": Security.STARTTLS, "user": "desk", "password": PASSWORD}
    async with submitting(tls_sink.port, ca_file=str(certificate[0]), **account) as submission:
        outcome = await submission.send(letter())
    assert isinstance(outcome, Deferred)
    assert outcome.whose is Whose.OURS
    assert not any(line.startswith(("AUTH", "MAIL")) for line in tls_sink.said)


async def test_a_letter_goes_through_postfix_into_the_mailbox(postfix, dovecot, mailbox_user):
    desk, person = mailbox_user("desk"), mailbox_user("ann")
    async with submitting(postfix.smtp) as submission:
        assert isinstance(await submission.send(letter(person, desk, envelope_id="L1")), Accepted)
        outcome = await submission.send(letter("out@elsewhere.example", desk))
        assert isinstance(outcome, Accepted | Refused)
    client = dovecot.client(person)
    await until(lambda: client.noop() and client.search("ALL"))
    raw = client.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"]
    assert b"by mx.example.test (Postfix)" in raw
    assert raw.endswith(LETTER.partition(b"\r\n\r\n")[2])
