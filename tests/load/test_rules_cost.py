"""60 rules cost at most two and a half times what the first 13 cost, records to findings."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import pytest

from crmrules import rulebook

BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cost():
    pytest.importorskip("simple_salesforce")
    sys.path.insert(0, BENCHMARKS)
    try:
        import rules_cost

        yield rules_cost
    finally:
        sys.path.remove(BENCHMARKS)


def test_sixty_rules_cost_at_most_the_goal(cost):
    """Paired rounds of processor time: others slow both sides of a pair alike."""
    every = rulebook.load([rulebook.shipped()]).rules
    first = [rule for rule in every if rule.id in cost.FIRST]
    assert (len(first), len(every)) == (13, 60)
    found = cost.evaluation.seeded(80)
    few, all_ = (cost.prepared("python", found, cost.side(pack)) for pack in (first, every))
    assert 0 < few() < all_(), "both sides find something"
    ratios = [cost._timed(all_) / cost._timed(few) for _ in range(5)]
    assert statistics.median(ratios) <= cost.GOAL, ratios


def test_a_pack_reads_its_own_signals_and_the_vocabulary_is_whole_afterwards(cost):
    whole = dict(cost.SIGNALS)
    rules = rulebook.load([rulebook.shipped()]).rules[:1]
    pack = cost.side(rules)
    with cost.only(pack.signals):
        assert set(cost.SIGNALS) == pack.signals < set(whole)
    assert whole == cost.SIGNALS
