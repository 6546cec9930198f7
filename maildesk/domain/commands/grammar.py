"""A staff mail's new words to command lines. Only the new text is read, never the quote and never the signature.

A command is a word after `#` at the beginning of a line; what follows it on the line is its value, the lines under it
up to the next command are its text. Words before the first command are prose, but for a bare greeting.
"""

import re
from dataclasses import dataclass
from unicodedata import normalize

MOST_LINES = 50
LONGEST_VALUES = 20_000
_COMMAND = re.compile(r"^[\s\u200b\ufeff]*[#＃]([^\W\d_][\w-]*)(?:[.,;!]*(?:[\s:]+(.*))?)$")
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)"
    r"|hallo|hej|moin|servus|guten (?:tag|morgen|abend)|liebe[rs]?|sehr geehrte[rs]?)"
    r"(?:(?:\s[^\s,!?:;]+){0,4}\s?[,!]|(?:\s[^\s,!?:;]+)?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One command as it was written: the word in lower case, its value on the line, and the lines under it."""

    word: str
    value: str
    under: str

    @property
    def text(self) -> str:
        """The text under the command, without blank lines around it."""
        return self.under.strip()

    @property
    def written(self) -> str:
        """The line as the transcript repeats it."""
        return f"#{self.word} {self.value}".strip()

    @property
    def whole(self) -> str:
        """The command as it was written, with the lines under it."""
        return f"{self.written}\n{self.under}".strip()

    @property
    def words(self) -> str:
        """Value and text together: for commands that take free words in either place."""
        return f"{self.value}\n{self.under}".strip()


@dataclass(frozen=True, slots=True)
class StaffMail:
    """What a staff mail says: the prose before the first command, the commands, and whether there were too many."""

    prose: str
    lines: tuple[CommandLine, ...]
    has_too_many: bool = False


def parse(new_text: str) -> StaffMail:
    """Read the new words of a staff mail."""
    prose: list[str] = []
    found: list[tuple[str, str, list[str]]] = []
    for line in new_text.splitlines():
        command = _COMMAND.match(normalize("NFC", line))
        if command:
            found.append((command[1].lower(), (command[2] or "").replace("\u00a0", " ").strip(), []))
        elif found:
            found[-1][2].append(line)
        else:
            prose.append(line)
    lines = tuple(CommandLine(word, value, "\n".join(text).rstrip()) for word, value, text in found[:MOST_LINES])
    words = "\n".join(prose).strip()
    is_greeting = bool(lines and _GREETING.fullmatch(words))
    return StaffMail("" if is_greeting else words, lines, len(found) > MOST_LINES)


_NAME = r"([^\W\d_][\w-]{0,40})[ \t]{0,9}[=:]"
_QUOTED = r"[ \t]{0,9}(?:\"[^\"]*\"|“[^”]*”|„[^“”]*[“”])"
_NAMED = re.compile(rf"{_NAME}({_QUOTED}|.{{0,2000}}?)(?=[\s,;]{{1,9}}{_NAME}|[\s,;]{{0,9}}$)", re.MULTILINE)


def named_values(text: str) -> tuple[tuple[str, str], ...]:
    """`severity=high impact=two weeks` as pairs, names in lower case.

    A value ends at the next name or with its line; quotes keep it together. A name without a value says nothing.
    """
    written = normalize("NFC", text[:LONGEST_VALUES])
    found = ((name.lower(), value.strip(' \t"“”„')) for name, value, _ in _NAMED.findall(written))
    return tuple((name, value) for name, value in found if value)
