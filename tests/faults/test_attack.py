"""Forged staff and curious strangers; counts only."""

import pytest
from servers.places import ServerMissing

from faults import attack
from faults.table import Ground, Scale


@pytest.mark.timeout(150)
def test_nobody_commands_who_is_not_of_the_staff_and_no_stranger_learns_of_a_case():
    ground = Ground()
    try:
        rows = list(attack.section(ground, Scale()))
    except ServerMissing as missing:
        pytest.skip(str(missing))
    finally:
        ground.stop()
    assert [f"{row.what}: {line}" for row in rows for line in row.lines if not line.is_kept] == []
