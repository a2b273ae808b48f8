"""Puts many ready rows into the tables at once.

Know before changing: this is on the path of every test and of the demo, a hundred thousand rows at
a time; it looks at the keys of all rows once per table, not once per row.

Does not do: check values or rights. What comes in is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.salesforce.derive import fill
from crmrules_sandbox.salesforce.values import stamp

if TYPE_CHECKING:
    from crmrules_sandbox.salesforce.org import Org

_DERIVED = {"Task": "IsClosed", "Opportunity": "IsClosed", "Contact": "Name", "User": "Name"}


def _left_out(org: Org, name: str, rows: list[Mapping[str, Any]]) -> set[str]:
    """Return the keys of a missing feature; raises ValueError for keys nobody knows."""
    keys: set[str] = set().union(*rows)
    unknown = keys - set(org.schema[name].fields)
    if strange := unknown - set(org.full_schema[name].fields):
        raise ValueError(f"{name} has no field {', '.join(sorted(strange))}")
    return unknown


def load_rows(org: Org, name: str, records: Iterable[Mapping[str, Any]]) -> None:
    """Store the rows of one object; see ``Org.load``."""
    if name not in org.full_schema:
        raise ValueError(f"the sandbox has no object {name}")
    if name not in org.schema:
        return
    rows = list(records)
    left_out = _left_out(org, name, rows)
    sobject, store, now = org.schema[name], org.store, stamp(org.now())
    template = {f.name: False for f in sobject.fields.values() if f.type == "boolean"}
    stamps = [s for s in ("LastModifiedDate", "SystemModstamp") if s in sobject.fields]
    people = [s for s in ("CreatedById", "LastModifiedById") if s in sobject.fields]
    derived = _DERIVED.get(name)
    for record in rows:
        row = {**template, **record}
        for key in left_out:
            row.pop(key, None)
        if not row.get("Id"):
            row["Id"] = store.new_id(name)
        at = row.setdefault("CreatedDate", now)
        for key in stamps:
            at = row.setdefault(key, at)
        for key in people:
            row.setdefault(key, org.user_id)
        if derived is not None and derived not in record:
            fill(org, name, {}, row)
        store.put(name, row)
