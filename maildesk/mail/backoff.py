"""How long to wait before a server is tried again."""

from collections.abc import Callable

NETWORK_FIRST, NETWORK_MOST = 1.0, 60.0
REFUSED_FIRST, REFUSED_MOST = 120.0, 3600.0
JITTER = 0.5


def next_delay(attempt: int, refused: bool, random: Callable[[], float]) -> float:
    """Seconds to wait after the failed `attempt` (counted from 1).

    Doubles from one second to a minute; after a refused login from two minutes to an hour, since providers lock
    accounts that knock too often. Up to half is taken off at random (`random` gives [0, 1)), so that many desks do
    not come back in the same second.
    """
    first, most = (REFUSED_FIRST, REFUSED_MOST) if refused else (NETWORK_FIRST, NETWORK_MOST)
    whole = min(most, first * 2.0 ** min(max(attempt, 1) - 1, 16))
    return whole * (1.0 - JITTER * random())
