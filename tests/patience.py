"""Waiting in a test until something holds: short looks, a long patience, and a failure that says so."""

import asyncio
from collections.abc import Callable

import pytest

PATIENCE = 20.0
LOOK_SECONDS = 0.02


async def until(holds: Callable[[], object], what: str = "it") -> None:
    """Return as soon as `holds()` is true; fail the test where that does not happen within PATIENCE seconds."""
    for _ in range(int(PATIENCE / LOOK_SECONDS)):
        if holds():
            return
        await asyncio.sleep(LOOK_SECONDS)
    pytest.fail(f"{what} did not come about within {PATIENCE:.0f} seconds")
