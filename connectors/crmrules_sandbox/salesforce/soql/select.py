"""The SELECT list compiled to functions that make records, and ORDER BY to a sort.

Know before changing: every record carries ``attributes``; a parent that is missing is None; a child
subquery without rows is None, as recorded. A polymorphic parent's attributes have type ``Name`` and
the url of what it really is.

Does not do: choose rows, or aggregate them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from crmrules_sandbox.salesforce.schema import SObject
from crmrules_sandbox.salesforce.soql.errors import at, malformed
from crmrules_sandbox.salesforce.soql.functions import bind_expression
from crmrules_sandbox.salesforce.soql.nodes import Order, Path, Query
from crmrules_sandbox.salesforce.soql.predicates import folding
from crmrules_sandbox.salesforce.soql.resolve import Bound, Last, Link, Row, Scope

Record = dict[str, Any]
_MAX_PARENTS = 55
"""Child-to-parent relationships of one query (SOQL and SOSL Limits)."""


@dataclass(frozen=True, slots=True)
class Address:
    """How the url of a record begins; ``base`` is ``/services/data/v63.0/sobjects``."""

    base: str

    def attributes(self, type_: str, sobject: SObject | None, row: Row) -> dict[str, str]:
        """Return the attributes object of one record."""
        return {
            "type": type_,
            "url": f"{self.base}/{sobject.name if sobject else 'Name'}/{row.get('Id')}",
        }


class _Parent:
    """A parent in the record being made: its own fields and its own parents."""

    def __init__(self, link: Link | None) -> None:
        self.link = link
        self.items: dict[str, Last | _Parent] = {}

    def add(self, bound: Bound, depth: int) -> bool:
        """Add a field below this parent; False if it is already there."""
        if depth == len(bound.links):
            known = bound.field.name in self.items
            self.items[bound.field.name] = bound.last
            return not known
        link = bound.links[depth]
        child = self.items.setdefault(link.name, _Parent(link))
        return child.add(bound, depth + 1) if isinstance(child, _Parent) else False

    def count(self) -> int:
        """Return how many relationships this parent and those below it use."""
        below = [item.count() for item in self.items.values() if isinstance(item, _Parent)]
        return len(below) + sum(below)


def compile_record(scope: Scope, query: Query, address: Address) -> Callable[[Row], Record]:
    """Return the function from a row to its record, without subqueries; raises SoqlError."""
    root = _Parent(None)
    for column in query.columns:
        if not isinstance(column.expression, Path) or column.alias:
            position = column.expression.position
            raise malformed(scope.text, position, "Only aggregate expressions use field aliasing")
        bound = scope.bind(column.expression)
        if not root.add(bound, 0):
            message = f"duplicate field selected: {column.expression.text}"
            raise at(scope.text, column.expression.position, "INVALID_FIELD", message)
    if root.count() > _MAX_PARENTS:
        message = f"Too many relationships in the select list, maximum is {_MAX_PARENTS}"
        raise malformed(scope.text, query.position, message)
    make = _maker(root, address, scope.sobject)
    return lambda row: make(scope.sobject, row)


def _maker(
    node: _Parent, address: Address, target: SObject | None
) -> Callable[[SObject | None, Row], Record]:
    items: list[tuple[str, Last]] = [
        (name, _parent_maker(item, address) if isinstance(item, _Parent) else item)
        for name, item in node.items.items()
    ]
    fixed = target.name if target else "Name"

    def make(sobject: SObject | None, row: Row) -> Record:
        record: Record = {"attributes": address.attributes(fixed, sobject, row)}
        for name, item in items:
            record[name] = item(sobject, row)
        return record

    return make


def _parent_maker(node: _Parent, address: Address) -> Last:
    link = node.link
    if link is None:
        raise AssertionError("only the root has no link")
    make = _maker(node, address, link.target)

    def parent(_: SObject | None, row: Row) -> Record | None:
        found = link.parent(row)
        return None if found is None else make(*found)

    return parent


Sorter = Callable[[list[Row]], list[Row]]


def compile_order(scope: Scope, order_by: Sequence[Order]) -> Sorter:
    """Return the function that sorts rows; raises SoqlError for a field that cannot be sorted.

    Text sorts without case; nulls come first unless NULLS LAST is asked, also with DESC.
    """
    keys = []
    for order in order_by:
        bound = bind_expression(scope, order.expression)
        if not bound.field.filterable or bound.field.type == "multipicklist":
            message = f"field '{bound.field.name}' can not be sorted in a query call"
            raise at(scope.text, order.expression.position, "INVALID_FIELD", message)
        keys.append((bound.get, folding(bound.field), order))

    def sort(rows: list[Row]) -> list[Row]:
        for get, fold, order in reversed(keys):
            rows = sort_by(rows, get, fold, order)
        return rows

    return sort


def sort_by(
    rows: list[Any], get: Callable[[Any], Any], fold: Callable[[Any], Any], order: Order
) -> list[Any]:
    """Return ``rows`` sorted by one key, stably."""
    nulls = [row for row in rows if get(row) is None]
    others = [row for row in rows if get(row) is not None]
    others.sort(key=lambda row: fold(get(row)), reverse=order.descending)
    return others + nulls if order.nulls_last else nulls + others
