"""Row ids, one sequence for all rows that mails and letters speak of: at most 40 bits, as a token holds them."""

from maildesk.store import counter
from maildesk.store.connection import current

BLOCK = 1_000


async def take(count: int) -> list[int]:
    """So many ids that no row has. They are reserved in blocks: most calls do not touch the database.

    Never inside a transaction, which would take the reservation back.
    """
    block = current().block
    taken: list[int] = []
    while len(taken) < count:
        if block.first == block.end:
            size = max(BLOCK, count - len(taken))
            first = await counter.reserve("row", size)
            # what another task reserved meanwhile is dropped: numbers may have gaps, never two owners
            block.first, block.end = first, first + size
        given = min(count - len(taken), block.end - block.first)
        taken += range(block.first, block.first + given)
        block.first += given
    return taken
