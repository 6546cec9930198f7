"""Letters to the SMTP server: a few kept connections, one recipient a transaction, an outcome for everything.

Nothing here raises for what a server or the network does. The verbs are sent one by one, so that a reply is judged by
where it came; a break between the letter's end and its answer is `unknown`. After a refused login or a server that is
down the whole submission rests (`rest_seconds`), as each further letter would meet the same.
"""

import asyncio
import random as chance
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from maildesk.mail.accounts import Account, Security
from maildesk.mail.backoff import next_delay
from maildesk.mail.esmtp import parameters
from maildesk.mail.outgoing import (
    Accepted,
    BadAddress,
    Deferred,
    Outcome,
    Outgoing,
    Refused,
    Whose,
    wire_address,
)
from maildesk.mail.verdicts import Verb, judge

IDLE_SECONDS = 20.0  # Postfix hangs up on a silent client after 300 s, under stress after 10
SLOWEST_OCTETS = 50_000  # a second, on top of the account's timeout
CLOSING = 421


class Submission:
    """At most `connections` at a time, kept for further letters and closed when idle.

    `hello` is the name that we give ourselves; `last_trouble` is the newest Deferred that is ours or the network's,
    None after a letter went through.
    """

    def __init__(
        self,
        account: Account,
        connections: int = 4,
        *,
        hello: str = "",
        idle_seconds: float = IDLE_SECONDS,
        random: Callable[[], float] = chance.random,
    ) -> None:
        self.account = account
        self.last_trouble: Deferred | None = None
        self._hello = hello or socket.gethostname() or "localhost"
        self._slots = asyncio.Semaphore(connections)
        self._kept: list[SMTP] = []
        self._idle_seconds = idle_seconds
        self._farewells: dict[SMTP, asyncio.TimerHandle] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._random = random
        self._failures = 0
        self._tls: ssl.SSLContext | None = None
        self._rest_until = 0.0

    @property
    def rest_seconds(self) -> float:
        """For how long it is best to send nothing, 0 when the way is free."""
        return max(0.0, self._rest_until - asyncio.get_running_loop().time())

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one letter over. Only cancellation raises; the connection is closed then, as its answer is still due."""
        try:
            sender = wire_address(outgoing.envelope_sender) if outgoing.envelope_sender else ""
            recipient = wire_address(outgoing.recipient)
        except BadAddress as exc:
            return Refused(0, str(exc))
        async with self._slots:
            rest, trouble = self.rest_seconds, self.last_trouble
            if rest and trouble is not None:
                return Deferred(0, f"resting after: {trouble.text}", trouble.whose, wait=rest)
            return self._noted(await self._transact(Outgoing(sender, recipient, outgoing.octets, outgoing.envelope_id)))

    async def greet(self) -> Outcome:
        """Connect, say hello, log in, without a letter: for checking the account."""
        async with self._slots:
            line = await self._connect()
            if isinstance(line, SMTP):
                self._keep(line)
                return Accepted(250, "the server is ready to take letters")
            return line

    async def close(self) -> None:
        """Say goodbye on all kept connections. Letters under way are not waited for; cancel them first."""
        for smtp in list(self._kept):
            self._part(smtp)
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _transact(self, letter: Outgoing) -> Outcome:
        """One transaction on a kept connection, or on a new one where the kept one has been closed meanwhile."""
        while self._kept:
            smtp = self._take()
            outcome = await self._hand_over(smtp, letter)
            if outcome is not None and outcome.code != CLOSING:
                return outcome
        line = await self._connect()
        if isinstance(line, Deferred):
            return line
        outcome = await self._hand_over(line, letter)
        return outcome or Deferred(0, "the server hung up before it took a letter", Whose.NETWORK)

    async def _hand_over(self, smtp: SMTP, letter: Outgoing) -> Outcome | None:
        """MAIL, RCPT, DATA. None when the connection turned out to be closed before anything was said on it."""
        verb = Verb.MAIL
        try:
            options, recipient_options, encoding = parameters(smtp, letter)
            await smtp.mail(letter.envelope_sender, options=options, encoding=encoding)
            verb = Verb.RCPT
            await smtp.rcpt(letter.recipient, options=recipient_options, encoding=encoding)
            verb = Verb.DATA
            answer = await smtp.data(letter.octets, timeout=self.account.timeout + len(letter.octets) / SLOWEST_OCTETS)
        except (aiosmtplib.SMTPNotSupported, ValueError) as exc:
            await self._recover(smtp, 0)
            return Refused(553, str(exc))
        except SMTPResponseException as exc:
            await self._recover(smtp, exc.code)
            return judge(verb, exc.code, exc.message)
        except (SMTPException, OSError) as exc:
            smtp.close()
            if verb is Verb.MAIL and isinstance(exc, aiosmtplib.SMTPServerDisconnected):
                return None
            return Deferred(0, f"{verb}: {exc}", Whose.NETWORK, unknown=verb is Verb.DATA)
        except BaseException:
            smtp.close()
            raise
        self._keep(smtp)
        return Accepted(answer.code, answer.message)

    async def _recover(self, smtp: SMTP, code: int) -> None:
        """Make the connection ready for the next letter after a refusal, or let it go."""
        if code == CLOSING or not smtp.is_connected:
            smtp.close()
            return
        try:
            await smtp.rset()
        except (SMTPException, OSError):
            smtp.close()
        else:
            self._keep(smtp)

    async def _connect(self) -> SMTP | Deferred:
        """A connection that is protected and logged in, or why there is none. Clear text is never a way out."""
        smtp, verb = self._new(), Verb.CONNECT
        try:
            if self.account.security is not Security.NONE and smtp.tls_context is None:
                smtp.tls_context = self._tls = self._tls or self.account.tls_context()
            await smtp.connect(timeout=self.account.connect_timeout)
            verb = Verb.HELLO
            await smtp.ehlo()
            if self.account.user:
                verb = Verb.AUTH
                await smtp.login(self.account.user, self.account.password)
        except (SMTPException, OSError, ValueError) as exc:
            smtp.close()
            return self._no_line(verb, exc)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _no_line(self, verb: Verb, exc: Exception) -> Deferred:
        """Why there is no connection, and a rest for everybody: the next letter would meet the same."""
        if isinstance(exc, SMTPResponseException):
            judged = judge(verb, exc.code, exc.message)
            code, text, whose = exc.code, exc.message, judged.whose if isinstance(judged, Deferred) else Whose.OURS
        else:
            is_ours = not isinstance(exc, OSError) or isinstance(exc.__cause__ or exc, ssl.SSLCertVerificationError)
            code, text, whose = 0, str(exc), Whose.OURS if is_ours else Whose.NETWORK
        return Deferred(code, f"{self.account.name}, {verb}: {text}", whose, wait=self._rest(whose))

    def _new(self) -> SMTP:
        return SMTP(
            hostname=self.account.host,
            port=self.account.port,
            local_hostname=self._hello,
            timeout=self.account.timeout,
            use_tls=self.account.security is Security.TLS,
            start_tls=self.account.security is Security.STARTTLS,
            tls_context=self._tls,
        )

    def _rest(self, whose: Whose) -> float:
        if self.rest_seconds:  # several letters meet the same trouble at once: that is one failure
            return self.rest_seconds
        self._failures += 1
        rest = next_delay(self._failures, whose is Whose.OURS, self._random)
        self._rest_until = asyncio.get_running_loop().time() + rest
        return rest

    def _noted(self, outcome: Outcome) -> Outcome:
        """Remember trouble that is not the letter's own; a letter that got an answer ends the rest."""
        if (
            isinstance(outcome, Deferred)
            and outcome.whose is Whose.NETWORK
            and not outcome.unknown
            and not outcome.wait
        ):
            outcome = replace(outcome, wait=self._rest(outcome.whose))
        if isinstance(outcome, Deferred) and (outcome.whose is not Whose.THEIRS or outcome.wait):
            self.last_trouble = outcome
        else:
            self.last_trouble, self._failures, self._rest_until = None, 0, 0.0
        return outcome

    def _take(self) -> SMTP:
        smtp = self._kept.pop()
        self._farewells.pop(smtp).cancel()
        return smtp

    def _keep(self, smtp: SMTP) -> None:
        loop = asyncio.get_running_loop()
        self._kept.append(smtp)
        self._farewells[smtp] = loop.call_later(self._idle_seconds, self._part, smtp)

    def _part(self, smtp: SMTP) -> None:
        self._kept.remove(smtp)
        self._farewells.pop(smtp).cancel()
        leaving = asyncio.get_running_loop().create_task(_quit(smtp))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)


async def _quit(smtp: SMTP) -> None:
    try:
        await smtp.quit(timeout=1)
    except (SMTPException, OSError):
        smtp.close()
