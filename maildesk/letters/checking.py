"""Every template in every language with sample letters, before a real letter needs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from maildesk.domain.letter import LetterKind
from maildesk.letters.folders import HTML_SUFFIX, TEXT_SUFFIX, languages
from maildesk.letters.problem import BrokenTemplate, Problem
from maildesk.letters.samples import samples

if TYPE_CHECKING:
    from maildesk.letters.render import Templates


def check(templates: Templates) -> list[Problem]:
    """What is wrong with the templates and phrases of all folders, each mistake once, in the order of discovery."""
    found: dict[Problem, None] = {}
    for folder in templates.folders:
        found.update(dict.fromkeys(_strays(folder)))
    for language in templates.languages:
        try:
            problems = [
                templates.find(sample.letter, sample.desk, sample.case, sample.reply_address)
                for sample in samples(language)
            ]
        except BrokenTemplate as error:
            problems = [error.problem]
        found.update((problem, None) for problem in problems if problem)
    found.update(dict.fromkeys(templates.problems))
    return list(found)


def _strays(folder: Path) -> list[Problem]:
    """Files that no letter uses: a kind that does not exist, an HTML part without its text."""
    if not folder.is_dir():
        return [Problem(str(folder), 0, "this folder of templates does not exist")]
    found: list[Problem] = []
    for language in languages((folder,)):
        for file in sorted((folder / language).glob("*.j2")):
            name = file.name.removesuffix(TEXT_SUFFIX).removesuffix(HTML_SUFFIX)
            if name.startswith("_"):
                continue
            if name not in tuple(LetterKind):
                found.append(Problem(str(file), 0, f"there is no letter of this kind; kinds: {', '.join(LetterKind)}"))
            elif not file.with_name(name + TEXT_SUFFIX).is_file():
                found.append(Problem(str(file), 0, f"has no text part {name}{TEXT_SUFFIX} beside it and is not used"))
    return found
