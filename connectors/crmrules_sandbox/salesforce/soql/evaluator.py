"""Runs a query: finds rows, filters, sorts, limits and makes records.

Know before changing: a query is compiled for each run, because what the user may see can change
between two, but its text is parsed once; rows are then passed through plain functions, 60,000 in a
small part of a second. A condition on Id, also by a semi-join, reads only those rows.

Does not do: paging; the server cuts the records into pages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from crmrules_sandbox.salesforce.schema import SObject
from crmrules_sandbox.salesforce.soql.errors import malformed, no_object, no_relationship
from crmrules_sandbox.salesforce.soql.groups import compile_groups, is_aggregate
from crmrules_sandbox.salesforce.soql.nodes import Condition, Path, Query
from crmrules_sandbox.salesforce.soql.parser import parse
from crmrules_sandbox.salesforce.soql.predicates import IDS
from crmrules_sandbox.salesforce.soql.resolve import Row, Scope
from crmrules_sandbox.salesforce.soql.select import (
    Address,
    Record,
    compile_order,
    compile_record,
)
from crmrules_sandbox.salesforce.soql.tables import Tables
from crmrules_sandbox.salesforce.soql.where import Compiler, Filter

_MAX_CHILDREN = 20
"""Subqueries of one query (SOQL and SOSL Limits)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query answers: its records, and the ``totalSize`` to show.

    They differ only for ``SELECT COUNT()``: no records, and the count as the total.
    """

    records: list[Record]
    total: int


def run(
    text: str, org: Tables, *, now: datetime, all_rows: bool = False, api_version: str = "63.0"
) -> list[Record]:
    """Return the records of a query; see ``answer``."""
    return answer(text, org, now=now, all_rows=all_rows, api_version=api_version).records


def answer(
    text: str, org: Tables, *, now: datetime, all_rows: bool = False, api_version: str = "63.0"
) -> Answer:
    """Run a query as the current user sees the org at ``now`` (aware).

    ``all_rows`` is queryAll: deleted rows and archived activities are included. Raises SoqlError.
    """
    query = parse(text)
    address = Address(f"/services/data/v{api_version}/sobjects")
    return _Run(text, org, now.astimezone(UTC), all_rows, address).answer(query)


@dataclass(frozen=True, slots=True)
class _Run:
    text: str
    org: Tables
    now: datetime
    all_rows: bool
    address: Address

    def answer(self, query: Query) -> Answer:
        scope = self.scope(query)
        if query.counts_rows:
            rows = self.limited(query, self.rows(scope, self.filter(scope, query.where)))
            return Answer([], len(rows))
        if is_aggregate(query):
            make = compile_groups(scope, query)
            grouped = make(list(self.rows(scope, self.filter(scope, query.where))))
            records = grouped[query.offset :][: query.limit]
            return Answer(records, len(records))
        records = self.records(scope, query)
        return Answer(records, len(records))

    def scope(self, query: Query) -> Scope:
        sobject = self.org.sobject(query.source)
        if sobject is None or not sobject.queryable:
            raise no_object(self.text, query.position, query.source)
        return Scope(self.org, sobject, self.text, query.alias)

    def records(self, scope: Scope, query: Query) -> list[Record]:
        if len(query.children) > _MAX_CHILDREN:
            message = f"Too many subqueries, maximum is {_MAX_CHILDREN}"
            raise malformed(self.text, query.position, message)
        make = compile_record(scope, query, self.address)
        children = [self.child(scope.sobject, child) for child in query.children]
        sort = compile_order(scope, query.order_by)
        rows: Iterable[Row] = self.rows(scope, self.filter(scope, query.where))
        if query.order_by:
            rows = sort(list(rows))
        found = []
        for row in self.limited(query, rows):
            record = make(row)
            for name, read in children:
                record[name] = read(row)
            found.append(record)
        return found

    def limited(self, query: Query, rows: Iterable[Row]) -> list[Row]:
        end = None if query.limit is None else query.offset + query.limit
        return list(islice(rows, query.offset, end))

    def filter(self, scope: Scope, where: Condition | None) -> Filter:
        return Compiler(scope, self.now, self.semi_join).compile(where)

    def rows(self, scope: Scope, limits: Filter) -> Iterable[Row]:
        """Yield the rows that pass, in the order of creation."""
        name, test = scope.sobject.name, limits.test
        source: Collection[Row]
        if limits.ids is None:
            source = self.org.rows(name)
        else:
            ids = sorted(record_id for record_id in limits.ids if record_id)
            found = (self.org.get(name, record_id) for record_id in ids)
            source = [row for row in found if row is not None]
        hidden = self.hidden(scope.sobject)
        if test is None:
            return (row for row in source if not hidden(row))
        return (row for row in source if test(row) and not hidden(row))

    def hidden(self, sobject: SObject) -> Callable[[Row], bool]:
        if self.all_rows:
            return lambda _: False
        if sobject.name in ("Task", "Event"):
            return lambda row: bool(row.get("IsDeleted") or row.get("IsArchived"))
        return lambda row: bool(row.get("IsDeleted"))

    def semi_join(self, query: Query) -> set[Any]:
        """Return the ids a semi-join selects; null is never one of them."""
        scope = self.scope(query)
        columns = query.columns
        path = columns[0].expression if len(columns) == 1 else None
        if not isinstance(path, Path) or query.children or query.limit or query.order_by:
            message = "A semi join sub-select selects one field, without ORDER BY or LIMIT"
            raise malformed(self.text, query.position, message)
        bound = scope.bind(path)
        if bound.field.type not in IDS or not bound.direct:
            message = f"A semi join sub-select selects an id or reference field: '{path.text}'"
            raise malformed(self.text, path.position, message)
        limits = Compiler(scope, self.now, self.nested_semi_join).compile(query.where)
        return {value for row in self.rows(scope, limits) if (value := bound.get(row))}

    def nested_semi_join(self, query: Query) -> set[Any]:
        message = "Nesting of semi join sub-selects is not supported"
        raise malformed(self.text, query.position, message)

    def child(self, parent: SObject, query: Query) -> tuple[str, Callable[[Row], Record | None]]:
        """Compile a child subquery to its name and a function of the parent row."""
        relation = next((r for r in parent.children if r.lower() == query.source.lower()), None)
        child, key = parent.children.get(relation or "", ("", ""))
        sobject = self.org.sobject(child)
        if relation is None or sobject is None or key not in self.org.visible(sobject.name):
            raise no_relationship(self.text, query.position, query.source)
        scope = Scope(self.org, sobject, self.text, query.alias)
        make = compile_record(scope, query, self.address)
        sort = compile_order(scope, query.order_by)
        by_parent: dict[Any, list[Row]] = {}
        for row in self.rows(scope, self.filter(scope, query.where)):
            by_parent.setdefault(row.get(key), []).append(row)

        def read(row: Row) -> Record | None:
            rows: Sequence[Row] = sort(by_parent.get(row.get("Id"), []))
            found = [make(row) for row in self.limited(query, rows)]
            return {"totalSize": len(found), "done": True, "records": found} if found else None

        return relation, read
