"""The shipped pack: every file reads, proves itself and passes every check."""

from __future__ import annotations

from pathlib import Path

import crmrules.signals
from crmrules import rulebook
from crmrules.engine.oracle import judge_rule
from crmrules.rule import Mode
from crmrules.rulecheck import check_folders
from crmrules.rulecheck.proof import told, variant

PACK = Path(__file__).resolve().parents[2] / "rules"
FIRST = {
    *("conc-postponed", "buy-phase-regressed", "nego-early-concession", "nego-growing-concessions"),
    *("conc-gone-dark", "entry-single-threaded", "buy-proposal-before-needs", "buy-no-advance"),
    *("post-quiet-first-30", "post-account-decay", "entry-stuck-at-receptivity"),
    *("entry-no-path-to-power", "conc-price-when-competitive"),
}

PRIVATE = {
    *("needs-situation-heavy", "comp-attack-language", "conc-minimizing"),
    *("conc-prescribing", "conc-pressuring"),
}


def test_the_whole_book_is_there_and_starts_in_shadow_the_private_rules_not_at_all():
    rules = rulebook.load([PACK]).rules
    assert {rule.id for rule in rules} >= FIRST
    assert len(rules) == 60
    for rule in rules:
        assert rule.mode == (Mode.DISABLED if rule.private else Mode.SHADOW), rule.id


def test_private_rules_are_disabled_alike_in_their_subject_and_read_what_is_ours():
    private = [rule for rule in rulebook.load([PACK]).rules if rule.private]
    assert {rule.id for rule in private} == PRIVATE
    assert {(rule.mode, rule.recommended) for rule in private} == {(Mode.DISABLED, Mode.DISABLED)}
    assert len({rule.then.task.subject for rule in private}) == 1


def test_every_example_inside_a_rule_file_comes_true_by_the_definition():
    for rule in rulebook.load([PACK]).rules:
        for test in rule.tests:
            said = told(judge_rule(variant(rule, test), dict(test.given)))
            assert said == test.expect, f"{rule.id}: {test.name}"


def test_no_check_finds_anything_to_improve():
    _, problems = check_folders([PACK], engines=("python",))
    assert [str(problem) for problem in problems] == []


def test_coverage_gates_name_data_that_the_baseline_measures():
    from crmrules.baseline import COVERED

    for rule in rulebook.load([PACK]).rules:
        assert set(rule.coverage) <= set(COVERED), rule.id


def test_every_signal_is_used_by_a_rule_or_shown_in_a_text():
    used = {"phase", "is_major"}
    for rule in rulebook.load([PACK]).rules:
        used |= {clause.signal for clause in (*rule.when.clauses(), *rule.clears.clauses())}
        texts = str(rule.then.task)
        used |= {name for name in crmrules.signals.SIGNALS if "{" + name in texts}
    assert set(crmrules.signals.SIGNALS) - used <= {"discount_percent"}
