"""Pull: everything, or what changed since the watermarks, in as few calls as the API allows.

Know before changing: a quiet incremental pull is two calls. Ten queries fit: tasks of accounts ride
with tasks of opportunities, field history rides inside the opportunities, stages came with
preflight. Only when something turns up that needs more (an account's activity, an opportunity that
enters the scope) does a further call follow. The watermark of a pull is the server's time before
its first query.

It keeps no rows: a page is yielded and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from crmrules.connector import Batch, Row
from crmrules.transport import watermark
from crmrules_salesforce.http import Transport
from crmrules_salesforce.planner import Page, Planner
from crmrules_salesforce.rows import to_row
from crmrules_salesforce.schema import Schema
from crmrules_salesforce.scope import Levels, changed, literal, quoted, some, whole, with_history
from crmrules_salesforce.slices import Query
from crmrules_salesforce.tables import Table

CHUNK = 500
"""Ids per query; 500 of them are 11,000 characters, far below the 100,000 of a query."""
_SHARED = {"account_task": "task", "account_event": "event", "account_email": "email"}
"""Tables read by another table's incremental query, because both read one object."""


@dataclass(slots=True)
class _Seen:
    """What an incremental pull learns on the way and has to look into at its end."""

    active: dict[str, str] = field(default_factory=dict)  # opportunity -> account, level 2
    won: set[str] = field(default_factory=set)  # ids among them that are won
    moved: set[str] = field(default_factory=set)  # opportunities with a new history row
    cut: set[str] = field(default_factory=set)  # opportunities with more field history
    accounts: list[tuple[Table, Mapping[str, Any]]] = field(default_factory=list)


