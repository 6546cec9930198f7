"""The play told on the terminal, while it happens: wrapped to its width, coloured only on a terminal."""

import os
import shutil
import textwrap
from dataclasses import dataclass
from typing import TextIO

from maildesk.demo.chronicle import Passage, Sheet
from maildesk.demo.scenes import Scene
from maildesk.visible import visible

_WIDEST = 100
_EXCERPT_LINES = 3
_TOLD_ALREADY = frozenset({"MessageFiled", "LetterWritten"})  # the lines above say both
_STYLES = {"title": "1;36", "mail": "1", "letter": "32", "why": "33", "quiet": "2", "": ""}


@dataclass(frozen=True, slots=True)
class Narrator:
    """Writes to `out`. `width` in columns; `is_coloured` on a terminal that wants it (no-color.org)."""

    out: TextIO
    width: int
    is_coloured: bool

    def opening(self, words: str) -> None:
        """Before the first scene."""
        self._write(words)

    def scene(self, scene: Scene, number: int, of: int) -> None:
        """The scene's heading, before anything happens in it."""
        when = f"{scene.clock} the next morning" if scene.days else scene.clock
        self._write("")
        self._write(f"{when}  {scene.title}  ({number}/{of})", style="title")
        self._write(scene.shows, "   ")

    def tell(self, passage: Passage) -> None:
        """What was written, what the desk did and why, what it wrote, and what the cases' histories got from it."""
        for sheet in passage.sheets:
            self._letter(sheet, passage.scene) if sheet.is_from_desk else self._mail(sheet)
        for words in passage.held:
            self._write(words, "   ~ ", "why")
        for file in passage.files:
            new = [line.said for line in file.lines if line.is_new and line.kind not in _TOLD_ALREADY]
            if new:
                self._write(f"{file.case.reference}: {' '.join(new)}", "   . ", "quiet")

    def closing(self, lines: tuple[tuple[str, str], ...]) -> None:
        """Where to look, as label and value."""
        self._write("")
        label_width = max(len(label) for label, _ in lines)
        for label, value in lines:
            self._write(value, f"{label:<{label_width}}  ", "", keep_whole=True)

    def _mail(self, sheet: Sheet) -> None:
        who = f"Somebody, in the name of {sheet.sender}," if sheet.is_forged else sheet.sender
        self._write(f"{who} writes to {sheet.recipient}: “{sheet.subject}”", " > ", "mail")
        for line in sheet.new_words()[:_EXCERPT_LINES]:
            self._excerpt(line)
        for words in sheet.said:
            self._write(words, "   = ", "why")

    def _letter(self, sheet: Sheet, scene: Scene) -> None:
        kind = sheet.kind_word[:1].upper() + sheet.kind_word[1:]
        self._write(f"{kind} to {sheet.recipient}: “{sheet.subject}”", " < ", "letter")
        if sheet.kind is scene.key:
            for words in scene.listen_for:
                for line in sheet.lines_with(words)[:1]:
                    self._excerpt(line)

    def _excerpt(self, line: str) -> None:
        self._write(textwrap.shorten(visible(line), 2 * self.width, placeholder=" …"), "   | ", "quiet")

    def _write(self, text: str, lead: str = "", style: str = "", *, keep_whole: bool = False) -> None:
        """A paragraph; `lead` stands before its first line, blanks of that width before the others."""
        wrapper = textwrap.TextWrapper(
            self.width,
            initial_indent=lead,
            subsequent_indent=" " * len(lead),
            break_long_words=not keep_whole,
            break_on_hyphens=False,
        )
        for line in wrapper.wrap(visible(text)) or [""]:
            is_styled = self.is_coloured and _STYLES[style]
            self.out.write(f"\x1b[{_STYLES[style]}m{line}\x1b[0m\n" if is_styled else f"{line}\n")
        self.out.flush()


def narrator(out: TextIO) -> Narrator:
    """A narrator for this stream, as wide as its terminal up to what is pleasant to read."""
    is_terminal = out.isatty()
    width = max(40, min(shutil.get_terminal_size((80, 24)).columns, _WIDEST))
    return Narrator(out, width, is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
