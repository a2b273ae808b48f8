"""The python engine: each rule compiled once to nested functions over a dictionary of facts.

A compiled node answers True, False or None (unknown). Groups stop at the first member that decides.
It needs no package and works everywhere, so it is also what judges where durable_rules is absent.
It shares no evaluation with ``oracle``; tests hold the two together.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from crmrules.engine import values
from crmrules.engine.port import Facts, Judgement
from crmrules.rule import Clause, Group, Rule, Verdict

Test: TypeAlias = Callable[[dict[str, Any]], bool | None]

_FIRES = Judgement(Verdict.FIRES)
_QUIET = Judgement(Verdict.QUIET)
_CLEARED = Judgement(Verdict.QUIET, clears=True)
_UNKNOWN = Judgement(Verdict.UNKNOWN)

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
    "one_of": lambda actual, wanted: actual in wanted,
    "not_one_of": lambda actual, wanted: actual not in wanted,
}


class PythonEngine:
    """Rules as functions."""

    name = "python"

    def __init__(self, rules: Sequence[Rule], kinds: values.Kinds | None = None) -> None:
        self._kinds = values.kinds_used(rules, kinds)
        self._rules = tuple((rule.id, _compile_rule(rule, self._kinds)) for rule in rules)

    def judge(self, facts: Sequence[Facts]) -> list[Mapping[str, Judgement]]:
        """Return, for each fact set, the judgement of every rule by rule id."""
        kinds, rules = self._kinds, self._rules
        answers: list[Mapping[str, Judgement]] = []
        for entry in facts:
            known = values.clean(entry, kinds)
            answers.append({name: judge(known) for name, judge in rules})
        return answers


def _compile_rule(rule: Rule, kinds: values.Kinds) -> Callable[[dict[str, Any]], Judgement]:
    condition = _compile(rule, rule.condition, kinds)
    clears = _compile(rule, rule.clears, kinds)

    def judge(facts: dict[str, Any]) -> Judgement:
        if clears(facts):
            return _CLEARED
        holds = condition(facts)
        if holds is None:
            return _UNKNOWN
        return _FIRES if holds else _QUIET

    return judge


def _compile(rule: Rule, node: Group | Clause, kinds: values.Kinds) -> Test:
    if isinstance(node, Clause):
        return _clause(node.signal, _COMPARE[node.operator], values.needed(rule, node, kinds))
    members = tuple(_compile(rule, member, kinds) for member in node.members)
    if len(members) == 1:
        return members[0]
    return _group(members, decides=node.join == "any")


def _clause(signal: str, compare: Callable[[Any, Any], bool], wanted: Any) -> Test:
    def test(facts: dict[str, Any]) -> bool | None:
        actual = facts.get(signal)
        return None if actual is None else compare(actual, wanted)

    return test


def _group(members: tuple[Test, ...], *, decides: bool) -> Test:
    """One member that is ``decides`` settles the group; otherwise an unknown one leaves it open."""

    def test(facts: dict[str, Any]) -> bool | None:
        unknown = False
        for member in members:
            answer = member(facts)
            if answer is decides:
                return decides
            if answer is None:
                unknown = True
        return None if unknown else not decides

    return test
