"""A staff mail's new words to command lines. Only the new text is read, never the quote and never the signature.

A command is a word after `#` at the beginning of a line; what follows it on the line is its value, the lines under it
up to the next command are its text. Words before the first command are prose.
"""

import re
from dataclasses import dataclass

MOST_LINES = 50
_COMMAND = re.compile(r"^[\s\u00a0\u200b\ufeff]*[#＃]([^\W\d_][\w-]*)(?:[\s\u00a0:]+(.*))?$")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One command as it was written: the word in lower case, its value on the line, and the text under it."""

    word: str
    value: str
    text: str

    @property
    def written(self) -> str:
        """The line as the transcript repeats it."""
        return f"#{self.word} {self.value}".strip()

    @property
    def words(self) -> str:
        """Value and text together: for commands that take free words in either place."""
        return "\n".join(part for part in (self.value, self.text) if part).strip()


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
        command = _COMMAND.match(line)
        if command:
            found.append((command[1].lower(), (command[2] or "").replace("\u00a0", " ").strip(), []))
        elif found:
            found[-1][2].append(line)
        else:
            prose.append(line)
    lines = tuple(CommandLine(word, value, "\n".join(text).strip()) for word, value, text in found[:MOST_LINES])
    return StaffMail("\n".join(prose).strip(), lines, len(found) > MOST_LINES)


_NAMED = re.compile(r"([^\W\d_][\w-]*)\s*[=:]\s*(\"[^\"]*\"|“[^”]*”|[^\s,;]+)")


def named_values(text: str) -> tuple[tuple[str, str], ...]:
    """`severity=high impact="two weeks"` as pairs, names in lower case; quotes hold a value with blanks together."""
    return tuple((name.lower(), value.strip('"“”')) for name, value in _NAMED.findall(text))
