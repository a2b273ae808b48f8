"""Both engines against the interpreted definition, on random rules and facts."""

from __future__ import annotations

import importlib
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules_at_random import KINDS, PHASES, facts, rule

from crmrules.engine import available, build
from crmrules.engine.oracle import judge_rule
from crmrules.rule import Clause, Group

ENGINES = [pytest.param(name, id=name) for name in available()]
BATCHES, RULES, FACTS = 50, 20, 100  # 100,000 judgements over all batches


@pytest.mark.parametrize("seed", range(BATCHES))
def test_every_engine_judges_random_rules_as_the_definition_does(seed):
    rnd = random.Random(seed)
    rules = [rule(rnd, f"r-{number}") for number in range(RULES)]
    samples = [facts(rnd) for _ in range(FACTS)]
    expected = [{one.id: judge_rule(one, entry, KINDS) for one in rules} for entry in samples]

    for name in available():
        assert build(rules, name, KINDS).judge(samples) == expected, name


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_pack_of_sixty_rules_never_meets_the_limits_of_an_engine(seed, monkeypatch):
    # The benchmark's facts are made to fit its rules, so that many branches match at once.
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))
    material = importlib.import_module("material")
    rules = material.random_rules(60, seed=seed)
    samples = material.fact_sets(rules, material.VOCABULARY, 100)
    kinds = material.VOCABULARY
    expected = [{one.id: judge_rule(one, entry, kinds) for one in rules} for entry in samples]

    for name in available():
        assert build(rules, name, kinds).judge(samples) == expected, name


def test_the_random_rules_reach_every_verdict_often():
    rnd = random.Random(7)
    seen: Counter[object] = Counter()
    for _ in range(20):
        rules = [rule(rnd, f"r-{number}") for number in range(10)]
        for entry in (facts(rnd) for _ in range(20)):
            seen.update(judge_rule(one, entry, KINDS) for one in rules)

    assert len(seen) == 4
    assert min(seen.values()) > 0.02 * seen.total()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 2**32),
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "phase": st.sampled_from(PHASES),
                "is_major": st.booleans(),
                "calls": st.integers(-(2**53), 2**53),
                "meetings": st.integers(-3, 6),
                "share": st.floats(-9e14, 9e14, allow_nan=False),
                "points": st.floats(-1, 1).map(lambda number: number / 1000),
                "won": st.booleans(),
                "role": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
                "word": st.text(max_size=5, alphabet='ab c"\\\x00\n5'),
            },
        ),
        min_size=1,
        max_size=20,
    ),
)
def test_any_facts_are_judged_as_the_definition_does(seed, samples):
    rnd = random.Random(seed)
    rules = [rule(rnd, f"r-{number}") for number in range(4)]
    for entry in samples:  # thresholds that the facts hit exactly
        for name in ("share", "role", "word"):
            # A text that begins with $ names a setting: no rule file can compare with it.
            if name in entry and not str(entry[name]).startswith("$"):
                same = Clause(signal=name, operator="is", value=entry[name])
                both = Group(join="all", members=(same,))
                rules.append(rule(rnd, f"r-{len(rules)}", when=both))
    expected = [{one.id: judge_rule(one, entry, KINDS) for one in rules} for entry in samples]

    for name in available():
        assert build(rules, name, KINDS).judge(samples) == expected, name
