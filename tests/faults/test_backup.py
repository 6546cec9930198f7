"""A desk that is lost comes back from its backup; counts only. Once, and with few mails."""

import pytest

from faults import backup
from faults.table import Scale


@pytest.mark.timeout(150)
def test_a_desk_restored_from_a_backup_made_at_work_answers_everybody_and_nobody_of_before_twice(ground):
    rows = list(backup.section(ground, Scale(mails=30, rounds=1)))
    assert [str(line) for row in rows for line in row.lines if not line.is_kept] == []
