"""Rows in memory: tables, the unique index, deletions, and a journal to roll back.

Know before changing: ``put`` and ``remove`` are the only ways a row changes, because they keep the
unique index and the journal true. A row is never changed in place: a change is a new dict under
the same id, so pages of a query that is still being read keep what they held.

Rows are sparse: an absent key is null. (A hundred thousand rows with every field spelled out would
take ten times the memory.)

Does not do: checks, stamps, rights; no locking either, ``Org.lock`` covers it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from crmrules_sandbox.salesforce.failure import ApiError
from crmrules_sandbox.salesforce.ids import sfid
from crmrules_sandbox.salesforce.schema import Field, SObject

Row = dict[str, Any]
_FIRST_NUMBER = 10_000_000  # leaves the low numbers to seeded rows, so new ids sort after them


class Deletion(NamedTuple):
    """One deleted row as getDeleted reports it; ``at`` is a Salesforce datetime string."""

    sobject: str
    record_id: str
    at: str


class Store:
    """The tables of one org; ``recycled_keys_block``: does a row in the bin keep its unique key."""

    def __init__(self, schema: Mapping[str, SObject], *, recycled_keys_block: bool = True) -> None:
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in schema}
        self.deletions: list[Deletion] = []
        self.recycled_keys_block = recycled_keys_block
        self._unique: dict[str, tuple[Field, ...]] = {
            name: tuple(f for f in sobject.fields.values() if f.unique)
            for name, sobject in schema.items()
        }
        self._index: dict[tuple[str, str], dict[str, str]] = {
            (name, f.name): {} for name, fields in self._unique.items() for f in fields
        }
        self._prefixes = {name: sobject.prefix for name, sobject in schema.items()}
        self._numbers: dict[str, int] = {}
        self._journal: list[tuple[str, str, Row | None]] | None = None
        self._depth = 0

    def new_id(self, sobject: str) -> str:
        """Return an id no row of the object has; later ids sort after earlier ones."""
        table = self.tables[sobject]
        while True:
            number = self._numbers.get(sobject, _FIRST_NUMBER) + 1
            self._numbers[sobject] = number
            if (found := sfid(self._prefixes[sobject], number)) not in table:
                return found

    def put(self, sobject: str, row: Row) -> None:
        """Store a row under its Id; raises ApiError DUPLICATE_VALUE if a unique key is taken."""
        record_id = row["Id"]
        old = self.tables[sobject].get(record_id)
        for field in self._unique[sobject]:
            self._check_unique(sobject, field, row)
        if self._journal is not None:
            self._journal.append((sobject, record_id, old))
        self._place(sobject, record_id, row, old)

    def remove(self, sobject: str, record_id: str) -> None:
        """Take a row away for good."""
        old = self.tables[sobject].get(record_id)
        if self._journal is not None:
            self._journal.append((sobject, record_id, old))
        self._place(sobject, record_id, None, old)

    def find(self, sobject: str, field: Field, value: str) -> str | None:
        """Return the id that holds a unique key, in the bin too if keys there still block."""
        return self._index[sobject, field.name].get(_key(field, value))

    def add_field(self, sobject: str, field: Field) -> None:
        """Keep a new field's values unique from now on, if it asks for that."""
        self.drop_index(sobject, field.name)
        if field.unique:
            self._unique[sobject] = (*self._unique[sobject], field)
            self._index[sobject, field.name] = {
                _key(field, str(row[field.name])): record
                for record, row in self.tables[sobject].items()
                if row.get(field.name) is not None
            }

    def drop_field(self, sobject: str, name: str) -> None:
        """Forget a field: its values go from every row."""
        self.drop_index(sobject, name)
        for record, row in self.tables[sobject].items():
            if name in row:
                self.tables[sobject][record] = {k: v for k, v in row.items() if k != name}

    def drop_index(self, sobject: str, name: str) -> None:
        """Let the values of a field repeat."""
        self._unique[sobject] = tuple(f for f in self._unique[sobject] if f.name != name)
        self._index.pop((sobject, name), None)

    @contextmanager
    def atomic(self) -> Iterator[Callable[[], None]]:
        """Undo every change of the block if it raises, or when the block calls what it is given.

        Blocks may be nested; the outer one can still undo what an inner one kept.
        """
        if self._depth == 0:
            self._journal = []
        journal = self._journal if self._journal is not None else []
        self._depth += 1
        changes, gone = len(journal), len(self.deletions)

        def undo() -> None:
            while len(journal) > changes:
                sobject, record_id, row = journal.pop()
                self._place(sobject, record_id, row, self.tables[sobject].get(record_id))
            del self.deletions[gone:]

        try:
            yield undo
        except BaseException:
            undo()
            raise
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._journal = None

    def _place(self, sobject: str, record_id: str, row: Row | None, old: Row | None) -> None:
        for field in self._unique[sobject]:
            index = self._index[sobject, field.name]
            if (key := self._held(field, old)) is not None:
                index.pop(key, None)
            if (key := self._held(field, row)) is not None:
                index[key] = record_id
        if row is None:
            self.tables[sobject].pop(record_id, None)
        else:
            self.tables[sobject][record_id] = row

    def _held(self, field: Field, row: Row | None) -> str | None:
        if row is None or row.get(field.name) is None:
            return None
        if row.get("IsDeleted") and not self.recycled_keys_block:
            return None
        return _key(field, str(row[field.name]))

    def _check_unique(self, sobject: str, field: Field, row: Row) -> None:
        key = self._held(field, row)
        holder = None if key is None else self._index[sobject, field.name].get(key)
        if holder is not None and holder != row["Id"]:
            # The id in this message has 15 characters (recorded by several integrators).
            message = (
                f"duplicate value found: {field.name} duplicates value on record with id:"
                f" {holder[:15]}"
            )
            raise ApiError(400, "DUPLICATE_VALUE", message, [])


def _key(field: Field, value: str) -> str:
    return value if field.case_sensitive else value.casefold()
