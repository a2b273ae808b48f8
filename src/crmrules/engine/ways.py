"""The different ways in which a condition comes out as wanted.

Every way is a list of demands on single clauses that must all be met; the condition comes out as
wanted exactly where at least one way is met. A demand is one of four, because a clause can also be
unknown: surely true, surely false, not true (false or unknown), not false.
It compares nothing: a way is met or not by whoever reads it.
"""

from __future__ import annotations

from enum import Enum
from itertools import product
from typing import NamedTuple, TypeAlias

from crmrules.errors import UsageError
from crmrules.rule import Clause, Group, Rule

MOST = 2000  # ways of one condition; more is a rule nobody can read either

OPPOSITE = {
    "is": "is_not",
    "is_not": "is",
    "one_of": "not_one_of",
    "not_one_of": "one_of",
    "at_least": "below",
    "below": "at_least",
    "at_most": "above",
    "above": "at_most",
}


class Want(Enum):
    """What is demanded of a clause or a group."""

    TRUE = "true"
    FALSE = "false"
    NOT_TRUE = "not true"
    NOT_FALSE = "not false"


class Demand(NamedTuple):
    """One clause and how it must come out."""

    clause: Clause
    want: Want


Way: TypeAlias = tuple[Demand, ...]


def ways(node: Group | Clause, want: Want) -> list[Way]:
    """Return every way; raises ``UsageError`` where there are more than ``MOST``."""
    if isinstance(node, Clause):
        return [(Demand(node, want),)]
    parts = [ways(member, want) for member in node.members]
    every_member = (node.join == "all") == (want in (Want.TRUE, Want.NOT_FALSE))
    return _both(*parts) if every_member else [way for part in parts for way in part]


def to_fire(rule: Rule) -> list[Way]:
    """Return the ways in which the rule fires: its condition surely, its clearing not surely."""
    return _both(ways(rule.condition, Want.TRUE), ways(rule.clears, Want.NOT_TRUE))


def _both(*parts: list[Way]) -> list[Way]:
    size = 1
    for part in parts:
        size *= len(part)
    if size > MOST:
        raise UsageError(
            f"a condition has {size} ways to come true; {MOST} is the most",
            remedy="Use fewer 'any' groups inside one 'all', or split the rule.",
        )
    return [tuple(demand for way in chosen for demand in way) for chosen in product(*parts)]