class Reader:
    """Reads one org. ``now`` is the server's time, which everything is bounded by."""

    def __init__(self, transport: Transport, schema: Schema, now: datetime) -> None:
        self._transport, self._schema, self._now = transport, schema, now
        self._tables = {k: t for k, t in schema.tables.items() if t.scope != "reference"}
        self._levels = Levels.on(now.date())

    def full(self, tables: Iterable[str] | None = None) -> Iterator[Batch]:
        """Yield all rows in scope, and each kind as complete when its last page has come."""
        wanted = {k: self._tables[k] for k in tables or self._tables}
        left_out = {t.object for k, t in self._tables.items() if k not in wanted}
        kinds = {table.object for table in wanted.values()} - left_out
        open_kinds: dict[str, set[str]] = {}
        for key, table in wanted.items():
            open_kinds.setdefault(table.object, set()).add(key)
        queries = [whole(table, self._levels) for table in wanted.values()]
        for page in Planner(self._transport).read(queries):
            table = wanted[page.query.name]
            rows = [row for record in page.records for row in _rows(table, record)]
            done = page.last and table.key in open_kinds[table.object]
            if done:
                open_kinds[table.object].discard(table.key)
            whole_kind = done and not open_kinds[table.object] and table.object in kinds
            complete = frozenset({table.object}) if whole_kind else frozenset[str]()
            marks = {table.key: literal(self._now)} if done else {}
            yield Batch(rows, marks, complete)
        yield from self._stages()

    def changes(self, marks: Mapping[str, str]) -> Iterator[Batch]:
        """Yield what changed since the watermarks; a table without one is read in full."""
        lows = {key: watermark(marks[key]) for key in self._tables if key in marks}
        new = [key for key in self._tables if key not in lows]
        if new:
            yield from self.full(new)
        seen = _Seen()
        for page in Planner(self._transport).read(self._queries(lows)):
            yield Batch(list(self._changed(page, seen)))
        yield from self._entered(seen, min(lows.values(), default=self._now))
        yield from self._rows_about(["field_history"], sorted(seen.cut))
        yield from self._on_accounts(seen)
        yield from self._stages()
        yield Batch(marks=dict.fromkeys(lows, literal(self._now)))

    def _queries(self, lows: Mapping[str, datetime]) -> list[Query]:
        described = self._schema.fields
        # The second that is running now is read too, so a run right after another one sees what
        # that one wrote. The watermark stays at its start, so nothing of it is missed later.
        high = self._now + timedelta(seconds=1)
        queries = []
        for key, low in lows.items():
            if key == "field_history" and "opportunity" in lows:
                continue
            if key in _SHARED and _SHARED[key] in lows:
                continue
            query = changed(self._tables[key], low, high, described)
            if key == "opportunity" and "field_history" in lows:
                history = self._tables["field_history"]
                query = with_history(query, history, lows["field_history"], high)
            queries.append(query)
        return queries

    def _changed(self, page: Page, seen: _Seen) -> Iterator[Row]:
        table = self._tables[page.query.name]
        twin = next((k for k, main in _SHARED.items() if main == table.key), "")
        for record in page.records:
            yield from self._inner(record, seen)
            parent = str(_at(record, table.parent) or "")
            if twin in self._tables and parent.startswith(self._tables[twin].prefix):
                seen.accounts.append((self._tables[twin], record))
                continue
            yield from _rows(table, record)
            if table.key == "opportunity":
                self._note(record, seen)
            elif table.key == "history":
                seen.moved.add(parent)

    def _inner(self, record: Mapping[str, Any], seen: _Seen) -> Iterator[Row]:
        """Take the field history out of an opportunity's record; a cut list is read by id."""
        inner = record.get("Histories")
        if isinstance(record, dict) and "Histories" in record:
            del record["Histories"]
        if inner:
            for child in inner["records"]:
                yield from _rows(self._tables["field_history"], child)
            if not inner.get("done", True):
                seen.cut.add(record["Id"])

    def _note(self, record: Mapping[str, Any], seen: _Seen) -> None:
        if record.get("IsDeleted"):
            return
        day = date.fromisoformat(record["CloseDate"])
        if self._levels.of(record["IsClosed"], record["IsWon"], day) == 2:
            seen.active[record["Id"]] = record.get("AccountId") or ""
            if record["IsWon"]:
                seen.won.add(record["Id"])

    def _entered(self, seen: _Seen, since: datetime) -> Iterator[Batch]:
        """Read everything about opportunities that have just entered a wider scope.

        Their earlier records were not wanted before. Whether one has entered is told by its
        history: the stage and close date before this pull, or any since then that was outside, as
        what happened in the second of the last pull may have been before it.
        """
        moved = sorted(seen.moved & set(seen.active))
        if not moved or "history" not in self._tables:
            return
        before: dict[str, Mapping[str, Any]] = {}
        outside: set[str] = set()
        for page in self._some(["history"], moved):
            for record in page.records:
                if datetime.fromisoformat(record["CreatedDate"]) < since:
                    last = before.get(record["OpportunityId"])
                    if last is None or last["CreatedDate"] <= record["CreatedDate"]:
                        before[record["OpportunityId"]] = record
                elif self._was(record) < 2:
                    outside.add(record["OpportunityId"])
            yield Batch([r for rec in page.records for r in _rows(self._tables["history"], rec)])
        outside |= {key for key, record in before.items() if self._was(record) < 2}
        entered = [key for key in moved if key in outside]
        children = [k for k, t in self._tables.items() if t.scope == "opportunity"]
        yield from self._rows_about(children, entered)
        won = [key for key in moved if key in seen.won]
        accounts = sorted({seen.active[key] for key in won if seen.active[key]})
        above = [k for k, t in self._tables.items() if t.scope == "account"]
        yield from self._rows_about(above, accounts)

    def _was(self, record: Mapping[str, Any]) -> int:
        """Return the level of an opportunity at one line of its history; unlisted stages: 0."""
        names = (("ApiName", "MasterLabel"), self._schema.stages)
        for stage in names[1]:
            if record["StageName"] in (stage.get(name) for name in names[0]):
                day = date.fromisoformat(record.get("CloseDate") or "1970-01-01")
                return self._levels.of(bool(stage.get("IsClosed")), bool(stage.get("IsWon")), day)
        return 0

    def _rows_about(self, keys: list[str], parents: list[str]) -> Iterator[Batch]:
        if parents and keys:
            for page in self._some(keys, parents):
                table = self._tables[page.query.name.partition(" ")[0]]
                yield Batch([row for record in page.records for row in _rows(table, record)])

    def _some(self, keys: list[str], parents: list[str]) -> Iterator[Page]:
        queries = []
        for start in range(0, len(parents), CHUNK):
            chunk = parents[start : start + CHUNK]
            named = [(key, some(self._tables[key], chunk)) for key in keys]
            queries += [replace(query, name=f"{key} {start}") for key, query in named]
        yield from Planner(self._transport).read(queries)

    def _on_accounts(self, seen: _Seen) -> Iterator[Batch]:
        """Yield account-level activities, but only of accounts that are in scope."""
        if not seen.accounts:
            return
        ids = sorted({str(_at(record, table.parent)) for table, record in seen.accounts})
        inside: set[str] = set()
        for start in range(0, len(ids), CHUNK):
            condition = f"AccountId IN ({quoted(ids[start : start + CHUNK])})"
            where = f"{condition} AND {self._levels.won()}"
            text = "SELECT Id, AccountId FROM Opportunity"
            for page in Planner(self._transport).read([Query("won", text, where, splits=False)]):
                inside |= {record["AccountId"] for record in page.records}
        rows = [
            row
            for table, record in seen.accounts
            if _at(record, table.parent) in inside or record.get("IsDeleted")
            for row in _rows(table, record)
        ]
        yield Batch(rows)

    def _stages(self) -> Iterator[Batch]:
        table = self._schema.tables.get("stage")
        if table is not None and self._schema.stages:
            rows = [row for record in self._schema.stages for row in _rows(table, record)]
            yield Batch(rows, complete=frozenset({table.object}) if rows else frozenset())


def _rows(table: Table, record: Mapping[str, Any]) -> Iterator[Row]:
    row = to_row(table, record)
    if row is not None:
        yield row


def _at(record: Mapping[str, Any], path: str) -> Any:
    value: Any = record
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
