"""Where generated records are collected, and how moments become Salesforce values.

Know before changing: ids are numbered per object in the order rows are added, so that order is part
of what a seed means to Salesforce.

Does not do: know what a row is about.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
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
    """All rows by object, and the moment they are written for (aware, whole seconds)."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.rows: dict[str, list[Row]] = {name: [] for name in PREFIXES}
        self._numbers: Counter[str] = Counter()
        self.robot: str | None = None  # who made what no person made

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
