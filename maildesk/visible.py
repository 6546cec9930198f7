"""Foreign text made harmless for a terminal, a log or a table: what cannot be seen is shown as an escape.

Control characters move the cursor and forge lines, format characters turn the reading order round (Unicode TR36).
Both joiners (U+200C, U+200D) stay: emoji and several scripts need them, and they do no harm.
"""

import re
import unicodedata

_JOINERS = "\u200c\u200d"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_ASCII_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _is_hidden(letter: str) -> bool:
    return unicodedata.category(letter) in _HIDDEN and letter not in _JOINERS


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def visible(text: str, keep: str = "") -> str:
    r"""The text with every control and format character as an escape (\x1b, \u202e), but for those to keep."""
    if text.isascii() and not _ASCII_CONTROL.search(text):
        return text
    return "".join(_escape(letter) if letter not in keep and _is_hidden(letter) else letter for letter in text)


def visible_lines(text: str) -> str:
    """The same for a text of several lines: line ends and tabs stay as they are."""
    return visible(text.replace("\r\n", "\n"), keep="\n\t")
