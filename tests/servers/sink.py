"""An SMTP server that writes down every accepted mail with its envelope, and fails as it is told.

A small one of our own on asyncio streams, in a thread: aiosmtpd decides itself what to answer at most verbs, and a
test wants to decide that. Offers what it is told to offer; knows PLAIN authentication with one password.
"""

import asyncio
import base64
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from servers.threaded import ThreadedServer

PASSWORD = "secret"
HANG = "hang"
DROP = "drop"
USUAL = {
    "HELO": "250 sink.example.test",
    "MAIL": "250 2.1.0 ok",
    "RSET": "250 2.0.0 ok",
    "NOOP": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One accepted mail. `mail_options` and `rcpt_options` as the client wrote them."""

    envelope_sender: str
    recipients: tuple[str, ...]
    octets: bytes
    mail_options: tuple[str, ...] = ()
    rcpt_options: tuple[str, ...] = ()


@dataclass(slots=True)
class _Session:
    envelope_sender: str = ""
    recipients: list[str] = field(default_factory=list)
    mail_options: tuple[str, ...] = ()
    rcpt_options: tuple[str, ...] = ()


class Sink(ThreadedServer):
    """`taken` are the accepted mails in order; `said` all command lines; `connections` counts.

    `thinks` are the seconds between taking a mail and saying so; `unanswered` those that were taken with another word
    than 250, or none.
    """

    def __init__(
        self, *, extensions: Sequence[str] = ("SIZE 60000000", "8BITMIME"), context: ssl.SSLContext | None = None
    ) -> None:
        self.taken: list[Taken] = []
        self.unanswered: list[Taken] = []
        self.said: list[str] = []
        self.thinks = 0.0
        self.extensions = list(extensions)
        self._answers: dict[str, deque[str]] = {}
        self._always: dict[str, str] = {}
        self._context = context
        super().__init__()

    def answer(self, verb: str, *replies: str) -> None:
        """Answer the next times that `verb` comes with these replies, one each: "550 5.1.1 no", HANG or DROP.

        `verb` is CONNECT, EHLO, AUTH, MAIL, RCPT, DATA, END (after the mail's last line), RSET, NOOP or QUIT; or a
        recipient's address, for its RCPT alone. DROP closes the connection, at END without taking the mail; "taken"
        before a word at END ("taken hang") takes it first.
        """
        self._answers.setdefault(verb, deque()).extend(replies)

    def always(self, verb: str, reply: str) -> None:
        """As `answer`, until `relent`."""
        self._always[verb] = reply

    def relent(self) -> None:
        """Forget every told failure."""
        self._answers.clear()
        self._always.clear()

    def use_certificate(self, place: Path) -> None:
        """From now on show cert.pem of this folder."""
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(place / "cert.pem", place / "key.pem")

    @property
    def has_failures_left(self) -> bool:
        """Whether a told `answer` still waits for its moment."""
        return any(self._answers.values())

    def to(self, recipient: str) -> list[Taken]:
        """The mails taken for this recipient."""
        return [mail for mail in self.taken if recipient in mail.recipients]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session()
        if await self._reply(writer, "220 sink.example.test ESMTP", "CONNECT"):
            while line := await reader.readline():
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                self.said.append(text)
                if not await self._command(text, session, reader, writer):
                    break

    async def _command(
        self, text: str, session: _Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Obey one line; False when the connection is to end."""
        verb = text.partition(" ")[0].upper()
        if verb == "RCPT":
            return await self._recipient(text, session, writer)
        if verb == "DATA":
            return await self._data(session, reader, writer)
        if verb == "STARTTLS" and self._context is not None:
            await self._reply(writer, "220 go ahead")
            await writer.start_tls(self._context)
            return True
        if verb == "MAIL":
            session.envelope_sender, session.mail_options = _path(text)
        if verb in ("MAIL", "RSET"):
            session.recipients.clear()
        usual = self._greeting() if verb == "EHLO" else _login(text) if verb == "AUTH" else USUAL.get(verb, "502 what?")
        return await self._reply(writer, usual, verb) and verb != "QUIT"

    def _greeting(self) -> str:
        lines = ["sink.example.test", *self.extensions]
        return "\r\n".join(f"250{'-' if n < len(lines) else ' '}{line}" for n, line in enumerate(lines, start=1))

    async def _recipient(self, text: str, session: _Session, writer: asyncio.StreamWriter) -> bool:
        recipient, session.rcpt_options = _path(text)
        told = self._told("RCPT") or self._told(recipient)
        if told is None:
            session.recipients.append(recipient)
        return await self._reply(writer, told or "250 2.1.5 ok")

    async def _data(self, session: _Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        told = self._told("DATA")
        if told is not None or not session.recipients:
            return await self._reply(writer, told or "554 5.5.1 no valid recipients")
        await self._reply(writer, "354 go on")
        lines = []
        while (line := await reader.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        if line == b"":
            return False
        fate = self._told("END")
        if fate is None or fate.startswith("taken "):
            self.taken.append(
                Taken(
                    session.envelope_sender,
                    tuple(session.recipients),
                    b"".join(lines),
                    session.mail_options,
                    session.rcpt_options,
                )
            )
            if fate is not None:
                self.unanswered.append(self.taken[-1])
        session.recipients.clear()
        await asyncio.sleep(self.thinks)
        return await self._reply(writer, fate.removeprefix("taken ") if fate else "250 2.0.0 taken")

    def _told(self, verb: str) -> str | None:
        waiting = self._answers.get(verb)
        return waiting.popleft() if waiting else self._always.get(verb)

    async def _reply(self, writer: asyncio.StreamWriter, usual: str, verb: str = "") -> bool:
        """Say the usual thing or what was told for `verb`; False when the connection is to end."""
        reply = (self._told(verb) if verb else None) or usual
        if reply == HANG:
            await asyncio.Event().wait()
        if reply == DROP:
            return False
        writer.write(reply.encode() + b"\r\n")
        await writer.drain()
        return not reply.startswith("421")


def _path(text: str) -> tuple[str, tuple[str, ...]]:
    inside, _, options = text.partition("<")[2].partition(">")
    return inside, tuple(options.split())


def _login(text: str) -> str:
    secret = base64.b64decode(text.rpartition(" ")[2]).split(b"\0")[-1]
    return "235 2.7.0 in" if secret == PASSWORD.encode() else "535 5.7.8 bad credentials"
