"""Changes behind maildesk's back are named; counts only."""

import pytest

from faults import tamper
from faults.table import Scale


@pytest.mark.timeout(120)
def test_each_change_in_the_database_is_named_and_an_untouched_one_is_whole(ground):
    rows = list(tamper.section(ground, Scale()))
    assert [f"{row.what}: {line}" for row in rows for line in row.lines if not line.is_kept] == []
