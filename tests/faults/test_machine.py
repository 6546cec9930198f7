"""The short form of the faults of the machine; counts only."""

import pytest

from faults import machine


@pytest.mark.timeout(150)
@pytest.mark.parametrize("fault", machine.FAULTS, ids=lambda fault: fault.__name__)
def test_what_breaks_in_the_machine_loses_no_mail_and_says_nothing_twice(fault, ground):
    row = fault(ground, 1)
    assert [str(line) for line in row.lines if not line.is_kept] == []
