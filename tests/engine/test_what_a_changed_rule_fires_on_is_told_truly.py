"""``difference.relation`` says "more" or "fewer" by looking at two rules; the definition judges."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
import rules_at_random as at_random

from crmrules.difference import Relation, compare
from crmrules.engine.oracle import judge_rule
from crmrules.rule import Clause, Group, Rule, Verdict

JUDGED = 60  # facts for each pair of rules


def fires(rule: Rule, facts: dict[str, Any]) -> bool:
    return judge_rule(rule, facts, at_random.KINDS).verdict is Verdict.FIRES


def another_value(rnd: random.Random, rule: Rule) -> Rule:
    """Change one setting, as a new default does."""
    if not rule.settings:
        return rule
    name = rnd.choice(list(rule.settings))
    [signal] = {
        clause.signal
        for group in (rule.when, rule.clears)
        for clause in group.clauses()
        if clause.value == f"${name}"
    }
    value = at_random.value(rnd, signal)
    changed = rule.settings[name].model_copy(update={"value": value})
    return rule.model_copy(update={"settings": {**rule.settings, name: changed}})


def another_clause(rnd: random.Random, node: Group, depth: int = 0) -> Group:
    """Change, add or drop one member somewhere."""
    members = list(node.members)
    place = rnd.randrange(len(members))
    what = rnd.choice(("value", "operator", "drop", "add", "new"))
    one = members[place]
    if isinstance(one, Group) and depth < 4:
        members[place] = another_clause(rnd, one, depth + 1)
    elif what == "drop" and len(members) > 1:
        del members[place]
    elif what == "add":
        members.insert(place, drawn(rnd))
    elif isinstance(one, Clause) and what in ("value", "operator"):
        members[place] = nearly(rnd, one, what)
    else:
        members[place] = drawn(rnd)
    return node.model_copy(update={"members": tuple(members)})


def drawn(rnd: random.Random) -> Clause:
    """Return a new clause; where it would name a setting of its own it has that one's value."""
    settings: dict[str, Any] = {}
    one = at_random.clause(rnd, settings)
    return one.model_copy(update={"value": settings["s0"].value}) if settings else one


def nearly(rnd: random.Random, one: Clause, what: str) -> Clause:
    if what == "operator":
        near = {
            "at_least": "above", "above": "at_least", "at_most": "below", "below": "at_most",
            "is": "is_not", "is_not": "is", "one_of": "not_one_of", "not_one_of": "one_of",
        }  # fmt: skip
        return one.model_copy(update={"operator": near[one.operator]})
    if isinstance(one.value, tuple):
        more = (*one.value, at_random.value(rnd, one.signal))
        fewer = one.value[: max(1, len(one.value) - 1)]
        return one.model_copy(update={"value": rnd.choice((more, fewer))})
    if isinstance(one.value, str) and one.value.startswith("$"):
        return one
    return one.model_copy(update={"value": at_random.value(rnd, one.signal)})


def another(rnd: random.Random, rule: Rule) -> Rule:
    what = rnd.choice(("setting", "setting", "when", "clears", "phases", "major"))
    if what == "setting":
        return another_value(rnd, rule)
    if what in ("when", "clears"):
        return rule.model_copy(update={what: another_clause(rnd, getattr(rule, what))})
    if what == "phases":
        kept = rule.phases[: rnd.randint(1, len(rule.phases))]
        return rule.model_copy(update={"phases": kept})
    return rule.model_copy(update={"majors_only": not rule.majors_only})


def check(seed: int, pairs: int) -> Counter[Relation]:
    rnd = random.Random(seed)
    told: Counter[Relation] = Counter()
    for number in range(pairs):
        old = at_random.rule(rnd, f"r{number}")
        new = another(rnd, old)
        if rnd.random() < 0.5:
            old, new = new, old
        relation = compare(old, new).relation
        told[relation] += 1
        for _ in range(JUDGED):
            facts = at_random.facts(rnd)
            before, after = fires(old, facts), fires(new, facts)
            if relation in (Relation.MORE, Relation.SAME):
                assert after or not before, (seed, old, new, facts)
            if relation in (Relation.FEWER, Relation.SAME):
                assert before or not after, (seed, old, new, facts)
    return told


@pytest.mark.parametrize(("seed", "pairs"), [(1, 60), pytest.param(2, 800, marks=pytest.mark.slow)])
def test_more_fewer_and_same_hold_for_random_rules_and_facts(seed, pairs):
    told = check(seed, pairs)
    assert min(told[one] for one in (Relation.MORE, Relation.FEWER, Relation.SAME)) >= pairs / 20
    assert told[Relation.OTHERS] <= pairs / 2  # it does not hide behind "cannot tell"


@pytest.mark.parametrize("seed", range(4))
def test_a_threshold_that_moves_is_always_told_one_way(seed):
    """And truly: among the numbers at and around both thresholds some fact shows the difference."""
    rnd = random.Random(seed)
    for operator in ("at_least", "above", "at_most", "below"):
        for key in ("when", "clears"):
            low, high = sorted(rnd.sample(range(-50, 50), 2))
            old, new = (one_clause(key, operator, n) for n in (low, high))
            wider = operator in ("at_most", "below")
            expected = Relation.MORE if wider is (key == "when") else Relation.FEWER
            assert compare(old, new).relation is expected
            assert compare(new, old).relation is expected.turned()
            seen = set()
            for number in sorted({low - 1, low, low + 1, high - 1, high, high + 1}):
                facts = {"phase": "evaluation", "is_major": True, "points": float(number)}
                facts |= {"won": True, "share": 1.0}
                seen.add((fires(old, facts), fires(new, facts)))
            other = (False, True) if expected is Relation.MORE else (True, False)
            assert other in seen
            assert other[::-1] not in seen


def one_clause(key: str, operator: str, number: int) -> Rule:
    tested = Clause(signal="points", operator=operator, value="$limit")
    always = Clause(signal="share", operator="at_least", value=0)
    never = Clause(signal="won", operator="is", value=False)
    when = tested if key == "when" else always
    clears = tested if key == "clears" else never
    rule = at_random.rule(
        random.Random(0),
        "r",
        Group(join="all", members=(when,)),
        Group(join="any", members=(clears,)),
    )
    setting = {"value": number, "unit": "", "why": "because"}
    return Rule.model_validate(
        rule.model_dump() | {"settings": {"limit": setting}, "phases": ("evaluation",)}
    )
