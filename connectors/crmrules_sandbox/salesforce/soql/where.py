"""A WHERE clause compiled to one function of a row, and the ids it is limited to, if any.

Know before changing: semi-joins keep the limits of the real language (two, at the top level,
joined by AND, on a field of the object itself), because a query the sandbox takes and a real org
refuses would be found by a customer. Texts of those errors are published ones.

Does not do: read tables; semi-joins are run by a function passed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmrules_sandbox.salesforce.soql.errors import at, malformed
from crmrules_sandbox.salesforce.soql.functions import bind_expression
from crmrules_sandbox.salesforce.soql.nodes import (
    Comparison,
    Condition,
    Junction,
    Literal,
    Not,
    Path,
    Query,
    SemiJoin,
)
from crmrules_sandbox.salesforce.soql.predicates import IDS, coerce, compile_test
from crmrules_sandbox.salesforce.soql.resolve import Row, Scope

Predicate = Callable[[Row], bool]
RunInner = Callable[[Query], set[Any]]

_MAX_SEMI_JOINS = 2


@dataclass(slots=True)
class Filter:
    """What a WHERE clause became; ``ids`` limits the rows worth testing, None means all rows."""

    test: Predicate | None = None
    ids: set[Any] | None = None


@dataclass(slots=True)
class Compiler:
    """Compiles the WHERE clause of one query; ``inner`` runs a semi-join and returns its ids."""

    scope: Scope
    now: datetime
    inner: RunInner
    filter: Filter = field(default_factory=Filter)
    semi_joins: int = 0

    def compile(self, where: Condition | None) -> Filter:
        """Return the filter of a clause; raises SoqlError for what the real language refuses."""
        if where is None:
            return self.filter
        joined = isinstance(where, Junction) and where.operator == "AND"
        parts = where.parts if isinstance(where, Junction) and joined else (where,)
        tests = [self._top(part) for part in parts]
        self.filter.test = tests[0] if len(tests) == 1 else _every(tests)
        return self.filter

    def _top(self, part: Condition) -> Predicate:
        if isinstance(part, SemiJoin):
            return self._semi_join(part)
        if isinstance(part, Comparison):
            self._narrow(part)
        return self._nested(part, "AND")

    def _nested(self, condition: Condition, around: str) -> Predicate:
        if isinstance(condition, SemiJoin):
            message = (
                f"Semi join sub-selects are not allowed with the '{around}' operator"
                if around != "AND"
                else "Semi join sub-selects are only allowed at the top level WHERE expressions"
                " and not in nested WHERE expressions."
            )
            raise malformed(self.scope.text, condition.left.position, message)
        if isinstance(condition, Not):
            inner = self._nested(condition.inner, "NOT")
            return lambda row: not inner(row)
        if isinstance(condition, Junction):
            tests = [self._nested(part, condition.operator) for part in condition.parts]
            return _every(tests) if condition.operator == "AND" else _any(tests)
        return self._comparison(condition)

    def _comparison(self, condition: Comparison) -> Predicate:
        bound = bind_expression(self.scope, condition.left)
        position = condition.left.position
        if not bound.field.filterable:
            message = f"field '{bound.field.name}' can not be filtered in a query call"
            raise at(self.scope.text, position, "INVALID_FIELD", message)
        test = compile_test(
            self.scope.text, bound.field, condition.operator, condition.values, self.now
        )
        if bound.direct:
            name = bound.field.name
            return lambda row: test(row.get(name))
        get = bound.get
        return lambda row: test(get(row))

    def _narrow(self, condition: Comparison) -> None:
        if condition.operator not in ("=", "IN") or not isinstance(condition.left, Path):
            return
        bound = self.scope.bind(condition.left)
        if bound.direct and bound.field.type == "id":
            self._limit({self._value(bound.field.name, v) for v in condition.values})

    def _value(self, name: str, literal: Literal) -> Any:
        return coerce(self.scope.text, self.scope.sobject.fields[name], literal)

    def _limit(self, ids: set[Any]) -> None:
        self.filter.ids = ids if self.filter.ids is None else self.filter.ids & ids

    def _semi_join(self, condition: SemiJoin) -> Predicate:
        text, position = self.scope.text, condition.left.position
        self.semi_joins += 1
        if self.semi_joins > _MAX_SEMI_JOINS:
            message = f"Maximum {_MAX_SEMI_JOINS} semi join sub-selects are allowed"
            raise malformed(text, position, message)
        if condition.query.source.lower() == self.scope.sobject.name.lower():
            message = "The inner and outer selects should not be on the same object type"
            raise malformed(text, condition.query.position, message)
        bound = self.scope.bind(condition.left)
        if bound.field.type not in IDS or not bound.direct:
            message = (
                f"The left operand of a semi join must be an id or reference field of the object"
                f" itself: '{condition.left.text}'"
            )
            raise malformed(text, position, message)
        found = self.inner(condition.query)
        name = bound.field.name
        if condition.negated:
            return lambda row: row.get(name) not in found
        if bound.field.type == "id":
            self._limit(found)
        return lambda row: row.get(name) in found


def _every(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:
        first, second = tests
        return lambda row: first(row) and second(row)

    def every(row: Row) -> bool:
        for test in tests:  # noqa: SIM110 - a generator inside all() doubles the time per row
            if not test(row):
                return False
        return True

    return every


def _any(tests: list[Predicate]) -> Predicate:
    def one(row: Row) -> bool:
        for test in tests:  # noqa: SIM110 - a generator inside any() doubles the time per row
            if test(row):
                return True
        return False

    return one
