"""Exported records in the shape the live reader gets: ISO dates, API names, parents resolved.

Know before changing: a parent's field (``Account.Name``) comes from a column of that name, else
from the parent's own file through the id column. Where the column, the file or the parent's row is
missing, the field stays absent; only a blank id makes it null.

Parents are held in memory, with the fields that are needed and no others; children never are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crmrules_export.dates import Dates, is_date
from crmrules_export.files import Source
from crmrules_salesforce.rows import Table

PARENTS = {
    "Account": "Account",
    "Contact": "Contact",
    "Manager": "User",
    "Owner": "User",
    "Quote": "Quote",
    "RecordType": "RecordType",
}
"""Relationship name -> object that it leads to."""

Record = Mapping[str, Any]
_LONG_ID = re.compile(r"[0-9A-Za-z]{18}", re.ASCII)


class AbsentError(LookupError):
    """A field that this export does not have for this record."""


class Records:
    """All records of one export."""

    def __init__(
        self, sources: Iterable[Source], tables: Mapping[str, Table], dates: Dates
    ) -> None:
        self._sources = tuple(sources)
        self._dates = dates
        self._fields: dict[str, set[str]] = {}
        for table in tables.values():
            for path in table.fields:
                self._need(table.object, path)
        self._parents: dict[str, dict[str, Record]] = {}

    def _need(self, owner: str, path: str) -> None:
        self._fields.setdefault(owner, set()).add(path)
        relation, _, rest = path.partition(".")
        if rest:
            self._need(owner, f"{relation}Id")
            self._need(PARENTS.get(relation, relation), rest)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files that were found."""
        return self._sources

    def known(self, owner: str) -> frozenset[str]:
        """Return every field of an object that something may ask for."""
        more = {"FirstName", "LastName"} if owner in ("Contact", "User") else set()
        return frozenset(self._fields.get(owner, set()) | more)

    def of(self, owner: str) -> Iterator[Record]:
        """Yield the records of an object as the API would give them, parents not yet resolved.

        Raises UsageError for a date whose order is not stated.
        """
        for source in self._sources:
            if source.object == owner:
                yield from (self._clean(source, record) for record in source.records())

    def _clean(self, source: Source, record: Record) -> Record:
        names = {name.casefold(): name for name in self.known(source.object)}
        file, clean = source.path.name, {}
        for column, value in record.items():
            name = names.get(column.casefold(), column)
            if (
                isinstance(value, str)
                and _dated(name, record)
                and name in self.known(source.object)
            ):
                value = self._dates.iso(value, file=file, column=column) if value.strip() else None  # noqa: PLW2901 - the value in its final form
            clean[name] = value
        if "Name" not in clean and "LastName" in clean:
            parts = (clean.get("FirstName"), clean["LastName"])
            clean["Name"] = " ".join(str(part) for part in parts if part) or None
        return clean

    def full(self, table: Table, record: Record) -> dict[str, Any]:
        """Return the record with every path of the table that this export can give."""
        found: dict[str, Any] = {}
        for path in table.fields:
            try:
                found[path] = self._at(record, path)
            except AbsentError:
                continue
        return found

    def _at(self, record: Record, path: str) -> Any:
        if path in record:
            return record[path]
        relation, _, rest = path.partition(".")
        if not rest:
            raise AbsentError(path)
        nested = record.get(relation)
        if isinstance(nested, Mapping):
            return self._at(nested, rest)
        if f"{relation}Id" not in record:
            raise AbsentError(path)
        parent_id = record[f"{relation}Id"]
        if parent_id is None:
            return None
        parent = self._parent(PARENTS.get(relation, relation)).get(_key(parent_id))
        if parent is None:
            raise AbsentError(path)
        return self._at(parent, rest)

    def _parent(self, owner: str) -> dict[str, Record]:
        if owner not in self._parents:
            wanted = self.known(owner) | {"Id"}
            self._parents[owner] = {
                _key(record["Id"]): {k: v for k, v in record.items() if k in wanted}
                for record in self.of(owner)
                if record.get("Id") is not None
            }
        return self._parents[owner]


def _key(record_id: Any) -> str:
    """Return what two forms of an id have in common; any other key, such as a name, as it is."""
    known = str(record_id)
    return known[:15] if _LONG_ID.fullmatch(known) else known


def _dated(name: str, record: Record) -> bool:
    """Return whether a value is a date; in field history that depends on the field's name."""
    if name in ("OldValue", "NewValue"):
        return is_date(str(record.get("Field")))
    return is_date(name)
