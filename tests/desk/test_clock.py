from datetime import UTC, datetime, timedelta

from maildesk.desk.clock import StepsBack

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_clock_that_goes_on_has_made_no_step_back_however_far_it_jumps():
    steps = StepsBack()
    assert [steps.since_last_look(now) for now in (NOON, NOON, NOON + HOUR, NOON + 24 * HOUR)] == [timedelta()] * 4


def test_a_step_back_is_told_once_and_the_next_from_where_the_clock_is_then():
    steps = StepsBack()
    looks = (NOON, NOON - HOUR, NOON - HOUR / 2, NOON - HOUR)
    assert [steps.since_last_look(now) for now in looks] == [timedelta(), HOUR, timedelta(), HOUR / 2]
