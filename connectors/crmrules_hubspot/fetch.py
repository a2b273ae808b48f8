"""Read records and associations in batches, tell what may not be read, and count the least calls.

Know before changing: a token may lack the scope of quotes, product lines, companies or mail; then
that kind is left out for the whole run, everything about it is unknown, and one problem says so.
The other kinds cannot be done without: without contacts, for one, our own tasks cannot be seen, and
would be made twice. Our own tasks are read a second time, with the history that tells whether
anybody else wrote them.

It keeps no record; a batch is yielded and forgotten.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from crmrules.connector import Problem
from crmrules_hubspot.api import Api, Link, Record
from crmrules_hubspot.errors import MissingScopeError
from crmrules_hubspot.kinds import (
    ASSOCIATIONS,
    KEY,
    OUR_HISTORY,
    ROW_KINDS,
    TASK,
    WITH_HISTORY,
    Kind,
)

OPTIONAL = frozenset({"company", "email", "quote", "line_item"})
"""Kinds without which a run still makes sense."""
FIXED = 5  # account, pipelines, owners, properties of deals and of tasks


def chunks(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """Split ids into sorted lists of at most so many, each id once."""
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


class Fetch:
    """Reads for one run. ``problems`` is what may not be read, by kind."""

    def __init__(self, api: Api, kinds: Mapping[str, Kind]) -> None:
        self.api, self._kinds = api, kinds
        self.problems: dict[str, Problem] = {}
        self._need: Counter[tuple[str, int]] = Counter()

    def kind(self, name: str) -> Kind:
        """Return a kind with the organization's own properties."""
        return self._kinds[name]

    @property
    def readable(self) -> frozenset[str]:
        """The kinds of rows that may be read."""
        return ROW_KINDS - frozenset(self.problems)

    @property
    def floor(self) -> int:
        """The least calls for what was read: full batches of everything (hubspot.md, 6)."""
        return FIXED + sum(math.ceil(n / size) for (_, size), n in self._need.items())

    def need(self, what: str, count: int, size: int) -> None:
        """Count records that no way of reading gets without so many calls."""
        self._need[what, size] += count

    def links(self, from_: Kind, to: Kind, ids: Collection[str]) -> dict[str, list[Link]]:
        """Return the associations of all these records; {} when the other kind may not be read."""
        found: dict[str, list[Link]] = {}
        for part in chunks(ids, ASSOCIATIONS):
            if to.name in self.problems or from_.name in self.problems:
                return {}
            self.need(f"{from_.name} to {to.name}", len(part), ASSOCIATIONS)
            try:
                found |= self.api.links(from_.object, to.object, part)
            except MissingScopeError as error:
                self._without(to if to.name in OPTIONAL else from_, error)
        return found

    def records(self, name: str, ids: Collection[str]) -> Iterator[list[Record]]:
        """Yield the records of a kind, batch by batch; what does not exist is absent."""
        kind = self._kinds[name]
        for part in chunks(ids, kind.batch):
            if name in self.problems:
                return
            self.need(name, len(part), kind.batch)
            try:
                found = self.api.read(kind.object, part, kind.properties, history=kind.history)
            except MissingScopeError as error:
                self._without(kind, error)
                return
            records = list(found.values())
            yield self._told(records) if name == TASK.name else records

    def _told(self, tasks: Sequence[Record]) -> list[Record]:
        """Return tasks, ours with the history of what we write."""
        ours = [str(task["id"]) for task in tasks if task["properties"].get(KEY)]
        with_history = self.with_history(ours)
        self.need("our tasks", len(ours), WITH_HISTORY)
        return [with_history.get(str(task["id"]), task) for task in tasks]

    def with_history(self, ids: Collection[str], *, archived: bool = False) -> dict[str, Record]:
        """Return tasks with the history that tells who wrote them."""
        found: dict[str, Record] = {}
        for part in chunks(ids, WITH_HISTORY):
            found |= self.api.read(
                TASK.object,
                part,
                self._kinds[TASK.name].properties,
                history=OUR_HISTORY,
                archived=archived,
            )
        return found

    def _without(self, kind: Kind, error: MissingScopeError) -> None:
        """Go on without a kind; raise where nothing goes without it."""
        if kind.name not in OPTIONAL:
            raise error
        self.problems[kind.name] = Problem(error.message, error.remedy, signals=kind.unknown)

    def searched(self, kind: Kind, scan: Iterable[Record]) -> set[str]:
        """Return the ids that a scan of a kind finds; none when it may not be read."""
        if kind.name in self.problems:
            return set()
        try:
            return {str(record["id"]) for record in scan}
        except MissingScopeError as error:
            self._without(kind, error)
            return set()
