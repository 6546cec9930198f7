"""When a manager's digest is due: by their own clock, also on the days on which that clock is put forward or back."""

from datetime import UTC, date, datetime, timedelta

import pytest

from maildesk.domain.policy import Person, StaffRole
from maildesk.learning import digest

LONDON = "Europe/London"


def manager(at: str, zone: str = LONDON) -> Person:
    return Person(
        key="mia", name="Mia Stone", address="mia@staff.test", role=StaffRole.MANAGER, language="en", zone=zone,
        digest_at=at,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "at", "zone", "due"),
    [
        ("2026-03-03T06:59Z", "07:00", LONDON, "2026-03-02T07:00Z"),
        ("2026-03-03T07:00Z", "07:00", LONDON, "2026-03-03T07:00Z"),
        ("2026-03-28T23:00Z", "07:00", LONDON, "2026-03-28T07:00Z"),
        ("2026-03-29T06:00Z", "07:00", LONDON, "2026-03-29T06:00Z"),  # the clock went forward in the night
        ("2026-10-25T06:59Z", "07:00", LONDON, "2026-10-24T06:00Z"),  # and back
        ("2026-10-25T07:00Z", "07:00", LONDON, "2026-10-25T07:00Z"),
        ("2026-03-02T22:00Z", "07:00", "Pacific/Auckland", "2026-03-02T18:00Z"),
    ],
)
def test_the_latest_morning_is_by_the_managers_clock(now, at, zone, due):
    found = digest.morning(datetime.fromisoformat(now), manager(at, zone))
    assert found == datetime.fromisoformat(due)


@pytest.mark.parametrize("at", ["00:00", "00:30", "01:30", "02:00", "02:30", "23:59"])
@pytest.mark.parametrize("night", [datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)])
@pytest.mark.parametrize("zone", [LONDON, "Europe/Berlin", "America/New_York"])
def test_each_day_has_one_digest_also_in_the_nights_in_which_the_clock_changes(at, night, zone):
    reader = manager(at, zone)
    moments = [night + timedelta(minutes=5 * step) for step in range(12 * 24 * 3)]
    keys = [digest.key("complaints", reader, digest.morning(moment, reader)) for moment in moments]
    fired = list(dict.fromkeys(keys))
    days = [date.fromisoformat(key.rpartition(":")[2]) for key in fired]
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
    assert all(digest.morning(moment, reader) <= moment for moment in moments)
