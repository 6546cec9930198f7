"""Case references for people to say on the phone: `C-2026-004217`, one sequence a year, gaps allowed."""

from maildesk.store import counter


async def take(year: int, count: int) -> list[str]:
    """So many references that no case has. Never inside a transaction."""
    if count == 0:
        return []
    first = await counter.reserve(f"reference:{year}", count)
    return [f"C-{year}-{number:06d}" for number in range(first, first + count)]
