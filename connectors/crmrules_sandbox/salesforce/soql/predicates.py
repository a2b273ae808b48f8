"""One comparison of a field with values, compiled to a function of the field's value.

Know before changing: a comparison is true or false, never unknown. Null equals only null; ``!=``
and NOT IN are true for null (SOQL differs from SQL here); ``<`` and LIKE are false for null. Text
is compared without case unless the field is case-sensitive, ids with case in their 18-character
form, dates and datetimes as the text rows hold. A null boolean (of a missing parent) counts as
false.

Does not do: read rows, or know what else the WHERE clause says.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from crmrules_sandbox.salesforce.ids import checksum
from crmrules_sandbox.salesforce.schema import Field
from crmrules_sandbox.salesforce.soql.errors import SoqlError, at
from crmrules_sandbox.salesforce.soql.literals import (
    date_text,
    midnight_text,
    parse_date,
    parse_datetime,
    span,
)
from crmrules_sandbox.salesforce.soql.nodes import Literal

Test = Callable[[Any], bool]

NUMBERS = frozenset({"int", "double", "currency", "percent"})
IDS = frozenset({"id", "reference"})
_EXACT = frozenset({"id", "reference", "boolean", "date", "datetime"}) | NUMBERS
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_QUOTED = " and should be enclosed in quotes"
_BARE = " and should not be enclosed in quotes"


def compile_test(
    text: str, field: Field, operation: str, values: tuple[Literal, ...], now: datetime
) -> Test:
    """Compile ``field operation values``; raises SoqlError for a value of the wrong type."""
    if operation == "LIKE":
        return _like(text, field, values[0])
    if operation in ("INCLUDES", "EXCLUDES"):
        return _includes(text, field, values, negated=operation == "EXCLUDES")
    if operation in ("IN", "NOT IN"):
        return _member(text, field, values, negated=operation == "NOT IN")
    literal = values[0]
    if literal.kind == "range" and field.type in ("date", "datetime"):
        return _in_span(field, operation, literal, now)
    if operation in _ORDERED:
        return _ordered(text, field, operation, literal)
    return _member(text, field, values, negated=operation == "!=")


def folding(field: Field) -> Callable[[Any], Any]:
    """Return what makes two values of the field the same for sorting, grouping and ``<``."""
    if field.type in _EXACT or field.case_sensitive:
        return lambda value: value
    return lambda value: value.lower() if isinstance(value, str) else value


def _ordered(text: str, field: Field, operation: str, literal: Literal) -> Test:
    if field.type in ("boolean", "multipicklist"):
        raise _invalid_operator(text, field, literal)
    target = coerce(text, field, literal)
    if target is None:
        return lambda _: False
    compare = _ORDERED[operation]
    fold = folding(field)
    folded = fold(target)
    if field.type in _EXACT:  # one call less for each row of the queries that matter most
        return lambda value: value is not None and compare(value, target)
    return lambda value: value is not None and compare(fold(value), folded)


def _member(text: str, field: Field, values: tuple[Literal, ...], *, negated: bool) -> Test:
    wanted = {coerce(text, field, literal) for literal in values}
    null = None in wanted
    wanted.discard(None)
    found = _equality(field, wanted, null=null)
    return (lambda value: not found(value)) if negated else found


def _equality(field: Field, wanted: set[Any], *, null: bool) -> Test:
    if field.type == "boolean":
        return lambda value: bool(value) in wanted
    if field.type in _EXACT or field.case_sensitive:
        if len(wanted) == 1 and not null:
            (only,) = wanted
            return lambda value: value == only
        return lambda value: null if value is None or value == "" else value in wanted
    folded = {value.lower() for value in wanted}

    def found(value: Any) -> bool:
        if value is None or value == "":
            return null
        return value in wanted or value.lower() in folded

    return found


def _in_span(field: Field, operation: str, literal: Literal, now: datetime) -> Test:
    first, end = span(str(literal.value), literal.count, now.date())
    as_text = date_text if field.type == "date" else midnight_text
    low, high = as_text(first), as_text(end)
    tests: dict[str, Test] = {
        "=": lambda value: value is not None and low <= value < high,
        "!=": lambda value: value is None or not low <= value < high,
        "<": lambda value: value is not None and value < low,
        "<=": lambda value: value is not None and value < high,
        ">": lambda value: value is not None and value >= high,
        ">=": lambda value: value is not None and value >= low,
    }
    return tests[operation]


def _like(text: str, field: Field, literal: Literal) -> Test:
    if field.type in _EXACT:
        raise _invalid_operator(text, field, literal)
    coerce(text, field, literal)
    wildcards = {"%": ".*", "_": "."}
    pattern = "".join(
        re.escape(c) if escaped or c not in wildcards else wildcards[c]
        for c, escaped in literal.pieces
    )
    flags = re.DOTALL if field.case_sensitive else re.DOTALL | re.IGNORECASE
    match = re.compile(pattern, flags).fullmatch
    return lambda value: value is not None and match(value) is not None


def _includes(text: str, field: Field, values: tuple[Literal, ...], *, negated: bool) -> Test:
    if field.type != "multipicklist":
        message = "includes and excludes are only valid on multi-select picklist fields"
        raise at(text, values[0].position, "INVALID_QUERY_FILTER_OPERATOR", message)
    wanted = [_chosen(coerce(text, field, literal)) for literal in values]

    def found(value: Any) -> bool:
        chosen = _chosen(value)
        return any(group <= chosen for group in wanted if group)

    return (lambda value: not found(value)) if negated else found


def _chosen(value: str | None) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in (value or "").split(";") if part.strip())


def coerce(text: str, field: Field, literal: Literal) -> Any:
    """Return the literal as rows hold it; raises SoqlError if it has the wrong type."""
    if literal.kind == "null":
        return None
    if field.type in IDS:
        return _coerce_id(text, field, literal)
    if field.type in NUMBERS:
        return _expect(text, field, literal, "number", "int" if field.type == "int" else "double")
    if field.type == "boolean":
        return _expect(text, field, literal, "boolean", "boolean")
    if field.type in ("date", "datetime"):
        return _coerce_time(text, field, literal)
    if literal.kind != "string":
        raise _wrong_type(text, field, literal, "string" + _QUOTED)
    return literal.value or None


def _expect(text: str, field: Field, literal: Literal, kind: str, shown: str) -> Any:
    if literal.kind != kind:
        raise _wrong_type(text, field, literal, shown + _BARE)
    return literal.value


def _coerce_id(text: str, field: Field, literal: Literal) -> str | None:
    if literal.kind != "string":
        raise _wrong_type(text, field, literal, "string" + _QUOTED)
    value = str(literal.value)
    if value and not _ID.fullmatch(value):
        code = "INVALID_QUERY_FILTER_OPERATOR"
        raise at(text, literal.position, code, f"invalid ID field: {value}")
    return value + checksum(value) if len(value) == 15 else value or None


def _coerce_time(text: str, field: Field, literal: Literal) -> str:
    if literal.kind != field.type:
        shown = "date" if field.type == "date" else "dateTime"
        raise _wrong_type(text, field, literal, shown + _BARE)
    parse = parse_date if field.type == "date" else parse_datetime
    try:
        return parse(str(literal.value))
    except ValueError:
        message = f"Invalid {field.type}: {literal.value}"
        raise at(text, literal.position, "MALFORMED_QUERY", message) from None


def _wrong_type(text: str, field: Field, literal: Literal, shown: str) -> SoqlError:
    message = f"value of filter criterion for field '{field.name}' must be of type {shown}"
    return at(text, literal.position, "INVALID_FIELD", message)


def _invalid_operator(text: str, field: Field, literal: Literal) -> SoqlError:
    message = f"invalid operator on {field.type} field"
    return at(text, literal.position, "INVALID_QUERY_FILTER_OPERATOR", message)
