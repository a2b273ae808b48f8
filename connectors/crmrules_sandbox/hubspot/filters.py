"""The filters of a search: groups are or, filters within a group are and.

Know before changing: values compare by the property's type (moments in milliseconds, numbers as
numbers, text without case). A negative operator also finds records without a value. A filter of a
date at 0 makes the real service fail with 500, and this one.

Does not do: choose the page (``search``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot.calculated import modified, value_of
from crmrules_sandbox.hubspot.failure import ApiError, bad_json, invalid
from crmrules_sandbox.hubspot.records import Record
from crmrules_sandbox.hubspot.schema import type_of
from crmrules_sandbox.hubspot.values import milliseconds, moment

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

MOST_GROUPS, MOST_IN_GROUP, MOST_FILTERS = 5, 6, 18
Test = Callable[[Record, datetime | None], bool]


class Filters:
    """The compiled filters of one search; ``widened`` moves lower bounds of dates down."""

    def __init__(self, portal: Portal, kind: str, groups: Any, widened: timedelta) -> None:
        if not isinstance(groups, list):
            raise bad_json("filterGroups: a list is expected")
        listed = [group.get("filters") or [] for group in groups]
        if len(listed) > MOST_GROUPS:
            raise invalid(f"A search may have {MOST_GROUPS} filter groups at most")
        if any(len(each) > MOST_IN_GROUP for each in listed):
            raise invalid(f"A filter group may have {MOST_IN_GROUP} filters at most")
        if sum(map(len, listed)) > MOST_FILTERS:
            raise invalid(f"A search may have {MOST_FILTERS} filters at most")
        self._portal, self._kind, self._widened = portal, kind, widened
        self._groups = [[self._compile(each) for each in group] for group in listed]

    def match(self, record: Record, at: datetime | None) -> bool:
        """Tell whether a record, as it was at a moment, is found."""
        if not self._groups:
            return True
        return any(all(test(record, at) for test in group) for group in self._groups)

    def _compile(self, told: Mapping[str, Any]) -> Test:
        name, operator = told.get("propertyName"), told.get("operator")
        if not isinstance(name, str) or not isinstance(operator, str):
            raise bad_json("Some required fields were not set: [propertyName, operator]")
        if name.startswith("associations."):
            return self._associated(name, told)
        if name not in self._portal.definitions[self._kind]:
            raise invalid(f"There is no property {name} to filter by")
        work = _OPERATORS.get(operator)
        if work is None:
            raise bad_json(f"{operator} is not one of {', '.join(_OPERATORS)}")
        typed = sort_key(self._portal, self._kind, name)
        always = name in _ALWAYS_THERE
        kind = self._portal.definitions[self._kind][name]["type"]
        keys = [self._key(kind, name, operator, n, v) for n, v in enumerate(_operands(told))]

        def test(record: Record, at: datetime | None) -> bool:
            text = "" if always else value_of(self._portal, record, name, at)
            if not text and not always:
                return operator in _ABSENT
            return work(typed(record, at), text or "", keys)

        return test

    def _key(self, kind: str, name: str, operator: str, number: int, value: Any) -> Any:
        key = _typed(self._portal, kind, name, str(value))
        if key is None:
            raise invalid(f"{value} is not a valid value of the {kind} property {name}")
        if kind in ("date", "datetime"):
            if key == 0:
                raise ApiError(500, "internal error", "SERVER_ERROR")
            lower = operator in ("GT", "GTE") or (operator == "BETWEEN" and number == 0)
            return key - milliseconds_of(self._widened) if lower else key
        return key

    def _associated(self, name: str, told: Mapping[str, Any]) -> Test:
        to_type = type_of(name.removeprefix("associations."))
        if to_type is None:
            raise invalid(f"There is no property {name} to filter by")
        ids = {str(each) for each in _operands(told)}
        inside = told["operator"] in ("EQ", "IN")

        def test(record: Record, _: datetime | None) -> bool:
            found = self._portal.linked(record.type, record.id, to_type)
            return bool(ids & set(found)) is inside

        return test


def milliseconds_of(span: timedelta) -> int:
    """Return a span in whole milliseconds."""
    return span // timedelta(milliseconds=1)


def sort_key(portal: Portal, kind: str, name: str) -> Callable[[Record, datetime | None], Any]:
    """Return what a record sorts and compares by; records without a value sort first.

    Every sync searches by modification and walks by id, so these two are not told as text first.
    """
    if name in ("hs_lastmodifieddate", "lastmodifieddate"):
        return lambda record, at: milliseconds(modified(record, at))
    if name == "hs_object_id" and not portal.quirks.text_sorted_ids:
        return lambda record, _: int(record.id)
    value_type = portal.definitions[kind][name]["type"]
    least = "" if _is_text(portal, value_type, name) else Decimal("-Infinity")

    def key(record: Record, at: datetime | None) -> Any:
        text = value_of(portal, record, name, at)
        typed = _typed(portal, value_type, name, text) if text else None
        return least if typed is None else typed

    return key


def _is_text(portal: Portal, kind: str, name: str) -> bool:
    if name == "hs_object_id" and portal.quirks.text_sorted_ids:
        return True
    return kind not in ("date", "datetime", "number")


def _typed(portal: Portal, kind: str, name: str, text: str) -> Any:
    if _is_text(portal, kind, name):
        return text.casefold()
    if kind == "number":
        try:
            return Decimal(text)
        except InvalidOperation:
            return None
    found = moment(text)
    return None if found is None else milliseconds(found)


def _operands(told: Mapping[str, Any]) -> list[Any]:
    operator = told.get("operator")
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return []
    if operator in ("IN", "NOT_IN"):
        values = told.get("values")
        if not isinstance(values, list) or not values:
            raise invalid(f"operator {operator} requires values")
        return values
    keys = ("value", "highValue") if operator == "BETWEEN" else ("value",)
    if any(told.get(key) in (None, "") for key in keys):
        raise invalid(f"operator {operator} requires {' and '.join(keys)}")
    return [told[key] for key in keys]


def _choices(text: str) -> set[str]:
    return set(text.casefold().split(";")) | {text.casefold()}


def _equal(typed: Any, text: str, keys: list[Any]) -> bool:
    return any(typed == key or (isinstance(key, str) and key in _choices(text)) for key in keys)


def _has_token(_: Any, text: str, keys: list[Any]) -> bool:
    tokens = [*re.split(r"[^\w]+", text.casefold()), *text.casefold().split(), text.casefold()]
    pattern = re.escape(str(keys[0]).casefold()).replace(r"\*", ".*")
    parts = re.split(r"[^\w*]+", str(keys[0]).casefold())
    return any(re.fullmatch(pattern, token) for token in tokens) or (
        len(parts) > 1 and "*" not in pattern and str(keys[0]).casefold() in text.casefold()
    )


_ALWAYS_THERE = frozenset({"hs_lastmodifieddate", "lastmodifieddate"})
_OPERATORS: Mapping[str, Callable[[Any, str, list[Any]], bool]] = {
    "EQ": _equal,
    "NEQ": lambda typed, text, keys: not _equal(typed, text, keys),
    "LT": lambda typed, _, keys: bool(typed < keys[0]),
    "LTE": lambda typed, _, keys: bool(typed <= keys[0]),
    "GT": lambda typed, _, keys: bool(typed > keys[0]),
    "GTE": lambda typed, _, keys: bool(typed >= keys[0]),
    "BETWEEN": lambda typed, _, keys: bool(keys[0] <= typed <= keys[1]),
    "IN": _equal,
    "NOT_IN": lambda typed, text, keys: not _equal(typed, text, keys),
    "HAS_PROPERTY": lambda *_: True,
    "NOT_HAS_PROPERTY": lambda *_: False,
    "CONTAINS_TOKEN": _has_token,
    "NOT_CONTAINS_TOKEN": lambda typed, text, keys: not _has_token(typed, text, keys),
}
_ABSENT = frozenset({"NEQ", "NOT_IN", "NOT_HAS_PROPERTY", "NOT_CONTAINS_TOKEN"})
