"""Helpers that keep their answer per view: shared or fresh, in any order, every signal says one."""

from __future__ import annotations

import random
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from crmrules.baseline import Baseline
from crmrules.signals import SIGNALS, Unknown, View
from crmrules.signals._registry import once
from crmrules.signals._time import conversations, offers

BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")


@pytest.fixture(scope="module")
def opportunities():
    sys.path.insert(0, BENCHMARKS)
    try:
        from simulation.lives import NOW
        from simulation.recording import record
        from simulation.world import lives

        return [record(life, 0.75).as_of(NOW) for life in lives(60)]
    finally:
        sys.path.remove(BENCHMARKS)


def view(subject):
    return View(subject, subject.observed_at, Baseline(inbound_share=1.0))


@pytest.mark.parametrize("seed", range(3))
def test_what_a_signal_says_depends_neither_on_order_nor_on_who_was_asked_before(
    opportunities, seed
):
    names = list(SIGNALS)
    random.Random(seed).shuffle(names)
    for subject in opportunities:
        shared = view(subject)
        for name in names:
            function = SIGNALS[name].function
            assert function(shared) == function(view(subject)), name


def test_a_helper_is_asked_once_for_each_view_and_each_question(opportunities):
    asked = []

    @once
    def helper(view, days, *, account=False):
        asked.append((days, account))
        return Unknown(f"{days} {account}")

    one, other = view(opportunities[0]), view(opportunities[0])
    assert helper(one, 3) is helper(one, 3)
    assert helper(one, 3, account=True) != helper(one, 3)
    assert helper(one, 4) != helper(one, 3)
    assert asked == [(3, False), (3, True), (4, False)]
    helper(other, 3)
    assert asked[3:] == [(3, False)]


def test_another_view_starts_with_nothing_kept(opportunities):
    first = view(opportunities[0])
    conversations(first)
    offers(first)
    assert first.kept
    empty = first.opportunity.model_copy(update={"activities": None, "quotes": None})
    second = replace(first, opportunity=empty)
    assert second.kept == {}
    assert isinstance(conversations(second), Unknown)
    assert isinstance(offers(second), Unknown)


def test_what_is_kept_is_no_part_of_a_views_identity(opportunities):
    first, second = view(opportunities[0]), view(opportunities[0])
    conversations(first)
    assert first == second
    assert "kept" not in repr(first)
    with pytest.raises(FrozenInstanceError):
        first.now = second.now
