"""The rules about concerns are judged first: how many of them fire is a signal to the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crmrules.baseline import Baseline
from crmrules.engine import build
from crmrules.evaluate import Evaluator
from crmrules.model import Opportunity, Phase
from crmrules.rule import Clause, Group, Mode, Rule, RuleTest, Severity, TaskText, Then
from crmrules.signals import Known, Unknown

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def rule(name: str, *clauses: tuple[str, str, object], private: bool = False) -> Rule:
    members = tuple(Clause(signal=s, operator=o, value=v) for s, o, v in clauses)
    text = TaskText(subject="Ask", body=("Who?", "What?"), due_in_days=1)
    return Rule(
        id=name,
        title=name,
        mode=Mode.LIVE,
        recommended=Mode.LIVE,
        severity=Severity.P2,
        phases=(Phase.EVALUATION,),
        why="w",
        source="s",
        false_positives=(),
        private=private,
        review="2030-01-01",
        maintainer="m",
        majors_only=False,
        when=Group(join="all", members=members),
        clears=Group(join="all", members=members),
        then=Then(task=text, flag=name),
        tests=(RuleTest(name="t", given={}, expect="fires"),),
    )


OLD = ("opportunity_age_days", "at_least", 10)
YOUNG = ("opportunity_age_days", "below", 10)
BLIND = ("quotes_sent", "at_least", 1)


def signs(*rules: Rule):
    one = Opportunity(
        record="o",
        known_at=NOW - timedelta(days=90),
        id="o",
        created_at=NOW - timedelta(days=90),
        observed_at=NOW,
        phase=Phase.EVALUATION,
    )
    never = ("opportunity_age_days", "at_least", 10**6)
    quiet = [r.model_copy(update={"clears": rule("x", never).when}) for r in rules]
    [judged] = Evaluator(build(quiet, "python"), quiet, Baseline(), NOW).judge([one])
    return judged.readings["signs_of_concern"]


def test_rules_about_concerns_that_fire_are_counted():
    assert signs(rule("conc-a", OLD), rule("conc-b", OLD), rule("conc-c", YOUNG)) == Known(2)
    assert signs(rule("conc-a", YOUNG)) == Known(0)
    assert signs() == Known(0)


def test_one_that_fires_is_enough_though_others_cannot_tell():
    assert signs(rule("conc-a", OLD), rule("conc-b", BLIND)) == Known(1)


def test_none_that_fires_and_one_that_cannot_tell_is_unknown():
    assert isinstance(signs(rule("conc-a", YOUNG), rule("conc-b", BLIND)), Unknown)


def test_rules_of_other_chapters_private_ones_and_those_that_read_it_do_not_count():
    reads = rule("conc-commit", OLD, ("signs_of_concern", "at_least", 0))
    assert signs(rule("nego-a", OLD), rule("conc-p", OLD, private=True), reads) == Known(0)


def test_a_rule_that_says_nobody_spoke_of_a_concern_is_no_sign_of_one():
    unvoiced = rule("conc-u", OLD, ("concerns_recorded", "at_most", 10**6))
    assert signs(unvoiced) == Known(0)
    assert signs(unvoiced, rule("conc-a", OLD)) == Known(1)


@pytest.mark.parametrize(("fires", "expected"), [(OLD, "fires"), (YOUNG, "quiet")])
def test_a_rule_that_reads_it_is_judged_by_it(fires, expected):
    rules = [
        rule("conc-a", fires),
        rule("nego-b", ("signs_of_concern", "at_least", 1)),
    ]
    never = rule("x", ("opportunity_age_days", "at_least", 10**6)).when
    rules = [one.model_copy(update={"clears": never}) for one in rules]
    one = Opportunity(
        record="o",
        known_at=NOW - timedelta(days=90),
        id="o",
        created_at=NOW - timedelta(days=90),
        observed_at=NOW,
        phase=Phase.EVALUATION,
    )
    [judged] = Evaluator(build(rules, "python"), rules, Baseline(), NOW).judge([one])
    assert str(judged.judgements["nego-b"].verdict) == expected
