"""A large imagined org as arithmetic: row number in, JSON out, nothing kept.

Know before changing: rows of a table are numbered in the order of their creation, so a range of
moments is a range of numbers and a page is made from its first number. Opportunities were made in
the older half of ``SPAN`` and their children go round them in the newer half, so no child is older
than its opportunity. Ids are digits only: their case check is always "AAA".

It knows no HTTP, and tells no stories: it is made for size.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

SPAN = timedelta(days=240)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""For those who only count."""
PER_OPPORTUNITY: Mapping[str, float] = {
    "Opportunity": 1,
    "OpportunityContactRole": 2,
    "OpportunityHistory": 4,
    "Task": 8,
    "Event": 2,
    "OpportunityLineItem": 1.5,
}
"""Rows per opportunity; ten activities each make a million of them at 100,000."""
_PREFIX = {
    "Opportunity": "006",
    "OpportunityContactRole": "00K",
    "OpportunityHistory": "008",
    "Task": "00T",
    "Event": "00U",
    "OpportunityLineItem": "00k",
    "Account": "001",
    "Contact": "003",
    "User": "005",
}
STAGES = (
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Proposal/Price Quote",
    "Negotiation/Review",
)
_TITLES = ("Head of Logistics", "Purchasing Manager", "Chief Operating Officer", "Engineer")
_CONSTANT: Mapping[str, Any] = {
    "IsDeleted": False,
    "IsActive": True,
    "TimeZoneSidKey": "Europe/Berlin",
    "LeadSource": "Web",
    "CurrencyIsoCode": "EUR",
    "NumberOfEmployees": 800,
    "IsPrimary": False,
    "Role": "Evaluator",
    "Subject": "Call about the warehouse project",
    "Description": "Talked about the next workshop and who should take part in it. " * 2,
    "Status": "Completed",
    "TaskSubtype": "Call",
    "CallType": "Outbound",
    "CallDisposition": "Connected",
    "CallDurationInSeconds": 480,
    "IsRecurrence": False,
    "IsAllDayEvent": False,
    "IsChild": False,
    "Quantity": 1.0,
    "UnitPrice": 900.0,
    "ListPrice": 1000.0,
    "Discount": 10.0,
    "ProductCode": "WH-100",
}


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one object in an org of so many opportunities."""

    name: str
    opportunities: int
    now: datetime

    @property
    def count(self) -> int:
        """How many rows there are; 0 for an object that this org does not use."""
        return int(self.opportunities * PER_OPPORTUNITY.get(self.name, 0))

    def created(self, number: int) -> int:
        """Return when a row was made, in whole seconds since 1970."""
        first, length = self._made()
        return first + length * number // max(1, self.count)

    def since(self, moment: int) -> int:
        """Return the number of the first row made at the moment or after it."""
        first, length = self._made()
        return min(self.count, max(0, math.ceil((moment - first) * self.count / length)))

    def _made(self) -> tuple[int, int]:
        half = int(SPAN.total_seconds()) // 2
        now = int(self.now.timestamp()) - 60
        return (now - 2 * half, half) if self.name == "Opportunity" else (now - half, half)

    def values(self, number: int) -> dict[str, Any]:
        """Return the fields of a row that are not the same in every row."""
        parent = number % self.opportunities
        made = _stamp(self.created(number))
        shared = {
            "Id": _id(_PREFIX[self.name], number),
            "CreatedDate": made,
            "SystemModstamp": made,
            "LastModifiedDate": made,
            "OwnerId": self._owner(parent),
        }
        return shared | _MORE[self.name](self, number, parent)

    def _owner(self, opportunity: int) -> str:
        return _id("005", 1 + opportunity % max(1, self.opportunities // 50))

    def _contact(self, number: int) -> int:
        return number % max(1, self.opportunities // 2)

    def opportunity(self, number: int, _: int) -> dict[str, Any]:
        """Keep three of four open; the others were won in the last four months."""
        won = number % 4 == 3
        account = number % max(1, self.opportunities // 3)
        day = self.now.date() + timedelta(days=-1 - number % 110 if won else 10 + number % 90)
        stage = "Closed Won" if won else STAGES[number % len(STAGES)]
        return {
            "Name": f"Opportunity {number}",
            "AccountId": _id("001", account),
            "Account.Name": f"Customer {account}",
            "Account.OwnerId": self._owner(number),
            "Account.CreatedDate": _stamp(self._made()[0] - 86_400),
            "Account.Owner.Name": "A Seller",
            "Owner.Name": f"Seller {number % max(1, self.opportunities // 50)}",
            "Owner.ManagerId": _id("005", 0),
            "Owner.Manager.Name": "A Manager",
            "Type": "New Customer",
            "StageName": stage,
            "Amount": 15_000.0 + number % 400 * 1_000,
            "CloseDate": day.isoformat(),
            "IsClosed": won,
            "IsWon": won,
            "ForecastCategoryName": "Closed" if won else "Pipeline",
        }

    def role(self, number: int, parent: int) -> dict[str, Any]:
        """Name two contacts of an opportunity."""
        contact = self._contact(number + number // self.opportunities)
        return {
            "OpportunityId": _id("006", parent),
            "ContactId": _id("003", contact),
            "Contact.Name": f"Contact {contact}",
            "Contact.Title": _TITLES[contact % len(_TITLES)],
            "Contact.Email": f"contact{contact}@bulk.example",
        }

    def history(self, number: int, parent: int) -> dict[str, Any]:
        """Go up the stages to the one that the opportunity has."""
        place, own = number // self.opportunities, self.opportunity(parent, parent)
        stage, last = STAGES[min(place, len(STAGES) - 1)], place == PER_OPPORTUNITY[self.name] - 1
        return {
            "OpportunityId": _id("006", parent),
            "CreatedById": self._owner(parent),
            "StageName": own["StageName"] if last else stage,
            "Amount": own["Amount"],
            "CloseDate": own["CloseDate"],
            "ForecastCategory": "Pipeline",
        }

    def activity(self, number: int, parent: int) -> dict[str, Any]:
        """Tell of something that a seller and one contact did together."""
        made = self.created(number)
        return {
            "WhatId": _id("006", parent),
            "WhoId": _id("003", self._contact(number)),
            "LastModifiedById": self._owner(parent),
            "ActivityDate": _stamp(made)[:10],
            "CompletedDateTime": _stamp(made),
            "StartDateTime": _stamp(made),
            "IsClosed": True,
        }

    def line(self, _: int, parent: int) -> dict[str, Any]:
        """Put a product on an opportunity, ten percent off."""
        return {"OpportunityId": _id("006", parent), "Name": "Warehouse module"}


_MORE: Mapping[str, Callable[[Rows, int, int], dict[str, Any]]] = {
    "Opportunity": Rows.opportunity,
    "OpportunityContactRole": Rows.role,
    "OpportunityHistory": Rows.history,
    "Task": Rows.activity,
    "Event": Rows.activity,
    "OpportunityLineItem": Rows.line,
}
_MARK = re.compile(rb'"@@([^"]+)@@"')


class Template:
    """The JSON of one row for a list of selected fields, with holes for what differs."""

    def __init__(self, rows: Rows, fields: list[str]) -> None:
        self._rows = rows
        record: dict[str, Any] = {"attributes": {"type": rows.name}}
        varying = set(rows.values(0)) if rows.count else set()
        for path in fields:
            _put(record, path.split("."), _hole(path, varying))
        text = orjson.dumps(record).replace(b"%", b"%%")
        self._names = [found.decode() for found in _MARK.findall(text)]
        self._text = _MARK.sub(b"%b", text)

    def page(self, numbers: range) -> bytes:
        """Return the rows of these numbers as a JSON list."""
        return b"[" + b",".join(self._each(numbers)) + b"]"

    def _each(self, numbers: range) -> Iterator[bytes]:
        values, names, text = self._rows.values, self._names, self._text
        for number in numbers:
            row = values(number)
            yield text % tuple([_json(row[name]) for name in names])


def _hole(path: str, varying: set[str]) -> Any:
    if path in varying:
        return f"@@{path}@@"
    return _CONSTANT.get(path.rpartition(".")[2])


def _put(record: dict[str, Any], names: list[str], value: Any) -> None:
    for name in names[:-1]:
        inner = record.get(name)
        if not isinstance(inner, dict):
            inner = record[name] = {}
        record = inner
    record.setdefault(names[-1], value)


def _json(value: Any) -> bytes:
    return b'"%b"' % value.encode() if isinstance(value, str) else orjson.dumps(value)


def _id(prefix: str, number: int) -> str:
    """Return an 18-character id; a prefix with capitals changes the first check character."""
    bits = sum(1 << place for place, char in enumerate(prefix) if "A" <= char <= "Z")
    return f"{prefix}{number:012d}{'ABCDEFGH'[bits]}AA"


def _stamp(seconds: int) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
