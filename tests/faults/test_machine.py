"""The short form of the faults of the machine; counts only."""

import pytest
from servers.places import ServerMissing

from faults import machine
from faults.table import Ground


@pytest.fixture(scope="module")
def ground():
    one = Ground()
    yield one
    one.stop()


@pytest.mark.timeout(150)
@pytest.mark.parametrize("fault", machine.FAULTS, ids=lambda fault: fault.__name__)
def test_what_breaks_in_the_machine_loses_no_mail_and_says_nothing_twice(fault, ground):
    try:
        row = fault(ground, 1)
    except ServerMissing as missing:
        pytest.skip(str(missing))
    assert [str(line) for line in row.lines if not line.is_kept] == []
