"""Which rule waits for which: as the catalogue says, never in a circle, never the urgent one."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from crmrules import rulebook
from crmrules.rule import Hides

PACK = Path(__file__).resolve().parents[2] / "rules"
RULES = {rule.id: rule for rule in rulebook.load([PACK]).rules}
CATALOGUE = {
    "buy-proposal-before-needs": (
        *("needs-none-recorded", "buy-demo-before-discovery", "buy-stage-ahead-of-buyer"),
    ),
    "entry-stuck-at-receptivity": (
        *("entry-single-threaded", "needs-none-recorded", "entry-no-sponsor"),
    ),
    "entry-sponsor-lost": ("entry-no-sponsor", "entry-sponsor-not-equipped", "conc-gone-dark"),
    "entry-no-path-to-power": ("entry-power-access-wasted",),
    "needs-none-recorded": (
        *("needs-implied-only", "needs-not-sized", "needs-no-payoff-voiced"),
        "needs-not-channelled",
    ),
    "needs-implied-only": ("needs-not-sized", "needs-no-payoff-voiced"),
    "crit-unknown": (
        *("crit-assumed", "crit-unweighted", "needs-not-channelled"),
        "comp-no-micro-differentiator",
    ),
    "crit-assumed": ("crit-unweighted",),
    "comp-vulnerable-no-plan": ("crit-weak-crucial-no-plan",),
    "comp-late-entrant": ("comp-unknown-in-evaluation", "crit-changed-late"),
    "conc-gone-dark": ("buy-no-advance", "conc-none-surfaced", "conc-withholding"),
    "conc-postponed": ("buy-no-advance",),
    "conc-open-at-commit": ("conc-none-surfaced",),
    "nego-concession-during-concern": ("nego-early-concession", "nego-price-only"),
    "nego-growing-concessions": ("nego-price-only", "nego-no-range"),
    "post-quiet-first-30": ("post-motivation-dip",),
    "post-renewal-complacent": ("post-account-decay", "post-needs-review-due"),
}
PARTLY = {
    ("entry-sponsor-lost", "conc-gone-dark"): Hides(rule="conc-gone-dark", same="person"),
    ("comp-vulnerable-no-plan", "crit-weak-crucial-no-plan"): Hides(
        rule="crit-weak-crucial-no-plan", same="criterion"
    ),
    ("comp-late-entrant", "crit-changed-late"): Hides(rule="crit-changed-late", until_day=7),
    ("post-quiet-first-30", "post-motivation-dip"): Hides(rule="post-motivation-dip", until_day=21),
}
"""What hides only one that speaks of the same, or only in its first days."""


@pytest.mark.parametrize("hider", sorted(RULES))
def test_a_rule_hides_what_the_catalogue_says_of_the_rules_that_are_there(hider):
    hidden = {one.rule: one for one in RULES[hider].hides}
    expected = [name for name in CATALOGUE.get(hider, ()) if name in RULES]
    assert sorted(hidden) == sorted(expected)
    for name in expected:
        assert hidden[name] == PARTLY.get((hider, name), Hides(rule=name))


def test_no_rule_hides_itself_over_however_many_others():
    graph = {rule.id: {one.rule for one in rule.hides} for rule in RULES.values()}
    order = list(TopologicalSorter(graph).static_order())
    assert set(order) == set(RULES)
    graph["nego-price-only"] = {"nego-concession-during-concern"}
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()


def test_what_is_hidden_is_never_more_urgent_than_p2_unless_what_hides_it_is_p1():
    urgent = {rule.id for rule in RULES.values() if rule.severity == "P1"}
    for rule in RULES.values():
        for one in rule.hides:
            assert one.rule not in urgent or rule.id in urgent, (rule.id, one.rule)
