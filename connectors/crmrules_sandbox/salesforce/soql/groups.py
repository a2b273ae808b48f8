"""Queries with aggregates or GROUP BY.

Know before changing: a grouped text value is shown as first met and grouped without case, as a
picklist or name is in a real org; a column without an alias is called ``expr0``, ``expr1``... if it
is a function and by its field's name if it is a field.

Does not do: HAVING, ROLLUP, CUBE.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crmrules_sandbox.salesforce.soql.errors import at, malformed
from crmrules_sandbox.salesforce.soql.functions import bind_expression, bind_fold
from crmrules_sandbox.salesforce.soql.nodes import Call, Expression, Path, Query
from crmrules_sandbox.salesforce.soql.parser import AGGREGATES
from crmrules_sandbox.salesforce.soql.predicates import folding
from crmrules_sandbox.salesforce.soql.resolve import Bound, Row, Scope
from crmrules_sandbox.salesforce.soql.select import Record, sort_by

Group = tuple[tuple[Any, ...], list[Row]]
Read = Callable[[Group], Any]


def is_aggregate(query: Query) -> bool:
    """Return True if the query answers with AggregateResult records."""
    calls = [c.expression for c in query.columns if isinstance(c.expression, Call)]
    return bool(query.group_by) or any(call.function in AGGREGATES for call in calls)


def compile_groups(scope: Scope, query: Query) -> Callable[[list[Row]], list[Record]]:
    """Return the function from the filtered rows to the records; raises SoqlError."""
    if query.children:
        raise malformed(scope.text, query.position, "Grouped query cannot use child relationships")
    grouping = [_bind_group(scope, expression) for expression in query.group_by]
    readers = _Readers(scope, query)
    columns, unnamed = [], 0
    for column in query.columns:
        name = column.alias
        if name is None and isinstance(column.expression, Path):
            name = scope.bind(column.expression).field.name
        elif name is None:
            name, unnamed = f"expr{unnamed}", unnamed + 1
        columns.append((name, readers.read(column.expression)))
    orders = [
        (readers.read(order.expression), readers.fold(order.expression), order)
        for order in query.order_by
    ]

    def run(rows: list[Row]) -> list[Record]:
        groups = _group(rows, grouping)
        for read, fold, order in reversed(orders):
            groups = sort_by(groups, read, fold, order)
        return [
            {"attributes": {"type": "AggregateResult"}, **{n: read(group) for n, read in columns}}
            for group in groups
        ]

    return run


class _Readers:
    """How to read a column or sort key from a group."""

    def __init__(self, scope: Scope, query: Query) -> None:
        self.scope = scope
        self.keys = [_key(scope, expression) for expression in query.group_by]

    def read(self, expression: Expression) -> Read:
        if isinstance(expression, Call) and expression.function in AGGREGATES:
            fold = bind_fold(self.scope, expression)
            return lambda group: fold(group[1])
        key = _key(self.scope, expression)
        if key not in self.keys:
            shown = key[-1]
            message = f"Field must be grouped or aggregated: {shown}"
            raise malformed(self.scope.text, expression.position, message)
        index = self.keys.index(key)
        return lambda group: group[0][index]

    def fold(self, expression: Expression) -> Callable[[Any], Any]:
        path = expression if isinstance(expression, Path) else expression.path
        if path is None:
            return lambda value: value
        return folding(self.scope.bind(path).field)


def _key(scope: Scope, expression: Expression) -> tuple[str, ...]:
    function = expression.function if isinstance(expression, Call) else ""
    path = expression if isinstance(expression, Path) else expression.path
    if path is None:
        return (function,)
    bound = scope.bind(path)
    return (function, *(link.name for link in bound.links), bound.field.name)


def _bind_group(scope: Scope, expression: Expression) -> Bound:
    bound = bind_expression(scope, expression)
    if isinstance(expression, Path) and not bound.field.groupable:
        message = f"field '{bound.field.name}' can not be grouped in a query call"
        raise at(scope.text, expression.position, "INVALID_FIELD", message)
    return bound


def _group(rows: list[Row], grouping: Sequence[Bound]) -> list[Group]:
    if not grouping:
        return [((), rows)]
    found: dict[tuple[Any, ...], Group] = {}
    folds = [folding(bound.field) for bound in grouping]
    for row in rows:
        values = tuple(bound.get(row) for bound in grouping)
        folded = tuple(fold(value) for fold, value in zip(folds, values, strict=True))
        found.setdefault(folded, (values, []))[1].append(row)
    return list(found.values())
