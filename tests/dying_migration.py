"""`maildesk db migrate` that kills itself at a named place, as a cut of power would: no goodbye, no clean-up."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from maildesk.store import migrate

PLACE = "MAILDESK_MIGRATION_DIES"


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(name: str) -> Callable[[], None]:
    """Arm it to die where the function of this name is called."""
    return lambda: setattr(migrate, name, die)


def after(name: str) -> Callable[[], None]:
    """Arm it to die where the function of this name has done its work."""
    original = getattr(migrate, name)

    def dying(*arguments: Any) -> None:
        original(*arguments)
        die()

    return lambda: setattr(migrate, name, dying)


def half_way() -> None:
    """The copy is cut off in its middle."""
    original = migrate._write_copy  # noqa: SLF001 - the moment lies inside

    def half(file: Path, part: Path) -> None:
        original(file, part)
        os.truncate(part, part.stat().st_size // 2)
        die()

    migrate._write_copy = half  # noqa: SLF001 - as above


def in_a_step(number: int) -> None:
    """In the transaction of this step, all but its record done."""
    original, taken = migrate.run, [0]

    async def dying(sql: str, *values: Any) -> Any:
        if sql.startswith("INSERT INTO"):
            taken[0] += 1
            if taken[0] == number:
                die()
        return await original(sql, *values)

    migrate.run = dying


def behind_a_step(number: int) -> None:
    """Between the commit of this step and whatever comes next."""
    original, taken = migrate.transaction, [0]

    @asynccontextmanager
    async def dying() -> AsyncIterator[None]:
        async with original():
            yield
        taken[0] += 1
        if taken[0] == number:
            die()

    migrate.transaction = dying


PLACES: dict[str, Callable[[], None]] = {
    "before the copy": before("_copy"),
    "in the middle of the copy": half_way,
    "between the copy and its name": after("_write_copy"),
    "between the copy's name and the first step": before("_take"),
}
"""The steps have places of their own: "in step 1", "behind step 1"."""


def arm(place: str) -> None:
    """From now on it dies there."""
    if place in PLACES:
        PLACES[place]()
        return
    where, _, number = place.rpartition(" ")
    {"in step": in_a_step, "behind step": behind_a_step}[where](int(number))


if __name__ == "__main__":
    from maildesk.__main__ import main

    arm(os.environ[PLACE])
    main()
