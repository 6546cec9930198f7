"""The power is cut at random moments under numbered mails: the database loses every byte that it had not synced.

`synced_sqlite` keeps what each file was at its last sync; a cut is SIGKILL to all processes and that state put back.
Disks that lie about a sync are not shown.
"""

from collections.abc import Iterator

import synced_sqlite

from faults.kill import LONGEST_SECONDS, Plan, torment
from faults.table import Broken, Ground, Line, Scale

CUTS_PER_ROUND = 5
MAILS_PER_CUT = 10


def section(ground: Ground, scale: Scale) -> Iterator[Broken]:
    """The cuts, as one row."""
    cuts = scale.rounds * CUTS_PER_ROUND
    if not synced_sqlite.is_possible():
        yield Broken("NOT SHOWN: Python's SQLite is no shared library here; the power was cut", 0, (Line("cuts", 0),))
        return
    plan = Plan(cuts * MAILS_PER_CUT, cuts, LONGEST_SECONDS, scale.seed, cuts_power=True)
    lines = torment(plan, ground.dovecot, ground.user(), ground.folder())
    yield Broken("the power is cut: what was not synced is gone", cuts, tuple(lines))
