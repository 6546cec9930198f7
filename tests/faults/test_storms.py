"""The short form of the storms and loops; counts only."""

import pytest

from faults import storms

MAILS = 140  # more than a domain gets in an hour


@pytest.mark.timeout(150)
@pytest.mark.parametrize("storm", storms.STORMS, ids=lambda storm: storm.__name__)
def test_a_storm_gets_no_more_letters_than_its_budget_and_no_mail_is_lost(storm, ground):
    row = storm(ground, MAILS)
    assert [str(line) for line in row.lines if not line.is_kept] == []
