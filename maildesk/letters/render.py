"""Letters to words: picks the language, the template and the reader's locale, and never leaves a letter unwritten.

A user's templates may stand in front of ours, one by one. A mistake in one of them falls back to ours, is reported by
`problems`, and is found by `check` before any letter needs it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError

from maildesk.domain.letter import LETTERS, Audience, CaseView, DeskView, Letter, Tap
from maildesk.domain.marker import REPLY_MARKER
from maildesk.domain.oneline import oneline
from maildesk.letters.edition import DEFAULT_LANGUAGE, Edition, Rendered
from maildesk.letters.filters import Reader, mailto
from maildesk.letters.folders import languages, template_dir
from maildesk.letters.problem import Problem

__all__ = ["Problem", "Rendered", "Templates", "template_dir"]


class Templates:
    """The templates of all languages in all folders; the first folder that has one wins, ours is the last.

    Reading is lazy: a language is loaded and a template compiled when a letter first needs it. `report` is called once
    with each mistake that a letter meets.
    """

    def __init__(self, folders: tuple[Path, ...] = (), report: Callable[[Problem], None] | None = None) -> None:
        own = template_dir()
        self.folders = (*(folder for folder in folders if folder != own), own)
        self.languages = languages(self.folders)
        self._editions: dict[tuple[int, str], Edition] = {}
        self._problems: dict[Problem, None] = {}
        self._report = report

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The mistakes met so far, each once; letters that met one were written with our own template."""
        return tuple(self._problems)

    def render(self, letter: Letter, desk: DeskView, case: CaseView | None, reply_address: str) -> Rendered:
        """The letter in its reader's language, locale and zone.

        A mistake in a user's template is noted and ours is used; one in ours is raised as it is.
        """
        candidates = self._candidates(self._language(letter.language))
        for level, language in candidates:
            edition = self._edition(level, language)
            context = _context(letter, desk, case, reply_address, edition)
            try:
                return edition.render(letter.kind, context)
            except Exception as error:
                if (level, language) == candidates[-1]:
                    raise
                self._note(edition.find(letter.kind, context, error))
        raise AssertionError  # the last candidate is ours: it returned or raised

    def check(self) -> list[Problem]:
        """Every kind in every language with sample letters: what is wrong, with file and line. Empty: all is well."""
        from maildesk.letters.checking import check

        return check(self)

    def find(self, letter: Letter, desk: DeskView, case: CaseView | None, reply_address: str) -> Problem | None:
        """The mistake that this letter meets in the first folder's templates; none where there is none."""
        edition = self._edition(0, self._language(letter.language))
        context = _context(letter, desk, case, reply_address, edition)
        try:
            edition.render(letter.kind, context)
        except Exception as error:  # noqa: BLE001 - a template can raise anything; what it was is the answer
            return edition.find(letter.kind, context, error)
        return None

    def _language(self, asked: str) -> str:
        """The language's own folder, else that of its first subtag (RFC 4647 lookup), else English."""
        tag = asked.replace("_", "-").lower()
        own = {name.lower(): name for name in self.languages}
        return own.get(tag) or own.get(tag.partition("-")[0], DEFAULT_LANGUAGE)

    def _candidates(self, language: str) -> tuple[tuple[int, str], ...]:
        """Where to look for a template, as (first folder, language): the user's before ours, English where we end.

        A language that we have ourselves ends with our own templates: a mistake in them must be seen.
        """
        last = len(self.folders) - 1
        is_ours = (self.folders[last] / language).is_dir()
        asked = [(level, language) for level in range(last + is_ours)]
        return tuple(asked if is_ours else [*asked, *((level, DEFAULT_LANGUAGE) for level in range(last + 1))])

    def _edition(self, level: int, language: str) -> Edition:
        edition = self._editions.get((level, language))
        if edition is None:
            edition = self._editions[level, language] = Edition(self.folders[level:], language)
            for problem in edition.words.problems:
                self._note(problem)
        return edition

    def _note(self, problem: Problem) -> None:
        if problem not in self._problems and self._report:
            self._report(problem)
        self._problems[problem] = None


def _context(
    letter: Letter, desk: DeskView, case: CaseView | None, reply_address: str, edition: Edition
) -> Mapping[str, Any]:
    """What every template may use: the names that docs/templates.md lists."""
    locale = _locale(letter.language)
    if locale is None or locale.language != edition.words.locale.language:
        locale = edition.words.locale
    is_outside = LETTERS[letter.kind].audience is Audience.COMPLAINANT
    return {
        "letter": letter,
        "desk": desk,
        "case": case,
        "content": letter.content,
        "name": _salutation(letter, case),
        "contact": (case.contact_name if case else "") or desk.contact_name,
        "reply_address": reply_address,
        "taps": _taps(letter, case, reply_address, edition),
        "language": edition.language,
        "marker": REPLY_MARKER.get(edition.language, REPLY_MARKER[DEFAULT_LANGUAGE]) if is_outside else "",
        "reader": Reader(edition.words, locale, _zone(letter.zone)),
    }


@dataclass(frozen=True, slots=True)
class TapView:
    """A tap as a template shows it: its label, the command to type instead, and the `mailto:` URI."""

    label: str
    command: str
    uri: str


def _taps(letter: Letter, case: CaseView | None, reply_address: str, edition: Edition) -> tuple[TapView, ...]:
    """The letter's taps; none where it has no reply address to send them to."""
    if not reply_address:
        return ()
    subject = case.reference if case else ""
    return tuple(
        TapView(edition.words.form(tap.label, {}), _command(tap), mailto(tap, reply_address, subject))
        for tap in letter.taps
    )


def _command(tap: Tap) -> str:
    """The command that a tap fills in: the first line of its body, with dots for the text under it."""
    command, _, text = tap.body.strip().partition("\n")
    return f"{command} …" if text.strip() else command


def _salutation(letter: Letter, case: CaseView | None) -> str:
    """The reader's name; empty where it is unknown or only an address."""
    name = letter.to.name
    if not name and case and case.complainant_address == letter.to.key:
        name = case.complainant_name
    name = oneline(name, 80).strip()
    return "" if "@" in name else name


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale | None:
    """The locale of a tag that names a country, as `en-IE`; none for a bare language, whose words name their own."""
    try:
        locale = Locale.parse(language.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        return None
    return locale if locale.territory else None


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, not a name, a folder's name
        return ZoneInfo("UTC")
