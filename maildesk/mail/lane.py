"""One thread that owns one connection, with an asyncio side.

imapclient blocks and has no locks, so all calls of a connection run here, one after the other. The thread is a
daemon: a call that hangs in the resolver never keeps the process from ending.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

_T = TypeVar("_T")
_Call = tuple[Future[Any], Callable[[], Any]]


class Lane:
    """Calls run in order, in a thread of their own, begun with the first call."""

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._name = name
        self._thread: threading.Thread | None = None

    async def run(self, call: Callable[[], _T], seconds: float) -> _T:
        """What `call` returns or raises. TimeoutError after `seconds`; the call itself may still be running then."""
        if self._thread is None:
            self._thread = threading.Thread(target=_serve, args=(self._calls,), name=self._name, daemon=True)
            self._thread.start()
        outcome: Future[_T] = Future()
        self._calls.put((outcome, call))
        return await asyncio.wait_for(asyncio.wrap_future(outcome), seconds)

    def end(self, last: Callable[[], object] | None = None) -> None:
        """Let the thread end after the calls that already wait and a `last` one; a later call begins a new thread."""
        if self._thread is not None:
            if last is not None:
                self._calls.put((Future(), last))
            self._calls.put(None)
            self._calls, self._thread = queue.SimpleQueue(), None


def _serve(calls: "queue.SimpleQueue[_Call | None]") -> None:
    while (waiting := calls.get()) is not None:
        outcome, call = waiting
        if not outcome.set_running_or_notify_cancel():
            continue
        try:
            outcome.set_result(call())
        except BaseException as exc:  # noqa: BLE001 - it goes, whole, to the one who awaits
            outcome.set_exception(exc)
