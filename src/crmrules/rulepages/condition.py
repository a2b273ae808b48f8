"""Conditions and values in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmrules.rule import Clause, Group

WORDS = {
    "is": "is",
    "is_not": "is not",
    "one_of": "is one of",
    "not_one_of": "is none of",
    "at_least": "at least",
    "at_most": "at most",
    "above": "above",
    "below": "below",
}


def value(found: Any) -> str:
    """Return a value in words."""
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, float):
        return f"{found:g}"
    if isinstance(found, tuple | list):
        return ", ".join(str(item) for item in found)
    return "unknown" if found is None else str(found)


def condition(group: Group, depth: int = 0) -> Iterator[str]:
    """Yield a condition line by line, indented by how deep it lies."""
    yield f"{'  ' * depth}{group.join} of:"
    for member in group.members:
        if isinstance(member, Clause):
            words = f"{member.signal} {WORDS[member.operator]} {value(member.value)}"
            yield f"{'  ' * (depth + 1)}{words}"
        else:
            yield from condition(member, depth + 1)
