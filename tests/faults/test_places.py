"""The short form of the section `places`: one death at each."""

import pytest
from dying_daemon import PLACES

from faults.places import die_at


@pytest.mark.parametrize("place", PLACES)
def test_killed_at_any_place_it_goes_on_where_it_was(dovecot, user, tmp_path, place):
    assert [str(line) for line in die_at(place, 1, dovecot, user, tmp_path) if not line.is_kept] == []
