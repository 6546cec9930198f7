import pytest
from reading import mail

from maildesk.domain.message import Authentic
from maildesk.mail import headers
from maildesk.mail.authenticity import GENERIC, judge, names, profile
from maildesk.mail.parse import ReadPolicy, read

HOSTS = ("mx.desk.example",)
RFC8601 = profile("rfc8601", ("MX.desk.example",))
OWN = "Received: from out.customer.example by mx.desk.example with ESMTPS; Tue, 3 Feb 2026 10:00:05 +0000"
FOREIGN = "Received: from jo by out.customer.example; Tue, 3 Feb 2026 10:00:01 +0000"
PASS = "Authentication-Results: mx.desk.example; dmarc=pass header.from=customer.example"
FROM = "From: jo@customer.example"
RESULTS = "Authentication-Results:"
VERDICT = "dmarc=pass header.from=customer.example"


def verdict(*lines: str, domain: str = "customer.example") -> Authentic:
    raw = "\r\n".join((*lines, "", "text")).encode()
    return judge(headers.split(raw), HOSTS, domain, RFC8601).verdict


@pytest.mark.parametrize(
    "results",
    [
        "dmarc=pass header.from=customer.example",
        "dmarc=pass (p=reject) header.from=Customer.Example",
        "spf=fail smtp.mailfrom=x.example; dmarc=pass header.from=customer.example",
        "dkim=pass header.d=customer.example header.s=k1",
        "dkim=pass header.i=@customer.example",
        "dkim=fail header.d=other.example; dkim=pass header.d=customer.example",
        "dkim=pass (2048-bit key; unprotected) header.d=customer.example header.i=@customer.example header.b=abc",
    ],
)
def test_our_own_servers_verdict_on_the_from_domain_is_proof(results: str):
    assert verdict(f"Authentication-Results: mx.desk.example; {results}", OWN, FOREIGN, FROM) is Authentic.PASS


def test_a_signature_by_the_parent_domain_is_proof_and_by_a_child_is_not():
    head = "Authentication-Results: mx.desk.example; dkim=pass header.d="
    assert verdict(f"{head}customer.example", OWN, FROM, domain="mail.customer.example") is Authentic.PASS
    assert verdict(f"{head}mail.customer.example", OWN, FROM) is Authentic.UNKNOWN
    assert verdict(f"{head}example", OWN, FROM) is Authentic.UNKNOWN


@pytest.mark.parametrize(
    "results",
    [
        "spf=pass smtp.mailfrom=customer.example",
        "dmarc=pass header.from=other.example",
        "dmarc=pass",
        "dkim=pass header.d=other.example",
        "dkim=pass header.d=notcustomer.example",
        "dmarc=none header.from=customer.example",
        "none",
        "",
    ],
)
def test_another_verdict_is_no_proof(results: str):
    assert verdict(f"Authentication-Results: mx.desk.example; {results}", OWN, FROM) is Authentic.UNKNOWN


def test_a_failed_dmarc_is_a_failure():
    line = "Authentication-Results: mx.desk.example; dmarc=fail header.from=customer.example"
    assert verdict(line, OWN, FROM) is Authentic.FAIL


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((PASS, FROM), id="alone, without any Received"),
        pytest.param((OWN, PASS, FROM), id="below our own Received"),
        pytest.param((OWN, FOREIGN, PASS, FROM), id="below a foreign Received"),
        pytest.param((FOREIGN, PASS, FROM), id="no Received is ours"),
        pytest.param((FOREIGN, PASS, OWN, FROM), id="a forged Received of ours below a foreign one"),
        pytest.param((PASS, FOREIGN, OWN, FROM), id="above a foreign Received that is on top"),
        pytest.param((f"{RESULTS} (mx.desk.example) x.example; {VERDICT}", OWN, FROM), id="our name in a comment"),
        pytest.param((f"{RESULTS} x.example (a (mx.desk.example; b); {VERDICT}", OWN, FROM), id="in a broken comment"),
        pytest.param((f"{RESULTS} x.example; mx.desk.example; {VERDICT}", OWN, FROM), id="our name as a second one"),
        pytest.param((f"{RESULTS} mx.desk.example.evil.example; {VERDICT}", OWN, FROM), id="our name within another"),
        pytest.param((f"{RESULTS} mx.desk.example; none", PASS, OWN, FROM), id="below the topmost of our name"),
        pytest.param((f"{RESULTS} mx.desk.example; x=y ({VERDICT})", OWN, FROM), id="the verdict in a comment"),
        pytest.param((f"X-{RESULTS} mx.desk.example; {VERDICT}", OWN, FROM), id="another header"),
        pytest.param(("Received: from x (by mx.desk.example) by x.example; x", PASS, FROM), id="our host in a comment"),
    ],
)  # fmt: skip
def test_a_forged_verdict_proves_nothing(lines: tuple[str, ...]):
    assert verdict(*lines) is not Authentic.PASS


def test_a_spelling_that_authres_refuses_is_read_all_the_same():
    line = (
        "Authentication-Results: mx.desk.example; spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=customer.example; "
        "dmarc=pass action=none header.from=customer.example;compauth=pass reason=100"
    )
    assert verdict(line, OWN, FROM) is Authentic.PASS


def test_without_a_configured_name_nothing_is_proof():
    raw = f"{PASS}\r\n{OWN}\r\n{FROM}\r\n\r\nx".encode()
    assert judge(headers.split(raw), HOSTS, "customer.example", profile("rfc8601")).verdict is Authentic.UNKNOWN


def test_the_generic_profile_proves_nothing():
    raw = f"{PASS}\r\n{OWN}\r\n{FROM}\r\n\r\nx".encode()
    assert judge(headers.split(raw), HOSTS, "customer.example", GENERIC).verdict is Authentic.UNKNOWN
    assert profile("generic").zone is GENERIC.zone


def test_two_from_fields_are_never_authentic():
    policy = ReadPolicy(HOSTS, (), RFC8601)
    top = f"{PASS}\r\n{OWN}\r\n".encode()
    assert read(top + mail(From="jo@customer.example"), policy).authenticity.verdict is Authentic.PASS
    twice = mail(From="jo@customer.example").replace(b"To:", b"From: boss@customer.example\r\nTo:", 1)
    assert read(top + twice, policy).authenticity.verdict is Authentic.UNKNOWN


def test_a_reply_to_in_place_of_from_is_never_authentic():
    policy = ReadPolicy(HOSTS, (), RFC8601)
    raw = f"{PASS}\r\n{OWN}\r\n".encode() + mail(From=None, Reply_To="jo@customer.example")
    assert read(raw, policy).authenticity.verdict is Authentic.UNKNOWN


def test_every_profile_loads_and_says_what_it_is():
    assert {"generic", "rfc8601"} <= set(names())
    assert all(profile(name).about for name in names())


@pytest.mark.parametrize("name", ["", "martian", "../profiles/rfc8601"])
def test_a_profile_that_does_not_exist_is_refused_with_the_names_that_do(name: str):
    with pytest.raises(LookupError, match="rfc8601"):
        profile(name)
