"""What the engines are compared with: plain functions, and one expression of zen-engine.

Know before changing: nothing here may use the engines or their preparations, or a mistake they
share would go unseen; only the parsed rule is common. A person who writes a rule by hand tests for
None first, then asks for "surely clears", "surely true" and "surely false", and so do these.

It checks no types and rounds nothing: the facts are clean by construction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crmrules.engine.port import Judgement
from crmrules.rule import Clause, Group, Rule, Verdict

ANSWERS = (
    Judgement(Verdict.QUIET),
    Judgement(Verdict.UNKNOWN),
    Judgement(Verdict.FIRES),
    Judgement(Verdict.QUIET, clears=True),
)
"""What the codes 0 to 3 of both peers mean."""
_SIGNS = {"is": "==", "is_not": "!=", "at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}
_OTHERS = {
    "is": "is_not",
    "is_not": "is",
    "one_of": "not_one_of",
    "not_one_of": "one_of",
    "at_least": "below",
    "below": "at_least",
    "at_most": "above",
    "above": "at_most",
}
Answers = list[Mapping[str, Judgement]]
Write = Callable[[str, str, Any], str]  # signal, operator, wanted -> an expression


class Plain:
    """One Python function per rule, as a person would write it."""

    name = "plain Python functions"

    def __init__(self, rules: Sequence[Rule]) -> None:
        names: dict[str, Any] = dict(zip("QUFC", ANSWERS, strict=True))
        for number, rule in enumerate(rules):
            exec(_function(number, rule), names)  # our own text, made from checked rules
        self._functions = [(rule.id, names[f"rule_{n}"]) for n, rule in enumerate(rules)]

    def judge(self, facts: Sequence[Mapping[str, Any]]) -> Answers:
        """Return for each fact set the judgement of every rule by rule id."""
        functions = self._functions
        return [{name: function(entry) for name, function in functions} for entry in facts]


class Zen:
    """All rules as one compiled list expression of zen-engine. Raises ImportError without it."""

    name = "zen-engine, one expression"

    def __init__(self, rules: Sequence[Rule]) -> None:
        import zen

        self._ids = [rule.id for rule in rules]
        self._expression = zen.compile_expression(f"[{', '.join(map(_choice, rules))}]")

    def judge(self, facts: Sequence[Any]) -> Answers:
        """Return for each fact set the judgement of every rule by rule id."""
        evaluate, ids = self._expression.evaluate, self._ids
        return [
            {name: ANSWERS[int(code)] for name, code in zip(ids, evaluate(entry), strict=True)}
            for entry in facts
        ]


def _function(number: int, rule: Rule) -> str:
    clauses = (*rule.condition.clauses(), *rule.clears.clauses())
    local = {name: f"v{place}" for place, name in enumerate({c.signal: 0 for c in clauses})}

    def write(signal: str, operator: str, wanted: Any) -> str:
        name = local[signal]
        if operator in ("one_of", "not_one_of"):
            word = "in" if operator == "one_of" else "not in"
            return f"({name} is not None and {name} {word} {tuple(wanted)!r})"
        return f"({name} is not None and {name} {_SIGNS[operator]} {wanted!r})"

    lines = [f"def rule_{number}(facts):", "    get = facts.get"]
    lines += [f"    {short} = get({signal!r})" for signal, short in local.items()]
    for group, sure, answer in _questions(rule):
        lines += [
            f"    if {_joined(rule, group, write, _PYTHON, sure=sure)}: return {'QUFC'[answer]}"
        ]
    return "\n".join([*lines, "    return U"])


def _choice(rule: Rule) -> str:
    def write(signal: str, operator: str, wanted: Any) -> str:
        if operator in ("one_of", "not_one_of"):
            inside = f"{signal} in {json.dumps(list(map(_plain, wanted)))}"
            inside = inside if operator == "one_of" else f"not ({inside})"
        else:
            inside = f"{signal} {_SIGNS[operator]} {json.dumps(_plain(wanted))}"
        return f"({signal} != null and {inside})"

    text = "1"
    for group, sure, answer in reversed(_questions(rule)):
        text = f"({_joined(rule, group, write, _PYTHON, sure=sure)} ? {answer} : {text})"
    return text


def _questions(rule: Rule) -> tuple[tuple[Group, bool, int], ...]:
    """Return what is asked in which order: group, surely true or surely false, and the answer."""
    return (rule.clears, True, 3), (rule.condition, True, 2), (rule.condition, False, 0)


_PYTHON = {"all": " and ", "any": " or "}  # zen-engine has the same words


def _joined(
    rule: Rule, node: Group | Clause, write: Write, words: Mapping[str, str], *, sure: bool
) -> str:
    """Return an expression that holds where the node is surely true (or surely false)."""
    if isinstance(node, Clause):
        operator = node.operator if sure else _OTHERS[node.operator]
        return write(node.signal, operator, _plain(rule.value_of(node)))
    parts = [_joined(rule, member, write, words, sure=sure) for member in node.members]
    join = node.join if sure else {"all": "any", "any": "all"}[node.join]
    return f"({words[join].join(parts)})"


def _plain(value: Any) -> Any:
    """Return words as plain texts; an enumeration prints itself differently."""
    if isinstance(value, tuple | list):
        return tuple(_plain(entry) for entry in value)
    return str(value) if isinstance(value, str) else value
