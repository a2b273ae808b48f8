"""Whose working day it is: weekends, public holidays, hours, and no task on a Friday afternoon."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmrules.findings.calendar import Calendar, Hours, known_country

HOURS = Hours(time(8), time(18))
DAYS = st.dates(date(2025, 1, 1), date(2028, 12, 31))


@given(DAYS, st.integers(0, 40))
def test_so_many_business_days_later_is_what_counting_day_by_day_gives(day, days):
    later = Calendar().after(day, days)

    between = [day + timedelta(days=n) for n in range(1, (later - day).days + 1)]
    assert sum(one.isoweekday() <= 5 for one in between) == days
    assert days == 0 or later.isoweekday() <= 5


@given(DAYS)
def test_the_business_day_before_is_the_last_one(day):
    before = Calendar().before(day)

    assert before < day
    assert before.isoweekday() <= 5
    assert all((before + timedelta(days=n)).isoweekday() > 5 for n in range(1, (day - before).days))


@pytest.mark.parametrize(
    ("country", "day", "off"),
    [
        ("DE", date(2026, 10, 3) - timedelta(days=1), False),
        ("DE", date(2026, 12, 25), True),
        ("DE", date(2026, 1, 6), False),  # Epiphany, in the south only
        ("DE-BY", date(2026, 1, 6), True),
        ("US", date(2026, 11, 26), True),  # Thanksgiving
        ("US", date(2026, 12, 25), True),
        ("FR", date(2026, 7, 14), True),
        ("GB", date(2026, 7, 14), False),
        (None, date(2026, 12, 25), False),
        ("XX", date(2026, 12, 25), False),  # a country nobody knows has weekends only
    ],
)
def test_a_public_holiday_is_no_business_day_where_it_is_kept(country, day, off):
    assert Calendar(country=country).business(day) is not off


def test_due_days_skip_the_holidays_of_the_country():
    before_christmas = date(2026, 12, 23)  # a Wednesday

    assert Calendar().after(before_christmas, 2) == date(2026, 12, 25)
    assert Calendar(country="DE").after(before_christmas, 2) == date(2026, 12, 28)
    assert Calendar(country="DE").before(date(2026, 12, 28)) == date(2026, 12, 24)


@pytest.mark.parametrize(
    ("moment", "zone", "works"),
    [
        (datetime(2026, 11, 24, 9, tzinfo=UTC), "UTC", True),  # Tuesday
        (datetime(2026, 11, 24, 7, 59, tzinfo=UTC), "UTC", False),
        (datetime(2026, 11, 24, 18, tzinfo=UTC), "UTC", False),
        (datetime(2026, 11, 24, 7, tzinfo=UTC), "Europe/Berlin", True),
        (datetime(2026, 11, 24, 9, tzinfo=UTC), "America/New_York", False),
        (datetime(2026, 11, 27, 11, 59, tzinfo=UTC), "UTC", True),  # Friday
        (datetime(2026, 11, 27, 12, tzinfo=UTC), "UTC", False),
        (datetime(2026, 11, 28, 10, tzinfo=UTC), "UTC", False),
        (datetime(2026, 11, 29, 23, tzinfo=UTC), "Asia/Tokyo", True),  # Monday there
    ],
)
def test_a_new_task_is_welcome_in_hours_and_not_on_a_friday_afternoon(moment, zone, works):
    assert Calendar(ZoneInfo(zone), None, HOURS).works(moment) is works


def test_a_holiday_is_no_time_for_a_task_and_without_hours_any_time_is():
    christmas = datetime(2026, 12, 25, 10, tzinfo=UTC)

    assert not Calendar(UTC, "DE", HOURS).works(christmas)
    assert Calendar(UTC, None, HOURS).works(christmas - timedelta(days=1))
    assert Calendar(UTC, "DE").works(christmas)


def test_hours_follow_the_clock_that_people_see():
    berlin = Calendar(ZoneInfo("Europe/Berlin"), None, HOURS)
    winter, summer = (datetime(2026, 3, day, 6, 30, tzinfo=UTC) for day in (27, 30))

    assert not berlin.works(winter)
    assert berlin.works(summer)


@pytest.mark.parametrize("text", ["8-18", "18:00-08:00", "08:00-08:00", "25:00-26:00", "always"])
def test_a_span_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"hours|begins"):
        Hours.parse(text)
    assert Hours.parse(" 08:00-18:00 ") == HOURS


def test_a_country_is_known_with_or_without_its_part():
    assert known_country("DE")
    assert known_country("DE-BY")
    assert not known_country("DE-XX")
    assert not known_country("Germany")
