"""Deletes one record and what hangs on it, softly or for good.

Know before changing: a deleted row stays in its table with IsDeleted, so ``queryAll`` and the
unique index still meet it; a hard-deleted one lives on only in the list that getDeleted reads.

Does not do: empty the bin by age, undelete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.salesforce.failure import ApiError, not_found
from crmrules_sandbox.salesforce.store import Deletion, Row
from crmrules_sandbox.salesforce.values import stamp
from crmrules_sandbox.salesforce.writes import living, object_for_write

if TYPE_CHECKING:
    from crmrules_sandbox.salesforce.org import Org, View

_CASCADE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Opportunity": (
        ("OpportunityContactRole", "OpportunityId"),
        ("OpportunityHistory", "OpportunityId"),
        ("OpportunityFieldHistory", "OpportunityId"),
        ("OpportunityLineItem", "OpportunityId"),
        ("OpportunityCompetitor", "OpportunityId"),
        ("Quote", "OpportunityId"),
        ("Task", "WhatId"),
        ("Event", "WhatId"),
    ),
    "Quote": (("QuoteLineItem", "QuoteId"),),
    "Event": (("EventRelation", "EventId"),),
}


def delete(view: View, record_id: str) -> str:
    """Move a record, and what hangs on it, to the recycle bin; return its id. Raises ApiError."""
    name = view.org.sobject_of(record_id)
    if name is None:
        raise ApiError(400, "MALFORMED_ID", f"malformed id {record_id}", [])
    sobject = object_for_write(view, name, "delete")
    row = living(view, sobject, record_id)
    view.org.meet_locks(row["Id"])
    if "IsDeleted" not in sobject.fields:  # such an object has no recycle bin
        view.org.store.remove(name, row["Id"])
        return str(row["Id"])
    _recycle(view.org, name, row)
    return str(row["Id"])


def hard_delete(org: Org, record_id: str) -> None:
    """Remove a record and what hangs on it for good. Raises ApiError if there is none."""
    name = org.sobject_of(record_id) or ""
    row = org.store.tables.get(name, {}).get(record_id)
    if row is None:
        raise not_found()
    for child, each in list(_children(org, name, record_id)):
        org.store.remove(child, each["Id"])
        org.store.deletions.append(Deletion(child, each["Id"], stamp(org.now())))
    org.store.remove(name, record_id)
    if not row.get("IsDeleted"):
        org.store.deletions.append(Deletion(name, record_id, stamp(org.now())))


def _recycle(org: Org, name: str, row: Mapping[str, Any]) -> None:
    now = stamp(org.now())
    for child, each in list(_children(org, name, row["Id"])):
        if not each.get("IsDeleted"):
            _recycle(org, child, each)
    gone: Row = {**row, "IsDeleted": True}
    if "SystemModstamp" in org.schema[name].fields:
        gone["SystemModstamp"] = now
    org.store.put(name, gone)
    org.store.deletions.append(Deletion(name, row["Id"], now))


def _children(org: Org, name: str, record_id: str) -> Iterator[tuple[str, Row]]:
    for child, key in _CASCADE.get(name, ()):
        for row in org.store.tables.get(child, {}).values():
            if row.get(key) == record_id:
                yield child, row
