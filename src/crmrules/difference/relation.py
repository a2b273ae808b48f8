"""Whether another version of a rule fires on more, on fewer or on others; told without judging.

What makes a clause, a group or a rule true is a set of facts. Unknown is not true, so ``all`` is
the intersection and ``any`` the union of its members' sets, and a rule fires on those of its
condition that are not among those of ``clears``. Sets are compared member by member; where that
proves nothing the answer is ``OTHERS``, never a guess.

It sees no facts. A test holds its answers to the definition (``engine.oracle``) on random ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from crmrules.rule import Clause, Group, Rule
from crmrules.texts import in_words

RISING = {"at_least": 0, "above": 1}  # a larger number is true of fewer
FALLING = {"below": 0, "at_most": 1}  # a larger number is true of more
_LISTS = {"is": True, "one_of": True, "is_not": False, "not_one_of": False}


class Relation(StrEnum):
    """How a newer version's set of facts lies to the older one's."""

    SAME = "same"
    MORE = "more"  # all that fired still does
    FEWER = "fewer"  # all that fires did before
    OTHERS = "others"  # nothing of the kind can be told

    def also(self, other: Relation) -> Relation:
        """Return what both changes together come to."""
        if self is Relation.SAME or self is other:
            return other
        return self if other is Relation.SAME else Relation.OTHERS

    def turned(self) -> Relation:
        """Return what it means for a rule when this happens to its ``clears``."""
        return _TURNED.get(self, self)


_TURNED = {Relation.MORE: Relation.FEWER, Relation.FEWER: Relation.MORE}


@dataclass(frozen=True, slots=True)
class Test:
    """One clause with its setting filled in."""

    signal: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Join:
    """A group in normal form: no member is a group of the same kind, and there are two or more."""

    join: str
    members: tuple[Any, ...]


Node: TypeAlias = Test | Join


@dataclass(frozen=True, slots=True)
class Band:
    """A threshold that moved: for which values of a signal a clause changed its mind."""

    key: str  # "when" or "clears"
    signal: str
    wider: bool  # the clause is true of these now; else it was before
    span: str  # "from 5 to below 8"


@dataclass(slots=True)
class Comparison:
    """Two versions of a rule. ``bands``: thresholds that moved; ``other``: something else did."""

    relation: Relation = Relation.SAME
    bands: list[Band] = field(default_factory=list)
    other: bool = False


def compare(old: Rule, new: Rule) -> Comparison:
    """Return how the newer version's firing lies to the older one's."""
    found = Comparison()
    for key, before, after in (
        ("when", _normal(old, old.condition), _normal(new, new.condition)),
        ("clears", _normal(old, old.clears), _normal(new, new.clears)),
    ):
        relation = _nodes(before, after, key, found)
        found.relation = found.relation.also(relation.turned() if key == "clears" else relation)
    return found


def _normal(rule: Rule, node: Group | Clause) -> Node:
    if isinstance(node, Clause):
        value = rule.value_of(node)
        return Test(node.signal, node.operator, tuple(value) if isinstance(value, list) else value)
    members: list[Node] = []
    for member in node.members:
        one = _normal(rule, member)
        inner = one.members if isinstance(one, Join) and one.join == node.join else (one,)
        members += [each for each in inner if each not in members]
    return members[0] if len(members) == 1 else Join(node.join, tuple(members))


def _nodes(old: Node, new: Node, key: str, found: Comparison) -> Relation:
    if old == new:
        return Relation.SAME
    if isinstance(old, Test) and isinstance(new, Test):
        return _tests(old, new, key, found)
    join = new.join if isinstance(new, Join) else None
    if isinstance(old, Join) and join in (None, old.join):
        join = old.join
    if join is None or (isinstance(old, Join) and old.join != join):
        found.other = True
        return Relation.OTHERS
    return _members(join, _of(old, join), _of(new, join), key, found)


def _of(node: Node, join: str) -> list[Node]:
    """Return the members of a node as those of a group of this kind."""
    return list(node.members) if isinstance(node, Join) and node.join == join else [node]


def _members(join: str, old: list[Node], new: list[Node], key: str, found: Comparison) -> Relation:
    gone = [one for one in old if one not in new]
    come = [one for one in new if one not in old]
    relation = Relation.SAME
    for before, after in _pairs(gone, come):
        gone.remove(before)
        come.remove(after)
        relation = relation.also(_nodes(before, after, key, found))
    without, with_ = (
        (Relation.MORE, Relation.FEWER) if join == "all" else (Relation.FEWER, Relation.MORE)
    )
    found.other |= bool(gone or come)
    relation = relation.also(without if gone else Relation.SAME)
    return relation.also(with_ if come else Relation.SAME)


def _pairs(gone: Sequence[Node], come: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    """Yield what is likely the same member, changed. Any pairing would be sound, not as telling."""
    left = list(come)
    for before in gone:
        for after in left:
            if _alike(before, after):
                left.remove(after)
                yield before, after
                break


def _alike(one: Node, other: Node) -> bool:
    if isinstance(one, Test) and isinstance(other, Test):
        families = [operator in RISING for operator in (one.operator, other.operator)]
        return one.signal == other.signal and families[0] == families[1]
    return isinstance(one, Join) and isinstance(other, Join) and one.join == other.join


def _tests(old: Test, new: Test, key: str, found: Comparison) -> Relation:
    if old.signal == new.signal:
        for family, falls in ((RISING, False), (FALLING, True)):
            if old.operator in family and new.operator in family:
                limits = [(each.value, family[each.operator]) for each in (old, new)]
                if limits[0] == limits[1]:
                    return Relation.SAME
                wider = (limits[1] > limits[0]) is falls
                low, high = sorted(limits)
                found.bands.append(Band(key, old.signal, wider, span(low, high)))
                return Relation.MORE if wider else Relation.FEWER
        if old.operator in _LISTS and new.operator in _LISTS:
            found.other = True
            return _lists(old, new)
    found.other = True
    return Relation.OTHERS


def _lists(old: Test, new: Test) -> Relation:
    before, after = (
        frozenset(one.value if isinstance(one.value, tuple) else (one.value,)) for one in (old, new)
    )
    was_in, is_in = _LISTS[old.operator], _LISTS[new.operator]
    if was_in != is_in:
        apart = not before & after
        return (Relation.MORE if was_in else Relation.FEWER) if apart else Relation.OTHERS
    if before == after:
        return Relation.SAME
    if before < after or after < before:
        return Relation.MORE if (before < after) is was_in else Relation.FEWER
    return Relation.OTHERS


def span(low: tuple[Any, int], high: tuple[Any, int]) -> str:
    """Return the numbers between two limits in words; 1 beside a limit: it is itself not in."""
    begin = f"above {in_words(low[0])}" if low[1] else f"from {in_words(low[0])}"
    if low[0] == high[0]:
        return f"at {in_words(low[0])}"
    end = f"up to {in_words(high[0])}" if high[1] else f"to below {in_words(high[0])}"
    return f"{begin} {end}"
