"""The meaning of a rule: a plain interpreter of three-valued logic, and what ``explain`` shows.

Truth has three heights: false 0, unknown 1, true 2. ``all`` is the lowest of its members, ``any``
the highest. That is the whole definition; engines are held to it, so no engine may import this.
It is made to be read, not to be fast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmrules.engine import values
from crmrules.engine.port import Facts, Judgement
from crmrules.rule import Clause, Group, Rule, Verdict
from crmrules.signals._registry import Value

_HEIGHTS: tuple[bool | None, ...] = (False, None, True)


@dataclass(frozen=True, slots=True)
class Trace:
    """What one clause or group came to; ``result`` and ``actual`` are None where unknown.

    ``needed`` is the number or word compared with (settings filled in); None for a group.
    """

    node: Group | Clause
    result: bool | None
    needed: Any = None
    actual: Value | None = None
    members: tuple[Trace, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """The whole reasoning of one rule over one set of facts."""

    rule: Rule
    condition: Trace
    clears: Trace

    @property
    def judgement(self) -> Judgement:
        """The verdict that follows: clearing comes before firing."""
        if self.clears.result is True:
            return Judgement(Verdict.QUIET, clears=True)
        verdicts = {True: Verdict.FIRES, False: Verdict.QUIET, None: Verdict.UNKNOWN}
        return Judgement(verdicts[self.condition.result])


def judge_rule(rule: Rule, facts: Facts, kinds: values.Kinds | None = None) -> Judgement:
    """Return what the rule says about the facts."""
    return trace(rule, facts, kinds).judgement


def trace(rule: Rule, facts: Facts, kinds: values.Kinds | None = None) -> RuleTrace:
    """Return every clause and group with what it came to."""
    used = values.kinds_used([rule], kinds)
    known = values.clean(facts, used)
    return RuleTrace(
        rule,
        condition=_trace(rule, rule.condition, known, used),
        clears=_trace(rule, rule.clears, known, used),
    )


class OracleEngine:
    """The definition behind the port, for comparison."""

    name = "oracle"

    def __init__(self, rules: Sequence[Rule], kinds: values.Kinds | None = None) -> None:
        self._rules, self._kinds = tuple(rules), kinds

    def judge(self, facts: Sequence[Facts]) -> list[Mapping[str, Judgement]]:
        """Return, for each fact set, the judgement of every rule by rule id."""
        return [
            {rule.id: judge_rule(rule, entry, self._kinds) for rule in self._rules}
            for entry in facts
        ]


def _trace(rule: Rule, node: Group | Clause, facts: Facts, kinds: values.Kinds) -> Trace:
    if isinstance(node, Clause):
        wanted = values.needed(rule, node, kinds)
        actual = facts.get(node.signal)
        result = None if actual is None else holds_between(node.operator, actual, wanted)
        return Trace(node, result, wanted, actual)
    parts = tuple(_trace(rule, member, facts, kinds) for member in node.members)
    heights = [_HEIGHTS.index(part.result) for part in parts]
    height = min(heights) if node.join == "all" else max(heights)
    return Trace(node, _HEIGHTS[height], members=parts)


def holds_between(operator: str, actual: Any, wanted: Any) -> bool:  # noqa: PLR0911 - one line each
    """Return whether two known values compare as the operator says."""
    match operator:
        case "is":
            return bool(actual == wanted)
        case "is_not":
            return bool(actual != wanted)
        case "one_of":
            return any(actual == entry for entry in wanted)
        case "not_one_of":
            return all(actual != entry for entry in wanted)
        case "at_least":
            return bool(actual >= wanted)
        case "at_most":
            return bool(actual <= wanted)
        case "above":
            return bool(actual > wanted)
        case "below":
            return bool(actual < wanted)
    raise AssertionError(operator)  # ``needed`` has refused it before
