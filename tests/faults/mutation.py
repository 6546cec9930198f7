"""One thing that is taken out on purpose, and the promise that falls with it."""

from dataclasses import dataclass

LOST, TWICE, THEIRS, EXPLAINED, PEOPLE = (
    "No complaint is lost",
    "Nothing happens twice",
    "Nobody hears what is not theirs",
    "Everything can be explained",
    "People are treated as people",
)
PROMISES = (LOST, TWICE, THEIRS, EXPLAINED, PEOPLE)


@dataclass(frozen=True, slots=True)
class Mutation:
    """One thing taken out. `tests` are `file::name`, seen from tests/."""

    promise: str
    broken: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
