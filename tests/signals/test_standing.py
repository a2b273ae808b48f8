"""How we stand on the customer's criteria: weak, strong, proven, worth raising."""

from __future__ import annotations

import pytest
from build import ago, criterion, mail, meeting, reading

from crmrules.model import Direction, Proof
from crmrules.signals import Known, Unknown
from crmrules.signals.standing import means

WEAK = "weak_crucial_criteria_without_plan"
AGE = "weak_crucial_for_business_days"


def weak(days=20, **facts):
    return criterion(days, **{"weight": "crucial", "ours": 2, **facts})


@pytest.mark.parametrize(("rating", "count"), [(1, 1), (2, 1), (2.5, 0), (3, 0), (5, 0)])
def test_weak_is_a_rating_of_two_or_less_on_a_crucial_criterion(rating, count):
    found = reading(WEAK, criteria=(weak(ours=rating),))
    assert found == Known(count, ("note-20#go-live",) * count)
    for weight in ("important", "incidental"):
        assert reading(WEAK, criteria=(weak(ours=rating, weight=weight),)) == Known(0)


def test_the_worst_one_comes_first_and_then_the_oldest():
    lines = (weak(30, name="a"), weak(20, name="b", ours=1), weak(40, name="c"))
    assert reading(WEAK, criteria=lines).records == ("note-20#b", "note-40#c", "note-30#a")


def test_a_missing_weight_or_rating_is_unknown_unless_another_one_surely_is_weak():
    for line in (weak(ours=None), weak(weight=None), criterion(20)):
        assert isinstance(reading(WEAK, criteria=(line,)), Unknown)
        assert reading(WEAK, criteria=(line, weak(10, name="x"))).value == 1
    assert reading(WEAK, criteria=(weak(weight=None, ours=4),)) == Known(0)
    assert reading(WEAK, activities=()) == Known(0)
    assert isinstance(reading(WEAK), Unknown)


def test_a_fresh_strategy_is_a_plan_and_another_word_is_none():
    assert reading(WEAK, criteria=(weak(strategy="redefine", days=13.9),)) == Known(0)
    assert reading(WEAK, criteria=(weak(strategy="reinforce", days=13.9),)).value == 1


def test_a_plan_nobody_talked_about_for_fourteen_days_is_none():
    lines = (weak(30), criterion(14, strategy="trade-off"))
    assert reading(WEAK, criteria=lines, activities=()).value == 1
    assert reading(WEAK, criteria=lines, activities=(meeting(15),)).value == 1
    assert reading(WEAK, criteria=lines, activities=(meeting(13),)) == Known(0)
    sent = mail(13, direction=Direction.OUTBOUND)
    assert reading(WEAK, criteria=lines, activities=(sent,)).value == 1
    assert isinstance(reading(WEAK, criteria=lines, activities=(meeting(13, held=None),)), Unknown)
    assert isinstance(reading(WEAK, criteria=lines), Unknown)


def test_weakness_counts_from_when_both_rating_and_weight_were_known():
    lines = (criterion(30, ours=2), criterion(14, weight="crucial"))
    assert reading(AGE, criteria=lines) == Known(10, ("note-30#go-live", "note-14#go-live"))
    assert reading(AGE, criteria=(weak(7),)) == Known(5, ("note-7#go-live",))
    assert reading(AGE, criteria=(weak(7), weak(14, name="x"))) == Known(10, ("note-14#x",))
    assert "no crucial" in reading(AGE, activities=()).reason
    assert isinstance(reading(AGE), Unknown)


def strong(days=40, **facts):
    return criterion(days, **{"weight": "crucial", "ours": 4, **facts})


def proof(days, criterion=None):
    return Proof(record=f"proof-{days}", known_at=ago(days), text="trial", criterion=criterion)


UNPROVEN = "days_a_strength_is_unproven"


