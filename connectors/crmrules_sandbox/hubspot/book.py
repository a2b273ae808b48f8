"""Where rendered records are collected: ids, histories, links.

Know before changing: the nth records of all types share an id, and ids grow from ten to eleven
digits, because in a portal they do both and a connector must not care. A property without a value
has no history; what HubSpot calculates from others is not entered.

Does not do: know what a record is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime

from crmrules_sandbox.hubspot.records import Link, Owner, Record, Version
from crmrules_sandbox.hubspot.schema import created_name
from crmrules_sandbox.hubspot.values import stamp

_FIRST, _STEP = 9_999_990_000, 137
Value = str | int | float | bool | datetime | None


def text(value: Value | date) -> str:
    """Return a value as HubSpot keeps it: None is the empty text, a day its midnight in UTC."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return stamp(datetime(value.year, value.month, value.day, tzinfo=UTC))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def minted(number: int) -> str:
    """Return the id of the nth record of any type."""
    return str(_FIRST + _STEP * number)


class Book:
    """All records and links; every change is made by somebody, or by HubSpot itself (None)."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.links: list[Link] = []
        self._numbers: Counter[str] = Counter()

    def add(
        self, kind: str, at: datetime, by: Owner, properties: Mapping[str, Value | date]
    ) -> Record:
        """Add a record made at a moment with these values and return it."""
        self._numbers[kind] += 1
        record = Record(kind, minted(self._numbers[kind]), at, at, {})
        self.records.append(record)
        for name, value in {**properties, created_name(kind): at}.items():
            self.change(record, at, by, name, value)
        return record

    def change(
        self, record: Record, at: datetime, by: Owner | None, name: str, value: Value | date
    ) -> None:
        """Add a version to a property, unless it has that value already."""
        new, versions = text(value), record.history.get(name, [])
        if new == (versions[-1].value if versions else ""):
            return
        version = (
            Version(new, at, source_type="CALCULATED")
            if by is None
            else Version(new, at, source_id=f"userId:{by.user_id}", user_id=by.user_id)
        )
        record.history.setdefault(name, []).append(version)
        record.updated = max(record.updated, at)

    def link(self, start: Record, end: Record, *labels: str, primary: bool = False) -> None:
        """Associate two records."""
        self.links.append(Link(start.type, start.id, end.type, end.id, labels, primary))
