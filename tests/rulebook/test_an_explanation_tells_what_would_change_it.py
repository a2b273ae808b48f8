"""Explanations: values, records, reasons, and a smallest change that is really one."""

from __future__ import annotations

import random
import sys
from itertools import combinations
from pathlib import Path

import pytest
from good_rules import GOOD, VOCABULARY

from crmrules import rulefile, yamlsource
from crmrules.engine.oracle import judge_rule
from crmrules.explain import explain
from crmrules.rule import Verdict
from crmrules.signals._registry import Known, Unknown

sys.path.append(str(Path(__file__).parent.parent / "engine"))
from rules_at_random import KINDS, facts, rule

RULE = rulefile.parse(yamlsource.parse(GOOD.encode()), "x.yml", VOCABULARY).rule
OWN_KINDS = {name: entry.kind for name, entry in VOCABULARY.items()}


def readings(**values):
    return {name: Known(value, (f"rec-{name}",)) for name, value in values.items()}


def test_a_firing_rule_shows_values_records_and_what_its_task_asks_for():
    told = explain(
        RULE,
        readings(phase="evaluation", is_major=True, discount_above_allowance=8.0),
        kinds=OWN_KINDS,
    )

    assert told.verdict is Verdict.FIRES
    [when] = told.condition.members[2].members
    assert (when.needed, when.setting, when.actual) == (5, "points", 8.0)
    assert when.records == ("rec-discount_above_allowance",)
    assert told.then is Verdict.QUIET
    assert [(one.signal, one.to) for one in told.would_change] == [
        ("discount_above_allowance", 0.0)
    ]


def test_an_unknown_rule_says_which_signal_is_missing_and_why():
    told = explain(
        RULE,
        readings(phase="evaluation", is_major=True)
        | {"discount_above_allowance": Unknown("no quote was read")},
        kinds=OWN_KINDS,
    )

    assert told.verdict is Verdict.UNKNOWN
    assert told.missing == ("discount_above_allowance",)
    assert told.condition.members[2].members[0].reason == "no quote was read"
    assert [(one.signal, one.now, one.to) for one in told.would_change] == [
        ("discount_above_allowance", None, 5.0)
    ]


@pytest.mark.parametrize("seed", range(150))
def test_the_change_flips_the_verdict_and_no_part_of_it_does(seed):
    rnd = random.Random(seed)
    made, given = rule(rnd, "r-1"), facts(rnd)

    told = explain(made, readings(**given), kinds=KINDS)

    assert told.verdict is judge_rule(made, given, KINDS).verdict
    changes = {one.signal: one.to for one in told.would_change}
    for size in range(len(changes) + 1):
        for part in combinations(changes, size):
            after = {**given, **{name: changes[name] for name in part}}
            known = {name: value for name, value in after.items() if value is not None}
            flipped = judge_rule(made, known, KINDS).verdict is told.then
            assert flipped == (size == len(changes) > 0)