@pytest.mark.parametrize(("rating", "count"), [(3.9, 0), (4, 1), (5, 1)])
def test_strong_is_a_rating_of_four_or_more_on_a_crucial_criterion(rating, count):
    found = reading("crucial_strengths", criteria=(strong(ours=rating),))
    assert found == Known(count, ("note-40#go-live",) * count)
    assert reading("crucial_strengths", criteria=(strong(weight="important"),)) == Known(0)
    assert isinstance(reading("crucial_strengths", criteria=(strong(ours=None),)), Unknown)


def test_a_strength_is_unproven_since_it_was_noted_or_last_shown():
    ids = ("note-40#go-live",)
    assert reading(UNPROVEN, criteria=(strong(),)) == Known(40, ids)
    assert reading(UNPROVEN, criteria=(strong(),), proofs=(proof(12, "GO-LIVE"),)) == Known(12, ids)
    assert reading(UNPROVEN, criteria=(strong(),), proofs=(proof(12),)) == Known(12, ids)
    assert reading(UNPROVEN, criteria=(strong(),), proofs=(proof(12, "price"),)) == Known(40, ids)
    assert reading(UNPROVEN, criteria=(strong(), criterion(9, proof="trial"))).value == 9


def test_the_strength_that_was_shown_longest_ago_is_told():
    lines = (strong(20, name="a"), strong(50, name="b"))
    found = reading(UNPROVEN, criteria=lines, proofs=(proof(10, "a"),))
    assert found == Known(50, ("note-50#b",))
    assert "no crucial" in reading(UNPROVEN, activities=()).reason
    assert isinstance(reading(UNPROVEN), Unknown)


def test_a_shortened_name_means_the_criterion_and_no_name_means_none():
    assert means("Go-live", "go-live under 8 weeks")
    assert not means("go-live costs", "go-live under 8 weeks")
    assert not means("  ", "go-live")


def light(days=20, **facts):
    return criterion(days, **{"weight": "incidental", "ours": 4, "theirs": 3, **facts})


@pytest.mark.parametrize(
    ("facts", "count"),
    [
        ({}, 1),
        ({"ours": 3.9}, 0),
        ({"theirs": 3.9}, 1),
        ({"theirs": 4}, 0),
        ({"weight": "important"}, 0),
        ({"strategy": "build up"}, 0),
    ],
)
def test_an_incidental_strength_is_one_where_the_rival_has_none(facts, count):
    found = reading("incidental_strengths", criteria=(light(**facts),))
    assert found == Known(count, ("note-20#go-live",) * count)


def test_an_unrated_rival_leaves_an_incidental_strength_open():
    assert isinstance(reading("incidental_strengths", criteria=(light(theirs=None),)), Unknown)
    assert reading("incidental_strengths", activities=()) == Known(0)


def test_a_strength_is_built_up_by_a_strategy_or_by_a_heavier_weight():
    name = "strengths_built_up"
    assert reading(name, criteria=(light(),)) == Known(0)
    assert reading(name, criteria=(light(strategy="build up"),)).value == 1
    assert reading(name, criteria=(light(), criterion(5, weight="important"))).value == 1
    assert reading(name, criteria=(light(weight="crucial", strategy="reinforce"),)) == Known(0)
    raised = (light(ours=3), criterion(5, weight="important"))
    assert reading(name, criteria=raised) == Known(0)
    assert isinstance(reading(name), Unknown)


@pytest.mark.parametrize(
    ("facts", "count"),
    [
        ({"need": "re-keying", "ours": 4}, 1),
        ({"need": "re-keying", "ours": 3}, 0),
        ({"need": "re-keying", "ours": 2, "strategy": "alternative"}, 1),
        ({"need": "re-keying", "strategy": "alternative"}, 1),
        ({"ours": 5}, 0),
    ],
)
def test_a_need_is_channelled_into_a_criterion_we_win_on_or_have_a_plan_for(facts, count):
    found = reading("needs_channelled", criteria=(criterion(20, **facts),))
    assert found == Known(count, ("note-20#go-live",) * count)


def test_an_unrated_criterion_that_comes_from_a_need_leaves_it_open():
    found = reading("needs_channelled", criteria=(criterion(20, need="re-keying"),))
    assert "rating" in found.reason
    assert reading("needs_channelled", activities=()) == Known(0)
