"""Reading single values out of a row's body, as types or as unknown.

Know before changing: every reader returns None for an absent column, a null and a value that makes
no sense alike; where absent and empty differ, the caller asks ``name in body``. Values come as JSON
from the API or as text from an export, so both forms are read.

It knows no object and no field.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

Body = Mapping[str, Any]

_YES = frozenset({"true", "yes", "1", "y", "t"})
_NO = frozenset({"false", "no", "0", "n", "f"})


def text(body: Body, name: str) -> str | None:
    """Return a text; None when it is absent, null or blank."""
    value = body.get(name)
    if isinstance(value, str) and value.isascii():  # nearly all are, and need no repair
        return value.strip() or None
    if value is None or isinstance(value, bool):
        return None
    words = str(value).encode("utf-8", "replace").decode("utf-8").strip()
    return words or None


def flag(body: Body, name: str) -> bool | None:
    """Return a checkbox; None when it is absent, null or not a yes or a no."""
    value = body.get(name)
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    return True if word in _YES else False if word in _NO else None


def number(body: Body, name: str) -> float | None:
    """Return a number; None when it is absent, null, not a number or not finite."""
    return as_number(body.get(name))


def as_number(value: Any) -> float | None:
    """Return a number from JSON or from text with a point as its decimal sign."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def moment(body: Body, name: str) -> datetime | None:
    """Return a date and time in UTC; a date alone is its first instant."""
    return as_moment(body.get(name))


def as_moment(value: Any) -> datetime | None:
    """Return an aware UTC datetime from ISO 8601, or None."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(body: Body, name: str) -> date | None:
    """Return a date; of a date and time, its day in UTC."""
    found = moment(body, name)
    return None if found is None else found.date()


def start_of(value: date) -> datetime:
    """Return the first instant of a day, in UTC."""
    return datetime.combine(value, time(), UTC)


def zone(name: str | None) -> tzinfo | None:
    """Return a time zone by its name, such as Europe/Berlin; None where there is none of it."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # one that is not known is a KeyError
        return None


def first(values: Iterable[datetime | None], default: datetime) -> datetime:
    """Return the first moment that is known."""
    return next((value for value in values if value is not None), default)
