"""maildesk.toml and the environment become frozen Settings, or a list of every mistake with its file and line.

The environment can stand in for two settings only: MAILDESK__DATA and MAILDESK__DATABASE. Relative paths are taken
from the folder of the file. Nothing is opened or created here but the file itself and the secret files it names.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maildesk.config.cross import CROSS_CHECKS
from maildesk.config.fields import read_table, settings_of
from maildesk.config.findings import Findings
from maildesk.config.lines import key_lines
from maildesk.config.secrets import names
from maildesk.config.settings import Settings
from maildesk.config.words import ConfigurationError, Problem, choices, did_you_mean

__all__ = ["ConfigurationError", "Examined", "Problem", "examine", "find", "load"]

_PREFIX = "MAILDESK__"
_OVERRIDES = ("data", "database")
_USUAL_PLACES = (Path("maildesk.toml"), Path("/etc/maildesk/maildesk.toml"))
_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class Examined:
    """What one file came to: the settings where there is no mistake, and all mistakes and warnings in its order."""

    settings: Settings | None
    mistakes: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def find(named: Path | None, environ: Mapping[str, str]) -> Path:
    """The file to use: the one named, else $MAILDESK_CONFIG, else the first that exists in the usual places.

    Raises ConfigurationError where no file is named and none exists; a named file is not looked for.
    """
    if named:
        return named
    if from_environment := environ.get("MAILDESK_CONFIG"):
        return Path(from_environment)
    for place in _USUAL_PLACES:
        if place.is_file():
            return place
    looked = " or ".join(map(str, _USUAL_PLACES))
    what_to_do = "Name one with --config FILE; deploy/maildesk.example.toml is one to start from."
    raise ConfigurationError((Problem(looked, 0, "", "there is no configuration", what_to_do),))


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of a file. Raises ConfigurationError with all mistakes; warnings are for `examine`."""
    examined = examine(path, environ)
    if examined.settings is None:
        raise ConfigurationError(examined.mistakes)
    return examined.settings


def examine(path: Path, environ: Mapping[str, str]) -> Examined:
    """Read a file and say everything that is wrong or doubtful in it. Never raises for what the file holds."""
    found = Findings(file=path, environ=environ)
    values: dict[str, Any] = {}
    toml = _read_toml(found)
    if toml is not None:
        _apply_environment(toml, found)
        values = read_table(Settings, toml, (), {}, found)
        for check in CROSS_CHECKS:
            check(values, found)
    settings = None if found.mistakes else _frozen(Settings, values)
    return Examined(settings, _in_order(found.mistakes), _in_order(found.warnings))


def _read_toml(found: Findings) -> dict[str, Any] | None:
    text = _read_text(found)
    if text is None:
        return None
    try:
        toml = tomllib.loads(text)
        found.lines = key_lines(text)
    except RecursionError:
        found.mistake((), "its values are nested too deeply", "Write it as in the example file.")
        return None
    except ValueError as failure:  # TOMLDecodeError, and plain ones, as for a number of too many digits
        where = _LINE.search(str(failure))
        line = int(where[1]) if where and where[1] else text.count("\n") + 1
        what = _LINE.sub("", str(failure)).rstrip(".")
        found.mistakes.append(
            Problem(str(found.file), line, "", f"this is not TOML: {what}", "Correct this line first.")
        )
        return None
    return toml


def _read_text(found: Findings) -> str | None:
    try:
        octets = found.file.read_bytes()
    except (OSError, ValueError) as failure:  # ValueError: a NUL byte in the path
        reason = getattr(failure, "strerror", None) or str(failure)
        found.mistake((), f"the file cannot be read ({reason})", "Correct the path or who may read it.")
        return None
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = octets.count(b"\n", 0, failure.start) + 1
        what = "there are bytes here that are not UTF-8"
        found.mistakes.append(Problem(str(found.file), line, "", what, "Save the file as UTF-8."))
        return None


def _apply_environment(toml: dict[str, Any], found: Findings) -> None:
    """Let the environment stand in for the settings that it may give; warn about a variable that gives none."""
    for variable, value in found.environ.items():
        if not variable.startswith(_PREFIX):
            continue
        name = variable.removeprefix(_PREFIX).lower()
        if name not in _OVERRIDES:
            known = [_PREFIX + known.upper() for known in _OVERRIDES]
            hint = did_you_mean(variable, known) or f"The environment can give {choices(known)}."
            found.warnings.append(Problem("environment", 0, variable, "this variable has no effect", hint))
            continue
        for source in names(name):
            toml.pop(source, None)
        toml[name] = value
        found.from_environment[name] = variable


def _frozen(kind: type, values: Mapping[str, Any]) -> Any:
    """The dataclass made of complete values, inner tables first."""
    made = dict(values)
    for setting in settings_of(kind):
        if setting.is_table:
            made[setting.field] = _frozen(setting.hint, values[setting.field])
        elif setting.element:
            made[setting.field] = tuple(_frozen(setting.element, inner) for inner in values[setting.field])
    return kind(**made)


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line)))
