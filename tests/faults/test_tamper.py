"""Changes behind maildesk's back are named; counts only."""

import pytest
from servers.places import ServerMissing

from faults import tamper
from faults.table import Ground, Scale


@pytest.mark.timeout(120)
def test_each_change_in_the_database_is_named_and_an_untouched_one_is_whole():
    ground = Ground()
    try:
        rows = list(tamper.section(ground, Scale()))
    except ServerMissing as missing:
        pytest.skip(str(missing))
    finally:
        ground.stop()
    assert [f"{row.what}: {line}" for row in rows for line in row.lines if not line.is_kept] == []
