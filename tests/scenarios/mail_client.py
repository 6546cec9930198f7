"""What a handler and a complainant have: a mail client. It sends by Postfix, reads by IMAP, and knows nothing else."""

import asyncio
import email
import email.policy
import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from living import Enclosed, answer, mail, text_of
from servers.dovecot import Dovecot
from servers.postfix import Postfix

PATIENCE = 25.0
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class MailClient:
    """One person's mail program."""

    address: str
    dovecot: Dovecot
    postfix: Postfix

    async def write(self, to: str, subject: str, body: str) -> bytes:
        """Send a new mail, and keep what was sent."""
        raw = mail(self.address, subject, body, to=to)
        await self._send(raw, [to])
        return raw

    async def reply(self, letter: EmailMessage, words: str, *, files: Sequence[Enclosed] = (), above: str = "") -> None:
        """Press "reply", type above the quote, press "send". `above` is a header line that a forger puts on top."""
        raw = answer(letter, words, sender=self.address, files=files)
        if above:
            raw = above.encode() + b"\r\n" + raw
        await self._send(raw, [str(letter["Reply-To"].addresses[0].addr_spec)])

    async def get(self, *about: str) -> EmailMessage:
        """The newest mail with these words in subject or text, once it is there."""
        return await asyncio.to_thread(self._await, about)

    async def mails(self) -> list[EmailMessage]:
        """Everything in the inbox, the oldest first."""
        return await asyncio.to_thread(self._mails)

    async def _send(self, raw: bytes, recipients: list[str]) -> None:
        def by_smtp() -> None:
            with smtplib.SMTP("127.0.0.1", self.postfix.smtp, timeout=10) as smtp:
                smtp.sendmail(self.address, recipients, raw)

        await asyncio.to_thread(by_smtp)

    def _await(self, about: tuple[str, ...]) -> EmailMessage:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = [one for one in self._mails() if _has(one, about)]
            if found:
                return found[-1]
            time.sleep(LOOK_SECONDS)
        subjects = [str(one["Subject"]) for one in self._mails()]
        raise AssertionError(f"{self.address} got nothing about {about}, only {subjects}\n{self.postfix.log()}")

    def _mails(self) -> list[EmailMessage]:
        client = self.dovecot.client(self.address)
        try:
            uids = client.search("ALL")
            fetched = client.fetch(uids, ["BODY.PEEK[]"]) if uids else {}
        finally:
            client.logout()
        parsed = (email.message_from_bytes(fetched[u][b"BODY[]"], policy=email.policy.default) for u in sorted(fetched))
        return [one for one in parsed if isinstance(one, EmailMessage)]


def _has(letter: EmailMessage, about: tuple[str, ...]) -> bool:
    words = " ".join(f"{letter['Subject']} {text_of(letter)}".split())
    return all(one in words for one in about)
