"""Everything around a thousand opportunities: listed by association, read where new or changed.

Know before changing: HubSpot tells of no association that was added or removed, so every run lists
all of them and compares with the rows of earlier runs (hubspot.md, 6). What is listed and stored
and has not changed is not read again; what is stored and not listed any more is gone, except a task
of ours, of which it must be known whether somebody deleted it. What is stored of an opportunity
that the run before did not look at (it was lost, or deleted) may have changed unseen, and is read.

It does not decide which opportunities are wanted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from crmrules.connector import Child, Row
from crmrules_hubspot.api import Link
from crmrules_hubspot.fetch import Fetch
from crmrules_hubspot.kinds import (
    CONTACT,
    DEAL,
    ENGAGEMENTS,
    KEY,
    LINE,
    QUOTE,
    QUOTE_LINE,
    ROLE,
    TALKS,
    TASK,
    Kind,
)
from crmrules_hubspot.rows import (
    DELETED,
    around,
    gone,
    labels_stamp,
    quote_line,
    quote_line_key,
    role,
)

Logged = Mapping[str, Mapping[str, list[str]]]
"""Kind -> id of an activity -> keys of the accounts it is about."""
Changed = Mapping[str, set[str]]
"""Kind -> ids that a search says have changed; a kind that is missing was not searched."""


class Known:
    """The rows that earlier runs left; of ``current`` parents every change since is known."""

    def __init__(self, children: Iterable[Child] = (), current: Collection[str] = ()) -> None:
        self._current = current
        self._rows: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
        for child in children:
            self._rows[child.kind][child.parent, child.id] = child.stamp

    def stamp(self, kind: str, parent: str, id_: str) -> str | None:
        """Return the stamp of a row; None when it has to be read."""
        found = self._rows[kind].get((parent, id_)) if parent in self._current else None
        return None if found == DELETED else found

    def of(self, kind: str) -> Mapping[tuple[str, str], str]:
        """Return (parent, row id) -> stamp for a kind."""
        return self._rows[kind]


class Around:
    """Reads what surrounds opportunities. ``changed`` is empty in a full pull: all is new."""

    def __init__(self, fetch: Fetch, changed: Changed) -> None:
        self._fetch, self._changed = fetch, changed
        self.read: dict[str, set[str]] = defaultdict(set)  # kind -> ids, new or changed
        self.left: dict[str, set[str]] = defaultdict(set)  # kind -> ids, gone from an opportunity

    def leave(self, children: Iterable[Child]) -> None:
        """Note what was stored under opportunities that are gone: it may be elsewhere now."""
        for child in children:
            self.left[child.kind].add(child.id.rpartition("/")[2])

    def everything(
        self, ids: Sequence[str], known: Known, logged: Logged = MappingProxyType({})
    ) -> Iterator[list[Row]]:
        """Yield the rows of activities, quotes and lines that are new, changed or gone.

        ``logged`` is read along: activities of accounts, by kind.
        """
        for kind in (*ENGAGEMENTS, LINE):
            yield from self._kind(kind, ids, known, logged.get(kind.name, {}))
        yield from self._quotes(ids, known)

    def tasks(self, ids: Sequence[str], known: Known) -> Iterator[list[Row]]:
        """Yield the rows of tasks that are new, changed or gone."""
        yield from self._kind(TASK, ids, known, {})

    def people(self, ids: Sequence[str], known: Known) -> Iterator[list[Row]]:
        """Yield the roles and contacts."""
        links = self._fetch.links(DEAL, CONTACT, ids)
        listed = {(one, f"{one}/{link.id}") for one in ids for link in links.get(one, ())}
        yield [
            role(one, link)
            for one in ids
            for link in links.get(one, ())
            if known.stamp(ROLE, one, f"{one}/{link.id}") != labels_stamp(link)
        ]
        yield self._vanished(ROLE, known, listed)
        yield from self._read(CONTACT, links, known)
        yield self._vanished(CONTACT.name, known, listed)

    def _kind(
        self,
        kind: Kind,
        ids: Sequence[str],
        known: Known,
        logged: Mapping[str, Sequence[str]],
    ) -> Iterator[list[Row]]:
        links = self._fetch.links(DEAL, kind, ids)
        if kind.name in self._fetch.problems:
            return
        listed = {(one, f"{one}/{link.id}") for one in ids for link in links.get(one, ())}
        yield from self._read(kind, links, known, logged)
        if kind is TASK:
            yield self._lost_tasks(known, listed)
        else:
            yield self._vanished(kind.name, known, listed)

    def _read(
        self,
        kind: Kind,
        links: Mapping[str, Sequence[Link]],
        known: Known,
        logged: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> Iterator[list[Row]]:
        """Read what is new or has changed, once for all opportunities it is about."""
        changed = self._changed.get(kind.name, set())
        parents: dict[str, list[str]] = defaultdict(list)
        parents |= {one: list(keys) for one, keys in logged.items()}
        for one, found in links.items():
            for link in found:
                stored = known.stamp(kind.name, one, f"{one}/{link.id}") is not None
                if link.id in changed or not stored:
                    self.read[kind.name].add(link.id)
                    parents[link.id].append(one)
        yield from self.rows(kind, parents)

    def rows(self, kind: Kind, parents: Mapping[str, Sequence[str]]) -> Iterator[list[Row]]:
        """Yield the rows of records under each of their parents."""
        people = None
        if kind.name in TALKS:
            people = self._fetch.links(kind, CONTACT, list(parents))
        for records in self._fetch.records(kind.name, list(parents)):
            rows = []
            for record in records:
                one = str(record["id"])
                met = None if people is None else [link.id for link in people.get(one, ())]
                rows += [around(kind.name, parent, record, met) for parent in parents[one]]
            yield rows

    def _quotes(self, ids: Sequence[str], known: Known) -> Iterator[list[Row]]:
        links = self._fetch.links(DEAL, QUOTE, ids)
        if QUOTE.name in self._fetch.problems:
            return
        listed = {(one, f"{one}/{link.id}") for one in ids for link in links.get(one, ())}
        yield from self._read(QUOTE, links, known)
        yield self._vanished(QUOTE.name, known, listed)
        yield from self._quote_lines(links, known)

    def _quote_lines(
        self, links: Mapping[str, Sequence[Link]], known: Known
    ) -> Iterator[list[Row]]:
        """Yield the lines of the quotes that are new or changed, or have left a quote."""
        quotes = {link.id for found in links.values() for link in found}
        lines = self._fetch.links(QUOTE, LINE, quotes)
        if LINE.name in self._fetch.problems:
            return
        changed = self._changed.get(LINE.name, set())
        places: dict[str, list[tuple[str, str]]] = defaultdict(list)
        listed: set[tuple[str, str]] = set()
        for one, quote in ((one, link.id) for one, found in links.items() for link in found):
            for line in lines.get(quote, ()):
                row = quote_line_key(one, quote, line.id)
                listed.add((one, row))
                if line.id in changed or known.stamp(QUOTE_LINE, one, row) is None:
                    places[line.id].append((one, quote))
        for records in self._fetch.records(LINE.name, list(places)):
            yield [
                quote_line(one, quote, record)
                for record in records
                for one, quote in places[str(record["id"])]
            ]
        yield self._vanished(QUOTE_LINE, known, listed)

    def _vanished(self, kind: str, known: Known, listed: set[tuple[str, str]]) -> list[Row]:
        lost = [(one, row) for one, row in known.of(kind) if (one, row) not in listed]
        self.left[kind] |= {row.rpartition("/")[2] for _, row in lost}
        return [gone(kind, row, one) for one, row in lost]

    def _lost_tasks(self, known: Known, listed: set[tuple[str, str]]) -> list[Row]:
        """Return what became of tasks that are no longer associated.

        A deleted one of ours stays a row that says so, or a lost state would ask a second time. One
        that was only taken off the opportunity is none of its tasks any more.
        """
        lost = {
            (one, row): row.partition("/")[2]
            for (one, row), stamp in known.of(TASK.name).items()
            if (one, row) not in listed and stamp != DELETED
        }
        if not lost:
            return []
        deleted = self._fetch.with_history(lost.values(), archived=True)
        rows = []
        for (one, row), id_ in lost.items():
            record = deleted.get(id_)
            if record is not None and record["properties"].get(KEY):
                rows.append(around(TASK.name, one, {**record, "archived": True}))
            else:
                rows.append(gone(TASK.name, row, one))
        return rows
