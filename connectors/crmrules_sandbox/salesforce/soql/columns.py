"""What ``query?columns=true`` answers: the columns of a query instead of its records.

Know before changing: Salesforce's own command line asks this before it shows a table, and fails
without it. Parents and subqueries are columns with ``joinColumns``; only a subquery's is marked
``aggregate``, as an aggregate function is.

Does not do: run the query, or check its filter and order.
"""

from __future__ import annotations

from typing import Any

from crmrules_sandbox.salesforce.schema import Field, SObject
from crmrules_sandbox.salesforce.soql.errors import no_object, no_relationship
from crmrules_sandbox.salesforce.soql.nodes import Call, Column, Path, Query
from crmrules_sandbox.salesforce.soql.parser import parse
from crmrules_sandbox.salesforce.soql.predicates import NUMBERS
from crmrules_sandbox.salesforce.soql.resolve import Scope
from crmrules_sandbox.salesforce.soql.tables import Tables

_APEX = {
    "id": "Id",
    "reference": "Id",
    "boolean": "Boolean",
    "int": "Integer",
    "double": "Double",
    "currency": "Double",
    "percent": "Double",
    "date": "Date",
    "datetime": "Datetime",
}


def columns(text: str, org: Tables) -> dict[str, Any]:
    """Return the body that describes the columns of a query; raises SoqlError."""
    query = parse(text)
    sobject = org.sobject(query.source)
    if sobject is None:
        raise no_object(text, query.position, query.source)
    scope = Scope(org, sobject, text, query.alias)
    found = _columns(scope, query)
    for child in query.children:
        name, child_scope = _child(scope, child)
        found.append(_join(name, _columns(child_scope, child), aggregate=True))
    return {
        "columnMetadata": found,
        "entityName": sobject.name,
        "groupBy": bool(query.group_by),
        "idSelected": any(column["columnName"] == "Id" for column in found),
        "keyPrefix": sobject.prefix,
    }


def _child(scope: Scope, query: Query) -> tuple[str, Scope]:
    for name, (child, _) in scope.sobject.children.items():
        target: SObject | None = scope.org.sobject(child)
        if name.lower() == query.source.lower() and target is not None:
            return name, Scope(scope.org, target, scope.text, query.alias)
    raise no_relationship(scope.text, query.position, query.source)


def _columns(scope: Scope, query: Query) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    unnamed = 0
    for column in query.columns:
        if isinstance(column.expression, Call):
            name = column.alias or f"expr{unnamed}"
            unnamed += column.alias is None
            found.append(_leaf(name, _call_field(scope, column), aggregate=True))
            continue
        _add(found, scope, column.expression)
    return found


def _call_field(scope: Scope, column: Column) -> Field:
    call = column.expression
    if isinstance(call, Call) and call.path is not None and call.function in ("MIN", "MAX", "SUM"):
        return scope.bind(call.path).field
    return Field(name="", type="int", label="", createable=False, updateable=False)


def _add(found: list[dict[str, Any]], scope: Scope, path: Path) -> None:
    bound = scope.bind(path)
    level = found
    for link in bound.links:
        parent = next((c for c in level if c["columnName"] == link.name), None)
        if parent is None:
            parent = _join(link.name, [], aggregate=False)
            level.append(parent)
        level = parent["joinColumns"]
    level.append(_leaf(bound.field.name, bound.field, aggregate=False))


def _leaf(name: str, field: Field, *, aggregate: bool) -> dict[str, Any]:
    return {
        "aggregate": aggregate,
        "apexType": _APEX.get(field.type, "String"),
        "booleanType": field.type == "boolean",
        "columnName": name,
        "custom": field.custom,
        "displayName": name,
        "foreignKeyName": None,
        "insertable": field.createable and not aggregate,
        "joinColumns": [],
        "numberType": field.type in NUMBERS,
        "textType": field.type not in _APEX,
        "updatable": field.updateable and not aggregate,
    }


def _join(name: str, inner: list[dict[str, Any]], *, aggregate: bool) -> dict[str, Any]:
    plain = Field(name=name, type="string", label=name, createable=False, updateable=False)
    return {
        **_leaf(name, plain, aggregate=aggregate),
        "foreignKeyName": None if aggregate else name,
        "joinColumns": inner,
        "textType": False,
    }
