"""Names of a query to readers of rows.

Know before changing: a field the user may not see does not exist, so a hidden field and a misspelt
one give the same error, as in a real org. A polymorphic relationship (What, Who, a task's Owner)
leads to the pseudo-object Name, which knows only ``_NAME_FIELDS``.

Does not do: check whether a field may be filtered, sorted or grouped; its users do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crmrules_sandbox.salesforce.schema import Field, SObject
from crmrules_sandbox.salesforce.soql.errors import no_column, no_relationship
from crmrules_sandbox.salesforce.soql.nodes import Path
from crmrules_sandbox.salesforce.soql.tables import Tables

Row = Mapping[str, Any]
Getter = Callable[[Row], Any]
Last = Callable[[SObject | None, Row], Any]

_NAME_FIELDS = {
    name.lower(): Field(name=name, type=type_, label=name, createable=False, updateable=False)
    for name, type_ in {
        "Id": "id",
        "Name": "string",
        "Type": "picklist",
        "FirstName": "string",
        "LastName": "string",
        "Email": "email",
        "Phone": "phone",
        "Title": "string",
        "Username": "string",
        "Alias": "string",
        "IsActive": "boolean",
    }.items()
}

_NAME_OF = {"Case": "CaseNumber", "Contract": "ContractNumber"}
"""Objects whose name field is not called Name."""


@dataclass(frozen=True, slots=True)
class Link:
    """One step to a parent: how to reach its row, and which object it is (None if polymorphic)."""

    name: str
    parent: Callable[[Row], tuple[SObject, Row] | None]
    target: SObject | None


@dataclass(frozen=True, slots=True)
class Bound:
    """A path that exists: its field and how to read its value.

    ``get`` reads from a row of the scope, ``last`` from the row at the end of ``links``; ``direct``
    is true for a field of the queried object itself.
    """

    field: Field
    get: Getter
    last: Last
    links: tuple[Link, ...]
    direct: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """An object being queried, with what is needed to understand paths from it."""

    org: Tables
    sobject: SObject
    text: str
    alias: str | None = None

    def bind(self, path: Path) -> Bound:
        """Find the field of a path; raises SoqlError INVALID_FIELD if any part does not exist."""
        parts = path.parts
        own_names = {self.sobject.name.lower(), (self.alias or "").lower()}
        if len(parts) > 1 and parts[0].lower() in own_names:
            parts = parts[1:]
        links: list[Link] = []
        here: SObject | None = self.sobject
        for part in parts[:-1]:
            if here is None:
                raise no_relationship(self.text, path.position, part)
            link = self._link(here, part, path)
            links.append(link)
            here = link.target
        field = (
            _NAME_FIELDS.get(parts[-1].lower()) if here is None else self._field(here, parts[-1])
        )
        if field is None:
            entity = "Name" if here is None else here.name
            raise no_column(self.text, path.position, parts[-1], entity)
        last = _name_getter(field.name) if here is None else _row_getter(field.name)
        return Bound(field, _through(links, last), last, tuple(links), direct=not links)

    def _field(self, sobject: SObject, name: str) -> Field | None:
        lowered = name.lower()
        visible = self.org.visible(sobject.name)
        if name in visible and name in sobject.fields:
            return sobject.fields[name]
        for known, field in sobject.fields.items():
            if known.lower() == lowered and known in visible:
                return field
        return None

    def _link(self, sobject: SObject, name: str, path: Path) -> Link:
        lowered = name.lower()
        visible = self.org.visible(sobject.name)
        for field in sobject.fields.values():
            if (field.relationship_name or "").lower() != lowered or field.name not in visible:
                continue
            targets = [t for t in map(self.org.sobject, field.reference_to) if t is not None]
            if not targets:
                break
            by_prefix = {target.prefix: target for target in targets}
            target = None if field.polymorphic else targets[0]
            parent = _parent(self.org, field.name, by_prefix)
            return Link(field.relationship_name or name, parent, target)
        raise no_relationship(self.text, path.position, name)


def _parent(
    org: Tables, key: str, by_prefix: Mapping[str, SObject]
) -> Callable[[Row], tuple[SObject, Row] | None]:
    def parent(row: Row) -> tuple[SObject, Row] | None:
        record_id = row.get(key)
        target = by_prefix.get(record_id[:3]) if record_id else None
        found = org.get(target.name, record_id) if target and record_id else None
        return None if target is None or found is None else (target, found)

    return parent


def _row_getter(name: str) -> Last:
    return lambda _, row: row.get(name)


def _name_getter(name: str) -> Last:
    if name == "Type":
        return lambda sobject, _: sobject.name if sobject else None
    if name == "Name":
        return lambda sobject, row: row.get(_NAME_OF.get(sobject.name if sobject else "", "Name"))
    return lambda _, row: row.get(name)


def _through(links: list[Link], last: Last) -> Getter:
    if not links:
        return lambda row: last(None, row)
    parents = tuple(link.parent for link in links)

    def get(row: Row) -> Any:
        sobject: SObject | None = None
        for parent in parents:
            found = parent(row)
            if found is None:
                return None
            sobject, row = found
        return last(sobject, row)

    return get
