"""How we log in: one account at one server, and the words for when it does not work.

TLS or no connection: clear text is spoken only where the account says `none` in so many words, and STARTTLS that a
server does not offer ends the attempt before the password is sent (RFC 8314 section 4). Every error names the
account, what happened and what to do; `refused` tells a refused login (wait for minutes, or the provider locks the
account) from network trouble (wait for seconds).
"""

import re
import ssl
from dataclasses import dataclass, field
from enum import StrEnum

CONNECT_SECONDS = 10.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Security(StrEnum):
    """How the connection is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Account:
    """One login at one server. `timeout` is in seconds and holds for each step; an empty `user` logs in nowhere.

    Raises ValueError for an unknown security word and for control characters, which could smuggle commands.
    """

    host: str
    port: int
    security: Security = Security.TLS
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | None = None
    timeout: float = 60.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "security", Security(self.security))
        if has_control(self.host + self.user + self.password):
            raise ValueError(f"The account at {self.host!r} has a control character in its host, user or password.")

    @property
    def name(self) -> str:
        """The account as a person would name it: user and server, or the server alone where nobody logs in."""
        place = f"{self.host}:{self.port}"
        return f"{self.user} at {place}" if self.user else place

    @property
    def connect_timeout(self) -> float:
        """Seconds until a server that does not take the connection counts as down."""
        return min(self.timeout, CONNECT_SECONDS)

    def tls_context(self) -> ssl.SSLContext:
        """A context that verifies the certificate and the host name, against `ca_file` where one is given."""
        return ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca_file)


def has_control(text: str) -> bool:
    """Whether a control character stands in what should be one word of a command: CR and LF would begin another."""
    return _CONTROL.search(text) is not None


class WireTrouble(Exception):  # noqa: N818 - trouble, not always an error of anybody
    """Something on the wire went wrong. `refused`: the server knows us and said no; waiting seconds will not help."""

    refused = False

    def __init__(self, account: Account, what: str, what_to_do: str) -> None:
        super().__init__(f"{account.name}: {what} {what_to_do}")
        self.account = account
        self.what = what
        self.what_to_do = what_to_do


class MailboxDown(WireTrouble):
    """The server cannot be reached, went away, or no longer makes sense. The connection is dead."""


class LoginRefused(WireTrouble):
    """The server refuses our login, or would take it only in clear text."""

    refused = True


class CommandRefused(WireTrouble):
    """The server said NO or BAD to one command. The connection lives on."""


class FolderMissing(CommandRefused):
    """The folder does not exist at the server."""
