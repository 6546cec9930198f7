"""Row ids and case references kept at hand, so that the rules can use them without asking the database."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar

from maildesk.domain.numbers import Numbers
from maildesk.store import ids, references

T = TypeVar("T")
_IDS_PER_MESSAGE = 60
_SPARE_REFERENCES = 5


class Numbering:
    """What one loop has reserved and not yet used. References are of the year in which they are filled up."""

    def __init__(self) -> None:
        self._ids: deque[int] = deque()
        self._references: deque[str] = deque()
        self._year = 0
        self.numbers = Numbers(_stream(self._ids), _stream(self._references))

    async def fill(self, messages: int, now: datetime) -> None:
        """Have enough for so many messages. Never inside a transaction."""
        missing = messages * _IDS_PER_MESSAGE - len(self._ids)
        if missing > 0:
            self._ids.extend(await ids.take(missing))
        if now.year != self._year:
            self._references.clear()
            self._year = now.year
        wanted = messages + _SPARE_REFERENCES - len(self._references)
        if wanted > 0:
            self._references.extend(await references.take(now.year, wanted))

    def __next__(self) -> int:
        """One unused row id."""
        return self._ids.popleft()


def _stream(stock: deque[T]) -> Iterator[T]:
    """The stock one by one; it may be filled up in between."""
    while True:
        yield stock.popleft()
