"""Dates of an export, turned into ISO 8601 or refused.

Know before changing: 02/03/24 is two different days. A date that is not ISO is read only in the
order the settings state; without it, or against it, the whole export is refused with the file, the
column and the value, because one wrong month moves every judgement.

It guesses no order, not even where one value would give it away; it only mentions that.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from crmrules.errors import UsageError
from crmrules_export.config import Order

_NAME = re.compile(r"(?:^|\.)(?:\w*(?:Date|DateTime|_At__c)|SystemModstamp)$")
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?\s?(?:Z|UTC|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_NUMERIC = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)"
    r"(?:,?[ T]+(\d{1,2}):(\d\d)(?::(\d\d))?(?:\s?([AaPp])\.?[Mm]\.?)?)?",
    re.ASCII,
)


def is_date(column: str) -> bool:
    """Return whether a column holds dates, by the way Salesforce names such fields."""
    return _NAME.search(column) is not None


class Dates:
    """Reads the dates of one export."""

    def __init__(self, order: Order, time_zone: str) -> None:
        self._order = order
        self._zone = ZoneInfo(time_zone)

    def iso(self, value: str, *, file: str, column: str) -> str:
        """Return a date, or a date and time in UTC, as ISO 8601; raises UsageError."""
        text = value.strip()
        if _ISO.fullmatch(text):
            return self._from_iso(text, file, column)
        found = _NUMERIC.fullmatch(text)
        if found is None:
            raise UsageError(
                f"column {column} has '{text[:40]}', which is not a date",
                where=file,
                remedy="Export dates as YYYY-MM-DD, or as numbers with [export] dates stated.",
            )
        if self._order == "iso":
            raise _ambiguous(text, file, column, found)
        return self._from_numbers(found, text, file, column)

    def _from_iso(self, text: str, file: str, column: str) -> str:
        try:
            moment = datetime.fromisoformat(text.replace("UTC", "Z").replace(" Z", "Z"))
        except ValueError:
            raise _impossible(text, file, column) from None
        return text if len(text) == 10 else self._utc(moment)

    def _from_numbers(self, found: re.Match[str], text: str, file: str, column: str) -> str:
        one, two = int(found[1]), int(found[3])
        month, day = (one, two) if self._order == "mdy" else (two, one)
        year = int(found[4])
        if len(found[4]) == 2:
            year += 2000 if year < 70 else 1900
        hour = int(found[5] or 0)
        if found[8] is not None:
            hour = hour % 12 + (12 if found[8] in "pP" else 0)
        try:
            moment = datetime(year, month, day, hour, int(found[6] or 0), int(found[7] or 0))  # noqa: DTZ001 - the zone follows
        except ValueError:
            raise _impossible(text, file, column, self._order) from None
        return moment.date().isoformat() if found[5] is None else self._utc(moment)

    def _utc(self, moment: datetime) -> str:
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=self._zone)
        try:
            return aware.astimezone(UTC).isoformat()
        except OverflowError:
            return aware.replace(tzinfo=UTC).isoformat()


def _ambiguous(text: str, file: str, column: str, found: re.Match[str]) -> UsageError:
    hint = ""
    if int(found[3]) > 12 >= int(found[1]):
        hint = ' (this value can only be "mdy")'
    elif int(found[1]) > 12 >= int(found[3]):
        hint = ' (this value can only be "dmy")'
    return UsageError(
        f"column {column} has '{text}': the order of day and month is not stated",
        where=file,
        remedy=f'Set dates = "mdy" or dates = "dmy" in [export]{hint}.',
    )


def _impossible(text: str, file: str, column: str, order: str = "iso") -> UsageError:
    return UsageError(
        f"column {column} has '{text}', which is no date when read as \"{order}\"",
        where=file,
        remedy="Check [export] dates; one order must fit the whole export.",
    )
