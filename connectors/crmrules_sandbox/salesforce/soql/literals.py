"""Dates as the query language writes them, turned into the text that rows hold.

Know before changing: a date literal is a half-open span of days, ``[first, end)``, in the user's
time zone; the sandbox user lives in UTC, and weeks start on Sunday as in the en_US locale. Spans
follow the SOQL reference, "Date Formats and Date Literals": LAST_N_DAYS includes today,
LAST_N_WEEKS, _MONTHS, _QUARTERS and _YEARS do not include the current one. The fiscal year is the
calendar year.

Does not do: time zones other than UTC, custom fiscal years.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_DAY = timedelta(days=1)
_MONTHS = {"MONTH": 1, "QUARTER": 3, "FISCAL_QUARTER": 3, "YEAR": 12, "FISCAL_YEAR": 12}
_PLAIN = re.compile(
    r"YESTERDAY|TODAY|TOMORROW|LAST_90_DAYS|NEXT_90_DAYS"
    r"|(?:LAST|THIS|NEXT)_(?:WEEK|MONTH|(?:FISCAL_)?QUARTER|(?:FISCAL_)?YEAR)"
)
_COUNTED = re.compile(
    r"(?:LAST|NEXT)_N_(?:DAY|WEEK|MONTH|(?:FISCAL_)?QUARTER|(?:FISCAL_)?YEAR)S"
    r"|N_(?:DAY|WEEK|MONTH|(?:FISCAL_)?QUARTER|(?:FISCAL_)?YEAR)S_AGO"
)

Span = tuple[date, date]
"""First day and the day after the last."""


def is_range_name(name: str, *, counted: bool) -> bool:
    """Return True if ``name``, in capitals, is a date literal with or without a number."""
    return bool((_COUNTED if counted else _PLAIN).fullmatch(name))


def span(name: str, count: int | None, today: date) -> Span:
    """Return the days a date literal covers, seen from ``today``."""
    fixed = {
        "YESTERDAY": (-1, 0),
        "TODAY": (0, 1),
        "TOMORROW": (1, 2),
        "LAST_90_DAYS": (-90, 1),
        "NEXT_90_DAYS": (1, 91),
    }
    if name in fixed:
        first, end = fixed[name]
        return today + first * _DAY, today + end * _DAY
    number = count or 0
    if name.startswith("N_"):
        unit = name.removeprefix("N_").removesuffix("S_AGO")
        return _units(unit, today, -number, 1 - number)
    if count is not None:
        which, _, unit = name.removesuffix("S").partition("_N_")
        if unit == "DAY" and which == "LAST":
            return _units(unit, today, -number, 1)
        return _units(unit, today, *((-number, 0) if which == "LAST" else (1, 1 + number)))
    which, _, unit = name.partition("_")
    shift = {"LAST": -1, "THIS": 0, "NEXT": 1}[which]
    return _units(unit, today, shift, shift + 1)


def _units(unit: str, today: date, first: int, end: int) -> Span:
    return _start(unit, today, first), _start(unit, today, end)


def _start(unit: str, today: date, shift: int) -> date:
    if unit == "DAY":
        return today + shift * _DAY
    if unit == "WEEK":
        sunday = today - _DAY * (today.isoweekday() % 7)
        return sunday + shift * 7 * _DAY
    size = _MONTHS[unit]
    months = today.year * 12 + today.month - 1
    months += shift * size - months % size
    return date(months // 12, months % 12 + 1, 1)


def date_text(day: date) -> str:
    """Return a date as rows hold it."""
    return day.isoformat()


def datetime_text(moment: datetime) -> str:
    """Return a moment as rows hold it: UTC, milliseconds, ``+0000``."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000"


def midnight_text(day: date) -> str:
    """Return the first moment of a day as rows hold it."""
    return f"{day.isoformat()}T00:00:00.000+0000"


def parse_date(text: str) -> str:
    """Return a date of the query as rows hold it; raises ValueError if there is no such day."""
    return date.fromisoformat(text).isoformat()


def parse_datetime(text: str) -> str:
    """Return a moment of the query as rows hold it; raises ValueError if there is none such."""
    return datetime_text(datetime.fromisoformat(text))
