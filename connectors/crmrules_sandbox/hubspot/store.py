"""Records, associations and unique values in memory.

Know before changing: ``set_value`` and ``place`` are the only ways a value gets in, because they
keep the unique index true. An association is kept once per direction and survives archiving: a
restored record has its associations back. Records order by the number their id says.

``revision`` moves with every change; who changes a record elsewhere moves it too (archiving).

Does not do: checks, stamps, calculated values; no locking either, ``Portal.lock`` covers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from crmrules_sandbox.hubspot.records import Link, Record, Version

Node = tuple[str, str]


class Store:
    """The contents of one portal; ``unique`` names the unique properties of each type."""

    def __init__(self, types: Iterable[str], unique: dict[str, set[str]]) -> None:
        self.tables: dict[str, dict[str, Record]] = {name: {} for name in types}
        self.unique = unique
        self._keys: dict[tuple[str, str], dict[str, list[str]]] = {}
        self._links: dict[Node, dict[str, dict[str, Link]]] = {}
        self._highest: dict[str, int] = {}
        self.merged: dict[Node, list[str]] = {}
        self.revision = 0

    # -- records ----------------------------------------------------------------------------------
    def new_id(self, kind: str) -> str:
        """Return an id no record of the type ever had."""
        return str(self._highest.get(kind, 90_000_000_000) + 1)

    def place(self, record: Record) -> None:
        """Store a record as it is."""
        self.revision += 1
        if (old := self.tables[record.type].get(record.id)) is not None:
            for name in self.unique[record.type]:
                self._unindex(old, name)
        self.tables[record.type][record.id] = record
        if record.merged_into is not None:
            self.merged.setdefault((record.type, record.merged_into), []).append(record.id)
        self._highest[record.type] = max(self._highest.get(record.type, 0), int(record.id))
        for name in self.unique[record.type] & set(record.history):
            self._index(record, name)

    def remove(self, kind: str, record_id: str) -> None:
        """Take a record away for good, its associations too."""
        self.revision += 1
        if (record := self.tables[kind].pop(record_id, None)) is None:
            return
        for name in self.unique[kind]:
            self._unindex(record, name)
        for to_type, targets in list(self._links.pop((kind, record_id), {}).items()):
            for to_id in targets:
                self._links.get((to_type, to_id), {}).get(kind, {}).pop(record_id, None)

    def set_value(self, record: Record, name: str, version: Version) -> None:
        """Append a version to a property's history."""
        self.revision += 1
        unique = name in self.unique[record.type]
        if unique:
            self._unindex(record, name)
        record.history.setdefault(name, []).append(version)
        if unique:
            self._index(record, name)

    def make_unique(self, kind: str, name: str) -> None:
        """Index a property from now on."""
        self.unique[kind].add(name)
        for record in self.tables[kind].values():
            self._index(record, name)

    def holders(self, kind: str, name: str, value: str) -> list[Record]:
        """Return the records, archived ones too, whose unique property has that value."""
        ids = self._keys.get((kind, name), {}).get(value.casefold(), ())
        return [self.tables[kind][each] for each in ids]

    def _index(self, record: Record, name: str) -> None:
        if key := _last(record, name):
            self._keys.setdefault((record.type, name), {}).setdefault(key, []).append(record.id)

    def _unindex(self, record: Record, name: str) -> None:
        held = self._keys.get((record.type, name), {})
        if (key := _last(record, name)) in held:
            held[key] = [each for each in held[key] if each != record.id]

    # -- associations -----------------------------------------------------------------------------
    def link(self, link: Link) -> None:
        """Associate two records; labels of an association that is there already add up."""
        self.revision += 1
        old = self.linked(link.from_type, link.from_id, link.to_type).get(link.to_id)
        if old is not None:
            labels = tuple(dict.fromkeys((*old.labels, *link.labels)))
            link = replace(link, labels=labels, primary=old.primary or link.primary)
        back = Link(
            link.to_type, link.to_id, link.from_type, link.from_id, link.labels, link.primary
        )
        for each in (link, back):
            node = self._links.setdefault((each.from_type, each.from_id), {})
            node.setdefault(each.to_type, {})[each.to_id] = each

    def unlink(self, from_type: str, from_id: str, to_type: str, to_id: str) -> None:
        """Take an association away, all its labels too."""
        self.revision += 1
        self._links.get((from_type, from_id), {}).get(to_type, {}).pop(to_id, None)
        self._links.get((to_type, to_id), {}).get(from_type, {}).pop(from_id, None)

    def linked(self, from_type: str, from_id: str, to_type: str) -> dict[str, Link]:
        """Return the associations of a record to a type by the other's id, archived ones too."""
        return self._links.get((from_type, from_id), {}).get(to_type, {})

    def all_links(self, from_type: str, from_id: str) -> Iterator[Link]:
        """Yield every association of a record."""
        for targets in self._links.get((from_type, from_id), {}).values():
            yield from targets.values()


def _last(record: Record, name: str) -> str:
    versions = record.history.get(name)
    return versions[-1].value.casefold() if versions else ""
