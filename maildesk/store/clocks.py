"""What fires once: a digest per desk, person and day, a deadline, a reminder. The database refuses the second."""

from datetime import datetime

from maildesk.store.connection import transaction
from maildesk.store.errors import Doubled
from maildesk.store.models import OnceRow
from maildesk.store.rows import column, insert


async def fire_once(once_key: str, now: datetime) -> bool:
    """Whether this call is the first for the key. `Commit.once` does the same together with what was decided."""
    try:
        async with transaction():
            await insert(OnceRow, ("key", "at"), [(once_key, now)])
    except Doubled:
        return False
    return True


async def last_fired(prefix: str) -> datetime | None:
    """When a key that begins so was fired last; None where none ever was."""
    fired = OnceRow.filter(key__startswith=prefix).order_by("-at").limit(1)
    found: list[datetime] = await column(fired, "at")
    return found[0] if found else None


async def has_fired(once_key: str) -> bool:
    """Whether the key was fired already."""
    return await OnceRow.filter(key=once_key).exists()
