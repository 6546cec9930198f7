"""The kinds of letters: for whom each is written, how RFC 3834 names it, and which leaves first."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class LetterKind(StrEnum):
    """The kinds of letters; the values are the names of the template files."""

    ACKNOWLEDGEMENT = "acknowledgement"
    TOO_LARGE = "too_large"
    REPLY = "reply"
    QUESTION = "question"
    DECISION = "decision"
    CLOSING = "closing"
    NEW_CASE = "new_case"
    NEW_MESSAGE = "new_message"
    TRANSCRIPT = "transcript"
    CHALLENGE = "challenge"
    REFUSED = "refused"
    DIGEST = "digest"
    PROBE = "probe"


class Audience(StrEnum):
    """For whom a letter is written."""

    COMPLAINANT = "complainant"
    STAFF = "staff"
    MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class LetterRule:
    """What holds for a kind of letter: its reader, RFC 3834's keyword (empty: a person wrote it), and its rank.

    A lower rank leaves first. `is_capped` counts it against the automatic letters per address and day.
    """

    audience: Audience
    auto_submitted: str
    rank: int
    is_capped: bool = False


_R = LetterRule
LETTERS: Mapping[LetterKind, LetterRule] = MappingProxyType(
    {
        LetterKind.ACKNOWLEDGEMENT: _R(Audience.COMPLAINANT, "auto-replied", 0, is_capped=True),
        LetterKind.TOO_LARGE: _R(Audience.COMPLAINANT, "auto-replied", 0, is_capped=True),
        LetterKind.DECISION: _R(Audience.COMPLAINANT, "", 1),
        LetterKind.CLOSING: _R(Audience.COMPLAINANT, "", 1),
        LetterKind.REPLY: _R(Audience.COMPLAINANT, "", 1),
        LetterKind.QUESTION: _R(Audience.COMPLAINANT, "", 1),
        LetterKind.CHALLENGE: _R(Audience.STAFF, "auto-replied", 2),
        LetterKind.TRANSCRIPT: _R(Audience.STAFF, "auto-replied", 2),
        LetterKind.REFUSED: _R(Audience.STAFF, "auto-generated", 2),
        LetterKind.NEW_CASE: _R(Audience.STAFF, "auto-generated", 3),
        LetterKind.NEW_MESSAGE: _R(Audience.STAFF, "auto-generated", 3),
        LetterKind.PROBE: _R(Audience.STAFF, "auto-generated", 3),
        LetterKind.DIGEST: _R(Audience.MANAGER, "auto-generated", 4),
    }
)
