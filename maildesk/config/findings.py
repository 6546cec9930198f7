"""What the loader collects on its way through one file: the place of everything, mistakes and warnings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from maildesk.config.lines import Path as KeyPath
from maildesk.config.words import Problem


@dataclass(slots=True)
class Findings:
    """The file under examination and what was found in it. `lines` is empty where its TOML could not be read."""

    file: Path
    environ: Mapping[str, str]
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    from_environment: dict[str, str] = field(default_factory=dict)
    mistakes: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The folder from which the file's relative paths are taken."""
        return self.file.absolute().parent

    def mistake(self, key: KeyPath, what: str, what_to_do: str) -> None:
        """Note what makes the configuration unusable."""
        self.mistakes.append(self._problem(key, what, what_to_do))

    def warning(self, key: KeyPath, what: str, what_to_do: str) -> None:
        """Note what works, but should be otherwise."""
        self.warnings.append(self._problem(key, what, what_to_do))

    def _problem(self, key: KeyPath, what: str, what_to_do: str) -> Problem:
        name = ".".join(part for part in key if isinstance(part, str))
        if key and key[0] in self.from_environment:
            return Problem("environment", 0, self.from_environment[str(key[0])], what, what_to_do)
        return Problem(str(self.file), self._line(key), name, what, what_to_do)

    def _line(self, key: KeyPath) -> int:
        """The line of the key; of the nearest table around it where the key itself is missing."""
        nearest = next((key[:end] for end in range(len(key), 0, -1) if key[:end] in self.lines), ())
        return self.lines.get(nearest, 1 if self.lines else 0)
