"""Where generated records are collected, and how moments become Salesforce values.

Know before changing: everything is told in days before ``now``; ``Ledger.moment`` turns that into a
working hour of the owner and never past ``now``. Weekends move back to Friday (forward to Monday
for what lies ahead), so the order of two moments at least three days apart never changes.

Does not do: know what a story is.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from crmrules_sandbox.salesforce.ids import sfid

Row = dict[str, Any]

PREFIXES = {
    "Organization": "00D", "User": "005", "Account": "001", "Contact": "003", "Opportunity": "006",
    "OpportunityContactRole": "00K", "OpportunityHistory": "008", "OpportunityFieldHistory": "017",
    "OpportunityLineItem": "00k", "Product2": "01t", "OpportunityCompetitor": "00J", "Quote": "0Q0",
    "QuoteLineItem": "0QL", "Task": "00T", "Event": "00U", "EventRelation": "0RE",
    "EmailMessage": "02s", "OpportunityStage": "01J", "TaskStatus": "01T",
}  # fmt: skip
"""Object -> key prefix, and the list of objects that are seeded."""

_UNSTAMPED = frozenset({"OpportunityHistory", "OpportunityFieldHistory"})
_UNDELETABLE = frozenset({"Organization", "User", "OpportunityStage", "TaskStatus"})


def stamp(moment: datetime) -> str:
    """Return a moment the way the REST API writes it, whole seconds in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse(text: str) -> datetime:
    """Return the aware moment of a Salesforce datetime string."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


class Ledger:
    """All rows by object, the one random source, and the clock of the seed (aware, UTC)."""

    def __init__(self, rng: random.Random, now: datetime) -> None:
        self.rng = rng
        self.now = now.astimezone(UTC).replace(microsecond=0)
        self.rows: dict[str, list[Row]] = {name: [] for name in PREFIXES}
        self._numbers: Counter[str] = Counter()
        self.robot: str | None = None  # who made what no person made

    def moment(self, ago: float, *, hour: float | None = None) -> datetime:
        """Return the moment so many days before now (negative: ahead), in working hours.

        ``hour`` is a UTC hour; without one it is drawn between 8 and 16.
        """
        spot = self.rng.uniform(8, 16) if hour is None else hour
        day = (self.now - timedelta(days=ago)).replace(hour=0, minute=0, second=0)
        ahead = ago < 0
        day += timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0) if ahead else 0)
        day -= timedelta(days=0 if ahead else max(0, day.weekday() - 4))
        moment = day + timedelta(seconds=int(spot * 3600))
        if ahead:
            return max(moment, self.now + timedelta(hours=2))
        return min(moment, self.now - timedelta(minutes=30))

    def day(self, ago: float) -> date:
        """Return the calendar day so many days before now."""
        return (self.now - timedelta(days=ago)).date()

    def add(self, name: str, created: datetime, by: str | None = None, **fields: Any) -> Row:
        """Append a row with id and stamps, and return it for further filling."""
        self._numbers[name] += 1
        row: Row = {"Id": sfid(PREFIXES[name], self._numbers[name] * 7 + 1000)}
        author = by or self.robot or row["Id"]
        if name not in _UNDELETABLE:
            row["IsDeleted"] = False
        row |= {"CreatedDate": stamp(created), "CreatedById": author}
        if name not in _UNSTAMPED:
            row |= {"LastModifiedDate": stamp(created), "LastModifiedById": author}
        if name != "OpportunityFieldHistory":
            row["SystemModstamp"] = stamp(created)
        row |= fields
        self.rows[name].append(row)
        return row

    def touch(self, row: Row, moment: datetime, by: str | None = None) -> None:
        """Record that a row was last changed at the moment, if it was not changed later."""
        text = stamp(moment)
        if text > row["LastModifiedDate"]:
            row |= {"LastModifiedDate": text, "SystemModstamp": text}
            row["LastModifiedById"] = by or row["LastModifiedById"]
