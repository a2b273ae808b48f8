"""Which values a signal of a kind can have, and what it may be compared with: the same everywhere.

A signal's kind decides: True is never 1 and "5" is never 5. Numbers are compared at four decimals,
so facts and thresholds are rounded here, once. The ranges are the narrowest engine's
(durable_rules) and hold for all of them, so that no engine judges what another would refuse.
No comparison is made here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from crmrules.rule import NUMERIC
from crmrules.signals._registry import Value

DECIMALS = 4
LARGEST_INT = 2**53
LARGEST_FLOAT = 1e15
LONGEST_TEXT = 4096  # bytes of UTF-8

FITTING: Mapping[type, tuple[str, ...]] = {
    bool: ("is", "is_not"),
    str: ("is", "is_not", "one_of", "not_one_of"),
    int: ("is", "is_not", "one_of", "not_one_of", *NUMERIC),
    float: ("is", "is_not", "one_of", "not_one_of", *NUMERIC),
}


def cleaned(kind: type, value: Any) -> Value:
    """Return a value as signals of this kind have it, rounded; else ``ValueError``."""
    return _CLEANERS[kind](value)


def comparable(kind: type, operator: str, wanted: Any) -> Any:
    """Return what an operator compares a signal of this kind with; else ``ValueError``."""
    if operator not in FITTING[kind]:
        raise ValueError(f"'{operator}' does not fit; use {', '.join(FITTING[kind])}")
    if operator not in ("one_of", "not_one_of"):
        return limit(kind, wanted)
    if not isinstance(wanted, (tuple, list)) or not wanted:
        raise ValueError("a list of values is needed")
    return tuple(limit(kind, entry) for entry in wanted)


def limit(kind: type, value: Any) -> Value:
    """Return a threshold as it may be compared with a signal of this kind; else ``ValueError``."""
    if kind is int and isinstance(value, float):
        return _number(value)  # "at_least: 2.5" conversations is a fair thing to say
    return _CLEANERS[kind](value)


def _boolean(value: Any) -> Value:
    if value is True or value is False:
        return bool(value)
    raise ValueError(f"{_told(value)}, not true or false")


def _integer(value: Any) -> Value:
    if type(value) is not int:
        raise ValueError(f"{_told(value)}, not a whole number")
    if not -LARGEST_INT <= value <= LARGEST_INT:
        raise ValueError("a number too large to compare")
    return value


def _number(value: Any) -> Value:
    if type(value) is int:
        return _integer(value)
    if type(value) is not float:
        raise ValueError(f"{_told(value)}, not a number")
    if not math.isfinite(value) or abs(value) >= LARGEST_FLOAT:
        raise ValueError("a number too large to compare")
    return round(value, DECIMALS) + 0.0  # adding zero turns -0.0 into 0.0


def _text(value: Any) -> Value:
    if not isinstance(value, str):
        raise ValueError(f"{_told(value)}, not text")  # noqa: TRY004 - one kind for all callers
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise ValueError("text with half a character in it") from None
    if size > LONGEST_TEXT:
        raise ValueError(f"text of {size} bytes; {LONGEST_TEXT} is the most")
    return str(value)  # a plain string, also from an enumeration


def _told(value: Any) -> str:
    return f"of type {type(value).__name__}"


_CLEANERS: Mapping[type, Callable[[Any], Value]] = {
    bool: _boolean,
    int: _integer,
    float: _number,
    str: _text,
}
