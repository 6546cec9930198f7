"""The SMTP server of the demo: aiosmtpd. It takes mail from everybody, marks how it came, and delivers it.

A mail from somebody who logged in as its author passes for authentic, any other fails: that is what the receiving
servers of real providers find out by DMARC (RFC 7489) and write down in Authentication-Results (RFC 8601).
"""

import asyncio
import email
import email.policy
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from maildesk.demo.cast import DOMAIN, WITHOUT_MAILBOX, mail_host, player_at
from maildesk.demo.clock import PushedClock
from maildesk.demo.mailboxes import HOST, Mailboxes
from maildesk.demo.returns import delivery_report

logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of its own use of a name that it will drop


@dataclass(frozen=True, slots=True)
class Carried:
    """One mail as it went over the wire. `login` is who had logged in to send it, empty for a stranger."""

    at: datetime
    login: str
    sender: str
    recipients: tuple[str, ...]
    octets: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        found = email.message_from_bytes(self.octets, policy=email.policy.default)
        if not isinstance(found, EmailMessage):
            raise TypeError("the default policy makes EmailMessage")
        return found


@dataclass  # no slots: aiosmtpd reads every attribute of its handler, which fails before 3.11.3 (cpython gh-102069)
class Post:
    """The post office. `carried` is every mail in order, `port` speaks SMTP; mutable, in one event loop only."""

    mailboxes: Mailboxes
    clock: PushedClock
    password: str
    port: int = 0
    carried: list[Carried] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take mail for everybody who plays, nobody else."""
        if player_at(address) is None:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - same
        """Write down the mail and deliver it."""
        login = str(session.auth_data or "")
        octets = envelope.original_content or b""
        carried = Carried(self.clock.now(), login, envelope.mail_from or "", tuple(envelope.rcpt_tos), octets)
        await self.deliver(carried, session.host_name or "unknown")
        return "250 2.0.0 Delivered"

    def logged_in(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, said: Any) -> AuthResult:
        """Whether name and password are right (RFC 4954)."""
        if not isinstance(said, LoginPassword):
            return AuthResult(success=False, handled=False)
        address, password = said.login.decode("utf-8", "replace"), said.password.decode("utf-8", "replace")
        is_right = password == self.password and player_at(address) is not None
        return AuthResult(success=is_right, handled=False, auth_data=address.lower() if is_right else None)

    async def deliver(self, carried: Carried, host: str) -> None:
        """Put the mail into the mailboxes of its recipients. Whoever has none: the mail waits to be returned."""
        self.carried.append(carried)
        for recipient in carried.recipients:
            player = player_at(recipient)
            if player is None or player.address in WITHOUT_MAILBOX:
                continue
            octets = self._trace(carried, recipient, host) + carried.octets
            await self.mailboxes.put(player.address, octets, carried.at)

    async def give_up(self, recipient: str) -> None:
        """Return the last mail to an address without a mailbox to its sender, as a mail system does after a while."""
        lost = next(one for one in reversed(self.carried) if recipient in one.recipients)
        report = delivery_report(lost.message, recipient, mail_host(DOMAIN), self.clock.now())
        await self.deliver(Carried(self.clock.now(), "", "", (lost.sender,), report), mail_host(DOMAIN))

    def _trace(self, carried: Carried, recipient: str, host: str) -> bytes:
        """The fields that a receiving server puts on top (RFC 5321 section 4.4, RFC 8601 section 5)."""
        ours = mail_host(recipient.rpartition("@")[2])
        author = parseaddr(str(carried.message["From"] or ""))[1].lower()
        verdict = "pass" if carried.login and carried.login == author else "fail"
        protocol = "ESMTPA" if carried.login else "ESMTP"
        fields = [
            f"Return-Path: <{carried.sender}>",
            f"Delivered-To: {recipient}",
            f"Authentication-Results: {ours}; dmarc={verdict} header.from={author.rpartition('@')[2]}",
            f"Received: from {host} (localhost [{HOST}])",
            f"\tby {ours} with {protocol} id {len(self.carried):04d}",
            f"\tfor <{recipient}>; {format_datetime(carried.at)}",
        ]
        return "".join(f"{line}\r\n" for line in fields).encode()


@asynccontextmanager
async def open_post(mailboxes: Mailboxes, clock: PushedClock, password: str) -> AsyncIterator[Post]:
    """Start the server on a free port of this machine."""
    post, loop = Post(mailboxes, clock, password), asyncio.get_running_loop()

    def answer() -> SMTP:
        return SMTP(
            post,
            hostname=mail_host(DOMAIN),
            ident="maildesk demo",
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=post.logged_in,
            loop=loop,
        )

    server = await loop.create_server(answer, HOST, 0)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()
