"""One letter on its way out, and the three things that can come of it (RFC 5321 section 4.2)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from maildesk.mail.accounts import has_control

SPECIAL_USE_DOMAIN_NAMES.clear()  # the package's own way to let office.local through: our mail server knows, we do not
_LENIENT_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")


class Whose(StrEnum):
    """Whose turn it is when a letter waits: our configuration's, the mail server's, or the network's."""

    OURS = "ours"
    THEIRS = "theirs"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One letter to one recipient. `octets` go out as they are (line ends CRLF); an empty sender is the null path.

    `envelope_id` asks for notifications that name it (RFC 3461), where the server knows how.
    """

    envelope_sender: str
    recipient: str
    octets: bytes
    envelope_id: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server has taken the letter on itself."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Try again later. `code` is 0 where no server spoke.

    `unknown`: the line broke between the letter's end and its answer, so the server may have it; the same bytes with
    the same Message-ID go out again. `wait`: seconds for which this server is best left alone.
    """

    code: int
    text: str
    whose: Whose
    unknown: bool = False
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never go: the text says why, in the server's words or ours."""

    code: int
    text: str


Outcome = Accepted | Deferred | Refused


class BadAddress(ValueError):  # noqa: N818 - the address is bad, we are not in error
    """The address cannot go on an SMTP command line; the text says why."""


@lru_cache(maxsize=1024)
def wire_address(address: str) -> str:
    """The form for the command line: an international domain in ASCII, so that fewer servers need SMTPUTF8.

    Raises BadAddress. More than one address, CR, LF and the like are refused here, since aiosmtplib would send to the
    first that it finds. Two dots in a row are let through: some telephone companies give such addresses out.
    """
    if has_control(address):
        raise BadAddress(f"{address!r} has a control character in it.")
    try:
        checked = validate_email(
            address, check_deliverability=False, allow_quoted_local=True, allow_domain_literal=True,
            globally_deliverable=False,
        )  # fmt: skip
    except EmailNotValidError as exc:
        local, _, domain = address.rpartition("@")
        if ".." in local + "." and _LENIENT_LOCAL.fullmatch(local):
            return f"{local}@{wire_address('x@' + domain).removeprefix('x@')}"
        raise BadAddress(f"{address!r} is not an address that mail can be sent to: {exc}") from exc
    return checked.ascii_email or checked.normalized


def needs_smtputf8(outgoing: Outgoing) -> bool:
    """Whether an address or the header block holds other than ASCII (RFC 6531 section 3.4)."""
    header = outgoing.octets.partition(b"\r\n\r\n")[0]
    return not ((outgoing.envelope_sender + outgoing.recipient).isascii() and header.isascii())
