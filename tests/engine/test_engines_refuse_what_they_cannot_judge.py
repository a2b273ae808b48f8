"""Kinds, ranges, absent engines, engine failures, the run-time self-check."""

from __future__ import annotations

import random
import sys
import threading

import pytest
from rules_at_random import KINDS, facts, rule

from crmrules.engine import FactError, available, build
from crmrules.engine.port import EngineError, Judgement
from crmrules.engine.selfcheck import check_sample
from crmrules.errors import EngineMismatchError, UsageError
from crmrules.rule import Clause, Group, Setting, Verdict

ALL = [*available(), "oracle"]
needs_durable = pytest.mark.skipif("durable" not in available(), reason="durable is not installed")


def one_clause(signal, operator, value, **settings):
    group = Group(join="all", members=(Clause(signal=signal, operator=operator, value=value),))
    never = Group(join="all", members=(Clause(signal="phase", operator="is", value=""),))
    made = rule(random.Random(1), "r-1", when=group, clears=never)
    return made.model_copy(update={"settings": settings, "majors_only": False})


def judged(name, made, **given):
    [answer] = build([made], name, KINDS).judge([{"phase": str(made.phases[0]), **given}])
    return answer["r-1"].verdict


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("signal", "value"),
    [
        ("calls", True),
        ("calls", "5"),
        ("calls", 5.0),
        ("calls", 2**53 + 1),
        ("won", 1),
        ("won", "true"),
        ("role", 5),
        ("role", "x" * 4097),
        ("role", "\ud800"),
        ("share", float("nan")),
        ("share", float("inf")),
        ("share", 1e15),
        ("share", True),
    ],
)
def test_a_fact_of_another_kind_or_out_of_range_is_an_error(name, signal, value):
    made = one_clause(signal, "is", {bool: True, str: "a"}.get(KINDS[signal], 1))

    with pytest.raises(FactError, match=signal):
        judged(name, made, **{signal: value})


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("signal", "operator", "value"),
    [
        ("calls", "is", True),
        ("calls", "is", "5"),
        ("won", "is", 1),
        ("won", "at_least", True),
        ("role", "above", "a"),
        ("role", "is", 5),
        ("role", "one_of", ()),
        ("share", "at_least", float("nan")),
        ("nothing", "is", 1),
        ("calls", "is", "$gone"),
    ],
)
def test_a_rule_that_compares_what_cannot_be_compared_is_an_error(name, signal, operator, value):
    with pytest.raises(UsageError):
        judged(name, one_clause(signal, operator, value))


@pytest.mark.parametrize("name", ALL)
def test_numbers_are_compared_at_four_decimals(name):
    made = one_clause("share", "at_least", "$s", s=Setting(value=0.3, unit="", why=""))

    assert judged(name, made, share=0.29996) is Verdict.FIRES
    assert judged(name, made, share=0.29994) is Verdict.QUIET
    assert judged(name, made) is Verdict.UNKNOWN


@pytest.mark.parametrize("name", ALL)
def test_a_whole_number_may_be_held_against_half_a_one(name):
    made = one_clause("calls", "at_least", 2.5)

    assert [judged(name, made, calls=n) for n in (2, 3)] == [Verdict.QUIET, Verdict.FIRES]


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="no engine is called 'durabel'"):
        build([], "durabel")


def test_auto_falls_back_to_python_and_durable_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "durable_rules_engine", None)

    assert build([], "auto").name == "python"
    with pytest.raises(UsageError, match="durable-rules"):
        build([], "durable")


@pytest.mark.parametrize("name", available())
def test_the_self_check_stops_at_one_wrong_verdict_and_passes_right_ones(name):
    rnd = random.Random(3)
    rules = [rule(rnd, f"r-{n}") for n in range(5)]
    sample = [facts(rnd) for _ in range(5)]
    engine = build(rules, name, KINDS)
    verdicts = [dict(answer) for answer in engine.judge(sample)]

    check_sample(engine, rules, sample, verdicts, KINDS)

    was = verdicts[3]["r-2"]
    verdicts[3]["r-2"] = Judgement(
        Verdict.FIRES if was.verdict is not Verdict.FIRES else Verdict.QUIET
    )
    with pytest.raises(EngineMismatchError, match="r-2"):
        check_sample(engine, rules, sample, verdicts, KINDS)
    with pytest.raises(EngineMismatchError):
        check_sample(engine, rules, sample, verdicts[:-1], KINDS)


@needs_durable
def test_durable_recovers_from_an_engine_error_and_judges_on():
    from crmrules.engine import durable

    made = one_clause("calls", "is", 1)
    engine = durable.DurableEngine([made], KINDS)
    good = engine._rulesets[0].definition
    engine._rulesets[0].definition = good.replace(durable.SENTINEL, "r99")
    engine.close()
    engine._open()
    engine._rulesets[0].definition = good

    with pytest.raises(EngineError):
        engine.judge([{"calls": 1, "phase": str(made.phases[0])}])

    [answer] = engine.judge([{"calls": 1, "phase": str(made.phases[0])}])
    assert answer["r-1"].verdict is Verdict.FIRES


@needs_durable
def test_durable_refuses_two_signals_that_share_a_hash():
    from crmrules.engine import durable

    assert durable.name_hash("costarring") == durable.name_hash("liquid")
    rules = [one_clause(name, "is", 1) for name in ("costarring", "liquid")]
    with pytest.raises(UsageError, match="costarring"):
        durable.DurableEngine(rules, {**KINDS, "costarring": int, "liquid": int})


@needs_durable
def test_durable_judges_wide_rules_within_its_limits():
    texts = tuple(f"w{n}" for n in range(100))
    members = tuple(
        Clause(signal=name, operator="at_least", value=n)
        for n in range(12)
        for name in ("calls", "meetings", "share", "points")
    )
    never = Group(join="all", members=(Clause(signal="word", operator="one_of", value=texts),))
    rnd = random.Random(5)
    rules = [
        rule(rnd, f"r-{join}-{n}", when=Group(join=join, members=members), clears=never)
        for join in ("any", "all")
        for n in range(6)
    ]
    samples = [
        *(facts(rnd) for _ in range(20)),
        {"phase": str(rules[0].phases[0]), "is_major": True, "word": "w99"}
        | dict.fromkeys(("calls", "meetings"), 50)
        | dict.fromkeys(("share", "points"), 50.0),
    ]

    expected = build(rules, "oracle", KINDS).judge(samples)
    assert build(rules, "durable", KINDS).judge(samples) == expected


@pytest.mark.parametrize("name", available())
def test_threads_may_share_an_engine(name):
    rnd = random.Random(11)
    rules = [rule(rnd, f"r-{n}") for n in range(10)]
    samples = [facts(rnd) for _ in range(50)]
    engine = build(rules, name, KINDS)
    expected = engine.judge(samples)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(engine.judge(samples))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [expected] * 4


@needs_durable
def test_the_same_rules_share_an_engine_that_the_c_module_never_gives_back_and_others_do_not():
    yes, one = one_clause("won", "is", True), one_clause("won", "is", 1)

    assert build([yes], "durable", KINDS) is build([yes.model_copy()], "durable", KINDS)
    with pytest.raises(UsageError):
        build([one], "durable", KINDS)
