"""Forged staff and curious strangers; counts only."""

import pytest

from faults import attack
from faults.table import Scale


@pytest.mark.timeout(150)
def test_nobody_commands_who_is_not_of_the_staff_and_no_stranger_learns_of_a_case(ground):
    rows = list(attack.section(ground, Scale()))
    assert [f"{row.what}: {line}" for row in rows for line in row.lines if not line.is_kept] == []
