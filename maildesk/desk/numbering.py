"""Row ids and case references kept at hand, so that the rules can use them without asking the database."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import TypeVar

from maildesk.domain.numbers import Numbers
from maildesk.store import ids, references

T = TypeVar("T")
IDS_PER_MESSAGE = 60
REFERENCES_PER_MESSAGE = 1
SPARE_REFERENCES = 5


class RanOut(Exception):  # noqa: N818 - named for what happened
    """The rules wanted more numbers than were at hand."""


class Numbering:
    """What one loop has reserved and not yet used. References are of the year in which they are filled up."""

    def __init__(self) -> None:
        self._ids, self._references = _Stock[int](), _Stock[str]()
        self._year = 0
        self.numbers = Numbers(self._ids, self._references)

    async def enough_for(self, messages: int, now: datetime, decide: Callable[[], Awaitable[T]]) -> T:
        """What `decide` comes to with numbers at hand; where they run out it begins anew with twice as many.

        How many a message takes is known only when it is decided: letters go to every handler, a mail may have fifty
        commands. Never inside a transaction.
        """
        times = 1
        while True:
            await self.fill(messages * times, now)
            try:
                return await decide()
            except RanOut:
                times *= 2

    async def fill(self, messages: int, now: datetime) -> None:
        """Have enough for so many usual messages. Never inside a transaction."""
        missing = messages * IDS_PER_MESSAGE - len(self._ids.left)
        if missing > 0:
            self._ids.left.extend(await ids.take(missing))
        if now.year != self._year:
            self._references.left.clear()
            self._year = now.year
        wanted = messages * REFERENCES_PER_MESSAGE + SPARE_REFERENCES - len(self._references.left)
        if wanted > 0:
            self._references.left.extend(await references.take(now.year, wanted))

    def __next__(self) -> int:
        """One unused row id."""
        return next(self._ids)


class _Stock(Iterator[T]):
    """Numbers one by one; it may be filled up in between. Raises RanOut where none is left."""

    def __init__(self) -> None:
        self.left: deque[T] = deque()

    def __next__(self) -> T:
        if not self.left:
            raise RanOut
        return self.left.popleft()
