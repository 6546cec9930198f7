"""Signed addresses and ids: `complaints+<token>@…` and the pseudo-id of a case in References (DESIGN section 5).

A token is lower-case base32 of a row id (40 bits), a key number (5 bits) and an 80-bit HMAC-SHA256: 25 characters that
survive a mail system which folds case. Person, purpose and expiry stand in the row, not in the token.
"""

import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_TOKEN = r"[a-z2-7]{25}"  # noqa: S105 - a pattern, no secret
_IN_ADDRESS = re.compile(rf"\+({_TOKEN})@", re.IGNORECASE)
_IN_ID = re.compile(rf"<({_TOKEN})\.case@", re.IGNORECASE)
LARGEST_ID = 2**40 - 1


class Use(StrEnum):
    """What a token may be used for; part of what is signed, so that one use never passes for another."""

    ADDRESS = "address"
    CASE = "case"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The signing keys by number (0 to 31). The highest signs, all verify: keys rotate by adding one."""

    keys: Mapping[int, bytes] = field(repr=False)

    @property
    def current(self) -> int:
        """The number of the key that signs."""
        return max(self.keys)


def mint(keyring: Keyring, use: Use, ident: int) -> str:
    """The token of a row. Raises ValueError for an id of more than 40 bits."""
    if not 0 <= ident <= LARGEST_ID:
        raise ValueError(f"{ident} does not fit a token's 40 bits")
    number = keyring.current
    return _lower(ident.to_bytes(5, "big")) + _ALPHABET[number] + _lower(_mac(keyring.keys[number], use, ident))


def verify(keyring: Keyring, use: Use, token: str) -> int | None:
    """The row id that the token was minted for; None where it is not ours. Compared in constant time."""
    token = token.lower()
    if not re.fullmatch(_TOKEN, token):
        return None
    ident = int.from_bytes(b32decode(token[:8].upper()), "big")
    key = keyring.keys.get(_ALPHABET.index(token[8]))
    if key is None or not hmac.compare_digest(token[9:], _lower(_mac(key, use, ident))):
        return None
    return ident


def reply_address(desk_address: str, token: str) -> str:
    """The desk's address with the token as its plus-part."""
    local, _, domain = desk_address.rpartition("@")
    return f"{local}+{token}@{domain}"


def find_address(keyring: Keyring, recipients: tuple[str, ...]) -> int | None:
    """The row id of the first valid reply address among To, Cc, Delivered-To and X-Original-To."""
    for address in recipients:
        found = _IN_ADDRESS.search(address)
        ident = verify(keyring, Use.ADDRESS, found[1]) if found else None
        if ident is not None:
            return ident
    return None


def pseudo_id(keyring: Keyring, case: int, domain: str) -> str:
    """The id that stands for a case in the References of each of its letters; relays rewrite Message-IDs, not it."""
    return f"<{mint(keyring, Use.CASE, case)}.case@{domain}>"


def find_case(keyring: Keyring, message_ids: tuple[str, ...]) -> int | None:
    """The case id of the last valid pseudo-id among In-Reply-To and References."""
    for message_id in reversed(message_ids):
        found = _IN_ID.search(message_id)
        ident = verify(keyring, Use.CASE, found[1]) if found else None
        if ident is not None:
            return ident
    return None


def _mac(key: bytes, use: Use, ident: int) -> bytes:
    return hmac.digest(key, f"{use}:{ident}".encode(), sha256)[:10]


def _lower(octets: bytes) -> str:
    return b32encode(octets).decode("ascii").rstrip("=").lower()
