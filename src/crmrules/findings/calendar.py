"""One person's working days: weekends, public holidays and hours, where that person works.

Public holidays come from the package ``holidays`` (countries and their parts by ISO 3166). A
country that is not known has no holidays here, only weekends.

It reads no clock: every answer is about a moment or a day it is given.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Self

import holidays

PATIENCE = timedelta(hours=24)
"""A new task waits so long for the working hours of whom it is for (decisions, 6)."""
_SATURDAY, _FRIDAY, _NOON = 5, 4, time(12)
_HOURS = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])-([01]?[0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Hours:
    """From when to when somebody works, in local time; the end is not included."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "08:00-18:00". Raises ValueError for anything else, and for an end before it."""
        found = _HOURS.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"'{text}' is not a span of hours such as 08:00-18:00")
        start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        if end <= start:
            raise ValueError(f"'{text}' ends before it begins")
        return cls(start, end)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days and hours in one place. ``hours`` None: any hour of a business day.

    ``country``: ISO 3166-1 ("DE") or 3166-2 ("DE-BY"); None or one that is not known: weekends
    are the only days off.
    """

    zone: tzinfo = UTC
    country: str | None = None
    hours: Hours | None = None

    def day(self, moment: datetime) -> date:
        """Return which day it is there."""
        return moment.astimezone(self.zone).date()

    def business(self, day: date) -> bool:
        """Return whether people work on that day."""
        return day.weekday() < _SATURDAY and day not in _holidays(self.country or "")

    def after(self, day: date, days: int) -> date:
        """Return the day that many business days later; 0: the day itself."""
        while days > 0:
            day += timedelta(days=1)
            days -= self.business(day)
        return day

    def before(self, day: date) -> date:
        """Return the last business day before a day."""
        day -= timedelta(days=1)
        while not self.business(day):
            day -= timedelta(days=1)
        return day

    def works(self, moment: datetime) -> bool:
        """Return whether a new task is welcome: a business day, in hours, not Friday afternoon."""
        there = moment.astimezone(self.zone)
        if self.hours is None:
            return True
        if not self.business(there.date()):
            return False
        end = min(self.hours.end, _NOON) if there.weekday() == _FRIDAY else self.hours.end
        return self.hours.start <= there.time() < end

    def postpones(self, moment: datetime, wanted: datetime) -> bool:
        """Return whether a task that was first ``wanted`` then is still to wait for its hours."""
        return not self.works(moment) and moment - wanted < PATIENCE


def known_country(code: str) -> bool:
    """Return whether the holidays of a country, or of a part of it ("DE-BY"), are known."""
    country, _, part = code.partition("-")
    known = holidays.list_supported_countries()
    return country in known and (not part or part in known[country])


@cache
def _holidays(code: str) -> Container[date]:
    if not code or not known_country(code):
        return frozenset()
    country, _, part = code.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)
