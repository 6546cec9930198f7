"""What is wrong with a template or a phrase, for the person who wrote it."""

from dataclasses import dataclass
from types import TracebackType

from jinja2 import TemplateSyntaxError


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake: the file, its line (0 where the whole file is meant), and what is wrong in words."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}"


class BrokenTemplate(Exception):  # noqa: N818 - named for the thing that is wrong
    """A template that cannot be rendered; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def locate(error: BaseException, file: str) -> Problem:
    """The problem behind an error raised while a template was compiled or rendered; `file` where nothing says better.

    Jinja rewrites tracebacks so that their innermost frame with a template's name carries the template's line.
    """
    if isinstance(error, BrokenTemplate):
        return error.problem
    what = str(error) or type(error).__name__
    if isinstance(error, TemplateSyntaxError):
        return Problem(error.filename or file, error.lineno, what)
    if isinstance(error, UnicodeDecodeError):
        return Problem(file, error.object.count(b"\n", 0, error.start) + 1, f"not UTF-8: {error.reason}")
    found = Problem(file, 0, what)
    frame: TracebackType | None = error.__traceback__
    while frame is not None:
        name = frame.tb_frame.f_code.co_filename
        if name.endswith(".j2"):
            found = Problem(name, frame.tb_lineno, what)
        frame = frame.tb_next
    return found
