"""Kept bytes to messages, by way of the child processes: whatever a child does, each mail gets an answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from maildesk.children import Children, Done, Failed
from maildesk.domain.message import Message
from maildesk.mail import foreign
from maildesk.mail.identity import ReadPolicy
from maildesk.mail.parse import unreadable


@dataclass(frozen=True, slots=True)
class Read:
    """One mail as it was read. `failure` is why no child survived it; the message is then a mere scan of its header."""

    message: Message
    failure: str = ""


class Reader:
    """One desk's way to its child processes."""

    def __init__(self, children: Children, policy: ReadPolicy) -> None:
        self._children, self._policy = children, policy

    async def read(self, raws: Sequence[bytes]) -> list[Read]:
        """The messages of these mails, in order."""
        answers = await self._children.run([foreign.ask_to_read(raw, self._policy) for raw in raws])
        return [self._read(raw, answer) for raw, answer in zip(raws, answers, strict=True)]

    async def part(self, raw: bytes, part: str) -> bytes | None:
        """The decoded bytes of one part; none where it cannot be had."""
        (answer,) = await self._children.run([foreign.ask_for_part(raw, part)])
        return answer.value if isinstance(answer, Done) else None

    def _read(self, raw: bytes, answer: Done | Failed) -> Read:
        if isinstance(answer, Failed):
            return Read(unreadable(raw, answer.reason), answer.reason)
        return Read(foreign.message_of(answer.value))
