"""Which opportunities a pull wants, and how much around each (decisions, 12).

It knows no CRM and reads no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Self


def _back(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


@dataclass(frozen=True, slots=True)
class Levels:
    """The two dates of the scope, from the day the pull began."""

    closed_from: date
    won_from: date

    @classmethod
    def on(cls, day: date) -> Self:
        """Return the levels as of a day."""
        return cls(_back(day, 2), _back(day, 1))

    def of(self, closed: bool, won: bool, close_date: date) -> int:
        """Return 2 when activities are wanted, 1 for the opportunity and its history, else 0."""
        if not closed or (won and close_date >= self.won_from):
            return 2
        return 1 if close_date >= self.closed_from else 0
