"""When a sync is due, clock changes included. Expected moments are written down, not computed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from crmrules.cron import MOST, Cron

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        # Spring: 02:00 becomes 03:00 (01:00 UTC) on 29 March 2026.
        ("30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("*/30 * * * *", "2026-03-29T00:15", ["2026-03-29T00:30", "2026-03-29T01:00"]),
        ("15 2,3 * * *", "2026-03-28T23:00", ["2026-03-29T01:00", "2026-03-29T01:15"]),
        # Autumn: 03:00 becomes 02:00 (01:00 UTC) on 25 October 2026; 02:30 is there twice.
        ("30 2 * * *", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("30 2 * * *", "2026-10-25T01:10", ["2026-10-26T01:30", "2026-10-27T01:30"]),
        ("*/30 * * * *", "2026-10-25T00:15", ["2026-10-25T00:30", "2026-10-25T01:00"]),
        ("0 9 * * MON-FRI", "2026-11-27T12:00", ["2026-11-30T08:00", "2026-12-01T08:00"]),
    ],
)
def test_a_schedule_in_local_time_is_due_at_the_right_moments(expression, after, due):
    found = list(islice(Cron(expression, BERLIN).moments(utc(after)), len(due)))
    assert found == [utc(each) for each in due]


def test_a_fixed_time_is_due_once_a_day_all_year_round():
    cron = Cron("30 2 * * *", BERLIN)
    due = list(islice(cron.moments(utc("2025-12-31T12:00")), 365))
    assert [each.astimezone(BERLIN).date() for each in due] == [
        (utc("2026-01-01T00:00") + timedelta(days=n)).date() for n in range(365)
    ]


def test_every_quarter_of_an_hour_is_due_through_both_clock_changes():
    cron = Cron("*/15 * * * *", BERLIN)
    for day in ("2026-03-29T00:00", "2026-10-25T00:00"):
        due = list(islice(cron.moments(utc(day)), 40))
        assert due == [utc(day) + timedelta(minutes=15 * n) for n in range(1, 41)]


def test_the_moments_of_a_stretch_are_counted_and_those_of_years_only_so_far():
    cron = Cron("* * * * *")
    begin = utc("2026-01-01T00:00")
    few = cron.passed(begin, begin + timedelta(minutes=3, seconds=30))
    assert (few.count, few.first, few.last) == (
        3,
        begin + timedelta(minutes=1),
        begin + timedelta(minutes=3),
    )
    assert cron.passed(begin, begin + timedelta(seconds=59)) is None
    assert cron.passed(begin, begin + timedelta(days=3650)).count == MOST


@pytest.mark.parametrize(
    ("expression", "pause"),
    [("*/15 * * * *", 0.25), ("0 2 * * *", 24), ("0 8 * * 1-5", 72), ("0 8,18 * * *", 14)],
)
def test_the_longest_pause_of_a_schedule_counts_nights_and_weekends(expression, pause):
    assert Cron(expression).period(utc("2026-11-26T12:00")) == timedelta(hours=pause)


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("*/15 7-19 * * MON-FRI", "2026-11-27T18:46", "2026-11-30T06:30"),
        ("*/15 7-19 * * MON-FRI", "2026-11-25T09:01", "2026-11-25T09:45"),
        ("0 8 * * MON-FRI", "2026-11-27T08:00", "2026-12-02T07:00"),
        ("30 2 * * *", "2026-03-27T12:00", "2026-03-30T00:30"),
    ],
)
def test_the_third_due_moment_counts_no_night_and_no_weekend(expression, after, due):
    assert Cron(expression, BERLIN).nth(utc(after), 3) == utc(due)


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "61 * * * *", "@daily", "* * * * * *", "0 0 31 2 *", "x y z a b"]
)
def test_what_is_no_schedule_is_refused(expression):
    with pytest.raises(ValueError, match="cron expression"):
        Cron(expression)
