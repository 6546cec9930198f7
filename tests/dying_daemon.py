"""The daemon with one place in it at which it kills itself, as a power cut would: no goodbye, no clean-up.

A place is a function of the store, before or after the first call that has something to do.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from types import MappingProxyType, ModuleType
from typing import Any

from maildesk.store import cases, inbox, outbox

_Call = Callable[..., Awaitable[Any]]


def _has_work(arguments: tuple[Any, ...], result: Any) -> bool:
    """Whether the call kept, decided, claimed or settled something."""
    return bool(result) or any(getattr(one, "messages", None) or (isinstance(one, list) and one) for one in arguments)


PLACES: MappingProxyType[str, tuple[ModuleType, str, bool]] = MappingProxyType(
    {
        "before commit 1": (inbox, "keep", False),
        "between commit 1 and the move": (inbox, "keep", True),
        "between the move and its note": (inbox, "moved", False),
        "between the note of the move and commit 2": (cases, "commit", False),
        "between commit 2 and the claim": (cases, "commit", True),
        "between the claim and the sending": (outbox, "claim", True),
        "between the server's answer and commit 3": (outbox, "settle", False),
        "after commit 3": (outbox, "settle", True),
    }
)
"""Between every pair of durable steps: (module, function, whether the call is let through first)."""


def arm(place: str) -> None:
    """From now on the first call with work at this place is the last thing that the process does."""
    module, name, after = PLACES[place]
    original: _Call = getattr(module, name)

    async def dying(*arguments: Any, **named: Any) -> Any:
        result = await original(*arguments, **named) if after else None
        if _has_work(arguments, result):
            os.kill(os.getpid(), signal.SIGKILL)
        return result if after else await original(*arguments, **named)

    setattr(module, name, dying)


if __name__ == "__main__":
    from maildesk.__main__ import main

    arm(os.environ["MAILDESK_DIES"])
    main()
