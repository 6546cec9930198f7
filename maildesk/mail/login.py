"""A logged-in IMAP connection, and imapclient's many exceptions as our few.

Blocking: call it in the thread that owns the connection. Nothing here falls back to clear text.
"""

import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from maildesk.mail.accounts import (
    Account,
    CommandRefused,
    FolderMissing,
    LoginRefused,
    MailboxDown,
    Security,
    WireTrouble,
)

_SAID_NO = re.compile(r" failed: |command error: BAD")
_NO_FOLDER = re.compile(r"\[(?:NONEXISTENT|TRYCREATE)\]|doesn't exist|does not exist|no such|not found", re.IGNORECASE)
_AS_PYTHON = re.compile(r"b(['\"])(.*)\1", re.DOTALL)
_NOT_NOW = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", re.IGNORECASE)


def open_imap(account: Account) -> IMAPClient:
    """Connect, protect, log in.

    Raises LoginRefused where the server refuses us (or STARTTLS is missing), MailboxDown for everything else.
    """
    with in_words(account, "connecting"):
        client = IMAPClient(
            account.host,
            account.port,
            ssl=account.security is Security.TLS,
            ssl_context=account.tls_context() if account.security is Security.TLS else None,
            timeout=SocketTimeout(connect=account.connect_timeout, read=account.timeout),
        )
    try:
        quieten(client)
        client.normalise_times = False
        with in_words(account, "logging in"):
            _protect(client, account)
            _log_in(client, account)
    except BaseException:
        hang_up(client)
        raise
    return client


def quieten(client: IMAPClient) -> None:
    """Stop imapclient from having imaplib format every literal twice for a log that nobody reads.

    It sets the private debug level to 5, which costs four times the fetch itself; a test holds the private name.
    """
    wire = getattr(client, "_imap", None)
    if wire is not None and getattr(wire, "debug", None):
        wire.debug = 0


def _protect(client: IMAPClient, account: Account) -> None:
    """Switch to TLS where the account says STARTTLS, or give up (RFC 8314: never log in in the clear instead)."""
    if account.security is not Security.STARTTLS:
        return
    if not client.has_capability("STARTTLS"):
        raise LoginRefused(
            account,
            "the server does not offer STARTTLS, or somebody on the way took it out; no password was sent.",
            'Set security = "tls" with the TLS port (993), or ask the provider.',
        )
    client.starttls(account.tls_context())


def _log_in(client: IMAPClient, account: Account) -> None:
    if client.has_capability("LOGINDISABLED"):
        raise LoginRefused(
            account,
            "the server takes no password on this unprotected connection.",
            'Set security = "tls" or "starttls".',
        )
    try:
        if (account.user + account.password).isascii():
            client.login(account.user, account.password)
        else:
            client.plain_login(account.user, account.password)
    except LoginError as refusal:
        if isinstance(refusal.__context__, imaplib.IMAP4.abort) or _NOT_NOW.search(str(refusal)):
            raise MailboxDown(
                account, f"the server cannot log anybody in now ({_said(refusal)}).", "The daemon tries again soon."
            ) from refusal
        raise LoginRefused(
            account,
            f"the server refuses the login ({_said(refusal)}).",
            "Check user and password; the daemon tries again after some minutes only, so that no account is locked.",
        ) from refusal


def _said(refusal: LoginError) -> str:
    """The server's words, which imapclient writes as Python writes bytes."""
    return _AS_PYTHON.sub(r"\2", str(refusal))


def hang_up(client: IMAPClient) -> None:
    """Close the socket without a word to the server; never raises for a dead one."""
    with contextlib.suppress(OSError, imaplib.IMAP4.error):
        client.shutdown()


def log_out(client: IMAPClient) -> None:
    """Say LOGOUT and close; a server that is gone already is as good."""
    try:
        client.logout()
    except (OSError, imaplib.IMAP4.error):
        hang_up(client)


def sever(client: IMAPClient) -> None:
    """Wake a thread that blocks on this connection, from another thread: it sees the end of the stream.

    The plain socket's own method, since that of an SSL socket changes state that the blocked thread is using.
    """
    with contextlib.suppress(OSError):
        socket.socket.shutdown(client.socket(), socket.SHUT_RDWR)


@contextlib.contextmanager
def in_words(account: Account, step: str) -> Iterator[None]:
    """Turn whatever imaplib, imapclient, ssl and the socket raise during `step` into a WireTrouble with words.

    Foreign bytes make imapclient raise nearly anything, so what is not a plain NO or BAD makes the connection dead.
    """
    try:
        yield
    except WireTrouble:
        raise
    except ssl.SSLCertVerificationError as exc:
        what = f"the server's certificate is not valid while {step} ({exc.verify_message})."
        raise MailboxDown(account, what, "Check the host name, or name the authority's file in ca_file.") from exc
    except TimeoutError as exc:
        what = f"the server did not answer while {step}."
        raise MailboxDown(
            account, what, "Check host, port and firewall if it lasts; the daemon goes on trying."
        ) from exc
    except OSError as exc:
        what = f"no connection while {step} ({exc})."
        raise MailboxDown(
            account, what, "Check host, port and network if it lasts; the daemon goes on trying."
        ) from exc
    except imaplib.IMAP4.error as exc:
        raise _refusal(account, step, exc) from exc
    except Exception as exc:
        what = f"an answer of the server made no sense while {step} ({type(exc).__name__}: {exc})."
        raise MailboxDown(account, what, "Connecting anew.") from exc


def _refusal(account: Account, step: str, exc: imaplib.IMAP4.error) -> WireTrouble:
    said = str(exc)
    if isinstance(exc, imaplib.IMAP4.abort) or not _SAID_NO.search(said):
        return MailboxDown(account, f"the connection broke while {step} ({said}).", "Connecting anew.")
    if _NO_FOLDER.search(said):
        return FolderMissing(
            account, f"the folder is missing while {step} ({said}).", "Create it, or correct its name."
        )
    return CommandRefused(account, f"the server said no while {step} ({said}).", "See the server's own words.")
