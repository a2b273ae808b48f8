"""Where rendered records are collected: ids, histories, links.

Know before changing: the nth records of all types share an id, and ids grow from ten to eleven
digits, because in a portal they do both and a connector must not care. A property without a value
has no history.

Does not do: know what a record is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime

from crmrules_sandbox.hubspot.records import Link, Owner, Record, Version

_FIRST, _STEP = 9_999_990_000, 137
_MODIFIED = {"contacts": "lastmodifieddate"}
_CREATED = {"deals": "createdate", "contacts": "createdate", "companies": "createdate"} | {
    "line_items": "createdate"
}

Value = str | int | float | bool | datetime | None


def stamp(moment: datetime | date) -> str:
    """Return a moment the way HubSpot writes it; a day is midnight UTC."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def text(value: Value | date) -> str:
    """Return a value as HubSpot keeps it; None is the empty text."""
    if value is None:
        return ""
    if isinstance(value, date):
        return stamp(value)
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
        for name, value in {**properties, _CREATED.get(kind, "hs_createdate"): at}.items():
            self.change(record, at, by, name, value)
        self.change(record, at, None, _MODIFIED.get(kind, "hs_lastmodifieddate"), at)
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
        if at > record.updated:
            record.updated = at
            self.change(record, at, None, _MODIFIED.get(record.type, "hs_lastmodifieddate"), at)

    def link(self, start: Record, end: Record, *labels: str, primary: bool = False) -> None:
        """Associate two records."""
        self.links.append(Link(start.type, start.id, end.type, end.id, labels, primary))
