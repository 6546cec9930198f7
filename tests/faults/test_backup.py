"""A desk that is lost comes back from its backup; counts only. Once, and with few mails."""

import pytest
from servers.places import ServerMissing

from faults import backup
from faults.table import Ground, Scale


@pytest.mark.timeout(150)
def test_a_desk_restored_from_a_backup_made_at_work_answers_everybody_and_nobody_of_before_twice():
    ground = Ground()
    try:
        rows = list(backup.section(ground, Scale(mails=30, rounds=1)))
    except ServerMissing as missing:
        pytest.skip(str(missing))
    finally:
        ground.stop()
    assert [str(line) for row in rows for line in row.lines if not line.is_kept] == []
