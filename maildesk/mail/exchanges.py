"""The mailbox's exchanges with the server that take more than one command. Blocking, on an open imapclient.

Folder names that come in here are ours (configuration); imapclient encodes them (RFC 3501 section 5.1.3).
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from maildesk.mail.structure import first_text

HEADER_OCTETS = 262_144
KEPT_KEYWORD = b"$MaildeskKept"


class Moved(StrEnum):
    """How a message left the folder: by MOVE, by COPY and UID EXPUNGE, or not at all, with flags only."""

    MOVED = "moved"
    COPIED = "copied"
    FLAGGED = "flagged"


def way_of_moving(client: IMAPClient) -> Moved:
    """The best way that the server offers."""
    if client.has_capability("MOVE"):
        return Moved.MOVED
    return Moved.COPIED if client.has_capability("UIDPLUS") else Moved.FLAGGED


def move(client: IMAPClient, uids: str, folder: str, marks: Sequence[bytes]) -> None:  # noqa: ARG001 - one signature
    """RFC 6851."""
    client.move(uids, folder)


def copy(client: IMAPClient, uids: str, folder: str, marks: Sequence[bytes]) -> None:  # noqa: ARG001 - one signature
    """What RFC 6851 section 3.3 says MOVE stands for; UID EXPUNGE (RFC 4315) takes out these and no others."""
    client.copy(uids, folder)
    client.add_flags(uids, [b"\\Deleted"], silent=True)
    client.uid_expunge(uids)


def flag(client: IMAPClient, uids: str, folder: str, marks: Sequence[bytes]) -> None:  # noqa: ARG001 - one signature
    """Leave the messages where they are; a bare EXPUNGE could take out mail that is not ours."""
    client.add_flags(uids, list(marks), silent=True)


WAYS: dict[Moved, Callable[..., None]] = {
    Moved.MOVED: move,
    Moved.COPIED: copy,
    Moved.FLAGGED: flag,
}


def ensure_folders(client: IMAPClient, wanted: Sequence[str]) -> dict[str, str]:
    """Create and subscribe to what is missing; gives the server's name for each wanted one."""
    there = {name for _flags, _delimiter, name in client.list_folders()}
    prefix = _prefix(client)
    names = {}
    for name in wanted:
        if name in there or name.upper() == "INBOX":
            names[name] = name
        elif prefix + name in there:
            names[name] = prefix + name
        else:
            names[name] = _create(client, name, prefix)
    return names


def _create(client: IMAPClient, name: str, prefix: str) -> str:
    """Create `name`; where the server refuses that, below its prefix for personal folders."""
    try:
        client.create_folder(name)
    except IMAPClientError as refusal:
        if isinstance(refusal, IMAPClient.AbortError) or not prefix:
            raise
        name = prefix + name
        client.create_folder(name)
    client.subscribe_folder(name)
    return name


def _prefix(client: IMAPClient) -> str:
    """The personal namespace's prefix (RFC 2342), empty where there is none."""
    if not client.has_capability("NAMESPACE"):
        return ""
    personal = client.namespace().personal
    return str(personal[0][0]) if personal else ""


def head(client: IMAPClient, uid: int, limit: int) -> bytes:
    """The header block, then the first text part as the only part, cut at `limit` octets; empty if the mail is gone.

    The header block stays as it is, so the part is put between the boundaries that it announces.
    """
    answer = client.fetch([uid], [f"BODY.PEEK[HEADER]<0.{HEADER_OCTETS}>", "BODYSTRUCTURE"]).get(uid, {})
    header = _section(answer, "HEADER")
    if not header:
        return b""
    part = first_text(answer.get(b"BODYSTRUCTURE"))
    if part is None or not part.boundary:
        return header + _ask(client, uid, "TEXT", limit)
    mime = _ask(client, uid, f"{part.section}.MIME", HEADER_OCTETS)
    text = _ask(client, uid, part.section, limit)
    edge = b"--" + part.boundary
    return header + edge + b"\r\n" + mime + text + b"\r\n" + edge + b"--\r\n"


def _ask(client: IMAPClient, uid: int, section: str, octets: int) -> bytes:
    return _section(client.fetch([uid], [f"BODY.PEEK[{section}]<0.{octets}>"]).get(uid, {}), section)


def _section(items: dict[bytes, Any], section: str) -> bytes:
    """A partial section under the key that servers give it, with or without the origin octet."""
    for key in (f"BODY[{section}]<0>", f"BODY[{section}]"):
        octets = items.get(key.encode())
        if isinstance(octets, bytes):
            return octets
    return b""
