"""Foreign words on one line: what a stranger wrote, where a line end or a control character must not stand."""

from unicodedata import category

_JOINERS = "\u200c\u200d"


def oneline(value: str, longest: int = 0) -> str:
    """Runs of blanks become one, line ends and controls a blank, invisible marks nothing; cut with dots at `longest`.

    The joiners that Persian, Hindi and emoji need stay. A `longest` of 0 cuts nothing.
    """
    flat = value if value.isprintable() else "".join(_shown(character) for character in value)
    flat = " ".join(flat.split())
    return flat if not longest or len(flat) <= longest else flat[: longest - 1] + "…"


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    return "" if category(character) == "Cf" else " "
