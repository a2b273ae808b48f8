"""Functions of a field: parts of a date, and the aggregates.

Know before changing: an aggregate ignores nulls; over no value SUM, AVG, MIN and MAX are null and
COUNT is 0. A date part of a datetime is taken in UTC, the sandbox user's time zone.

Does not do: HAVING, GROUPING, fiscal parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crmrules_sandbox.salesforce.schema import Field
from crmrules_sandbox.salesforce.soql.errors import SoqlError, at, malformed
from crmrules_sandbox.salesforce.soql.nodes import Call, Expression, Path
from crmrules_sandbox.salesforce.soql.predicates import NUMBERS, folding
from crmrules_sandbox.salesforce.soql.resolve import Bound, Row, Scope

Fold = Callable[[Sequence[Row]], Any]

_DATE_PART: dict[str, Callable[[str], Any]] = {
    "CALENDAR_YEAR": lambda text: int(text[:4]),
    "CALENDAR_QUARTER": lambda text: (int(text[5:7]) + 2) // 3,
    "CALENDAR_MONTH": lambda text: int(text[5:7]),
    "DAY_IN_MONTH": lambda text: int(text[8:10]),
    "DAY_ONLY": lambda text: text[:10],
}


def bind_expression(scope: Scope, expression: Expression) -> Bound:
    """Bind a path or a date part; raises SoqlError for an aggregate or a wrong field."""
    if isinstance(expression, Path):
        return scope.bind(expression)
    part = _DATE_PART.get(expression.function)
    if part is None or expression.path is None:
        message = f"unexpected token: '{expression.function.lower()}'"
        raise malformed(scope.text, expression.position, message)
    bound = scope.bind(expression.path)
    if bound.field.type not in ("date", "datetime"):
        raise _unsupported(scope, expression, bound.field)
    get = bound.get
    type_ = "date" if expression.function == "DAY_ONLY" else "int"

    def value(row: Row) -> Any:
        text = get(row)
        return None if text is None else part(text)

    field = Field(name=bound.field.name, type=type_, label=expression.function)
    return Bound(field, value, lambda _, row: value(row), (), direct=False)


def _unsupported(scope: Scope, call: Call, field: Field) -> SoqlError:
    message = f"field {field.name} does not support aggregate operator {call.function}"
    return malformed(scope.text, call.position, message)


def bind_fold(scope: Scope, call: Call) -> Fold:
    """Return the function that folds the rows of a group; raises SoqlError for a wrong field."""
    if call.path is None:
        return len
    bound = scope.bind(call.path)
    numeric = call.function in ("SUM", "AVG")
    if numeric and bound.field.type not in NUMBERS:
        raise _unsupported(scope, call, bound.field)
    if not bound.field.aggregatable:
        message = f"field {bound.field.name} does not support aggregate operator {call.function}"
        raise at(scope.text, call.position, "INVALID_FIELD", message)
    get = bound.get
    if call.function == "COUNT_DISTINCT":
        same = folding(bound.field)
        return lambda rows: len({same(v) for row in rows if (v := get(row)) is not None})
    fold = _FOLDS[call.function]
    return lambda rows: fold([value for row in rows if (value := get(row)) is not None])


_FOLDS: dict[str, Callable[[list[Any]], Any]] = {
    "COUNT": len,
    "MIN": lambda values: min(values, default=None),
    "MAX": lambda values: max(values, default=None),
    "SUM": lambda values: float(sum(values)) if values else None,
    "AVG": lambda values: sum(values) / len(values) if values else None,
}
