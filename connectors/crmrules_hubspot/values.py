"""Reading HubSpot's values: strings or null, instants as ISO 8601 or as milliseconds.

Know before changing: HubSpot keeps days such as the close date as instants; their day is the one in
the time zone of the account. A date without a time is that day everywhere.

It knows no object and no property.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from crmrules import raw
from crmrules.connector import Row
from crmrules.raw import Body, first, flag

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = re.compile(r"-?[0-9]{9,15}")  # 8 digits are a day in ISO 8601
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def properties(row: Row) -> Body:
    """Return the properties of a row's record; none where there are none to be read."""
    found = row.body.get("properties")
    return found if isinstance(found, AnyMapping) else {}


def as_moment(value: Any) -> datetime | None:
    """Return an instant in UTC; None for anything that is not one."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _MILLISECONDS.fullmatch(value.strip()):
        return raw.as_moment(value)
    try:
        return _EPOCH + timedelta(milliseconds=int(value))
    except OverflowError:
        return None


def moment(body: Body, name: str) -> datetime | None:
    """Return an instant in UTC; None when it is absent, null or makes no sense."""
    return as_moment(body.get(name))


def day(body: Body, name: str, zone: tzinfo) -> date | None:
    """Return the day of an instant in the account's time zone."""
    found = moment(body, name)
    if found is None:
        return None
    if _DAY.fullmatch(str(body.get(name)).strip()):
        return found.date()
    try:
        return found.astimezone(zone).date()
    except OverflowError:
        return None


def created(row: Row, default: datetime) -> datetime:
    """Return when a record was made, as its properties or its envelope say."""
    own = properties(row)
    stated = (moment(own, "createdate"), moment(own, "hs_createdate"))
    return first([*stated, moment(row.body, "createdAt")], default)


def changed(row: Row, default: datetime) -> datetime:
    """Return when a record was last changed, by anybody and in any property."""
    own = moment(properties(row), "hs_lastmodifieddate")
    return first([own, moment(row.body, "updatedAt")], default)


def object_id(row: Row) -> str:
    """Return the plain id of a row's record, which is the last part of its key."""
    return raw.text(row.body, "id") or row.id.rpartition("/")[2]


def record(row: Row) -> str:
    """Return the name under which findings cite a row's record."""
    return f"{row.kind}/{object_id(row)}"


def on_account(row: Row) -> bool:
    """Return whether a row shows its record as the company's, not as the deal's."""
    return row.parent.startswith("company/")


def archived(row: Row) -> bool:
    """Return whether HubSpot no longer shows the record."""
    return row.gone or flag(row.body, "archived") is True


def words(value: str | None) -> tuple[str, ...]:
    """Return the values of a multiple selection."""
    return tuple(word.strip() for word in (value or "").split(";") if word.strip())
