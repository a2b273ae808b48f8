"""Signals of pace: what a buyer in this phase has done before, and how fast the stage moved."""

from __future__ import annotations

from typing import Any

import pytest
from build import OPPORTUNITY, ago, call, change, meeting, moves, need, person, reading

from crmrules.baseline import Baseline
from crmrules.model import Criterion, Focus, Phase, Sibling
from crmrules.signals import Known, Unknown

R, E, C = Phase.RECOGNITION, Phase.EVALUATION, Phase.CONCERNS
KEPT = Baseline(coverage={"needs": 0.3, "criteria": 0.3})
BOSS = person("bob", focus=Focus.POWER)
ANN = person("ann", role="User")
MISSING, JUMPED = "buying_signs_missing", "phases_jumped_in_7_days"
CRITERION = Criterion(record="note-1", known_at=ago(3), name="speed")
DONE: dict[str, Any] = {
    "phase": C,
    "needs": (need(9),),
    "criteria": (CRITERION,),
    "people": (ANN, BOSS),
    "activities": (meeting(40, "ann"), meeting(30, "bob")),
}


def missing(baseline: Baseline = KEPT, **facts: Any) -> Any:
    return reading(MISSING, baseline, **{**DONE, **facts})


def test_a_buyer_who_did_all_of_it_lacks_nothing() -> None:
    assert missing() == Known(0, (OPPORTUNITY,))


@pytest.mark.parametrize(
    ("facts", "late", "early"),
    [
        ({"needs": ()}, 1, 1),
        ({"needs": (need(9, explicit=False),)}, 1, 1),
        ({"criteria": ()}, 1, 0),
        ({"activities": (meeting(40, "ann", "bob"),)}, 1, 1),  # one meeting
        ({"activities": (meeting(40, "ann"), call(30, "bob"))}, 1, 1),
        ({"activities": (meeting(40, "bob"), meeting(30, "bob"))}, 1, 1),  # one person
        ({"activities": (meeting(40, "ann", "gus"), meeting(30, "ann"))}, 1, 0),  # no decider
        ({"activities": (meeting(40, "ann"),), "needs": (), "criteria": ()}, 5, 3),
    ],
)
def test_each_sign_counts_and_the_late_ones_only_late(facts: Any, late: int, early: int) -> None:
    assert missing(**facts).value == late
    assert missing(**facts, phase=E).value == early
    assert missing(**facts, phase=R).value == 0


@pytest.mark.parametrize("coverage", [{}, {"needs": 0.29, "criteria": 0.29}])
def test_wants_and_criteria_are_asked_for_only_where_winners_record_them(coverage: Any) -> None:
    assert missing(Baseline(coverage=coverage), needs=(), criteria=()).value == 0


def test_one_sign_that_cannot_be_told_leaves_the_count_unknown() -> None:
    unnamed = (meeting(40, "ann"), meeting(30))
    assert isinstance(missing(activities=unnamed), Unknown)
    doubtful = (meeting(40, "ann", "bob"), meeting(30, "bob", held=None))
    assert isinstance(missing(activities=doubtful), Unknown)
    stranger = {"people": (ANN, person("eve")), "activities": (meeting(9, "ann"), meeting(8, "x"))}
    assert isinstance(missing(**stranger), Unknown)
    assert missing(**stranger, phase=E).value == 0


def test_two_signs_that_are_surely_missing_say_enough() -> None:
    unnamed = (meeting(40, "ann"), meeting(30))
    assert missing(activities=unnamed, needs=(), criteria=()).value == 2
    assert isinstance(missing(activities=unnamed, needs=()), Unknown)


def test_signs_are_unknown_without_phase_or_activities() -> None:
    assert isinstance(missing(phase=None), Unknown)
    assert isinstance(missing(activities=None), Unknown)
    assert isinstance(missing(activities=()), Unknown)


# jumps


def test_two_phases_within_seven_days_are_a_jump_of_two() -> None:
    facts = moves((100, R), (27, E), (20, C))
    assert reading(JUMPED, **facts) == Known(2, ("phase-27", "phase-20"))
    direct = moves((100, R), (20, C))
    assert reading(JUMPED, **direct) == Known(2, ("phase-20",))
    slow = moves((100, R), (27.01, E), (20, C))
    assert reading(JUMPED, **slow) == Known(1, ("phase-20",))


def test_the_first_ten_days_are_for_catching_up() -> None:
    late, early = moves((100, R), (90, C)), moves((100, R), (90.01, C))
    assert reading(JUMPED, **late).value == 2
    assert reading(JUMPED, **early) == Known(0)


def test_a_step_back_is_no_jump_and_undoes_one() -> None:
    assert reading(JUMPED, **moves((100, C), (20, R))) == Known(0)
    assert reading(JUMPED, **moves((100, R), (40, C), (20, E))) == Known(0)
    assert reading(JUMPED, **moves((100, R))) == Known(0)


def test_jumps_need_the_history_and_the_stage_map() -> None:
    assert isinstance(reading(JUMPED, phase=C), Unknown)
    unmapped = {
        "phase": None,
        "changes": (change("phase", 20, R.value, None),),
        "tracked": frozenset({"phase"}),
    }
    assert isinstance(reading(JUMPED, **unmapped), Unknown)


# repeat business


@pytest.mark.parametrize(
    ("kind", "again"),
    [("Existing Customer - Upgrade", True), ("existingbusiness", True), ("New Customer", False)],
)
def test_the_kind_tells_whether_they_buy_again(kind: str, *, again: bool) -> None:
    told = reading("is_repeat_business", kind=kind)
    assert told == Known(value=again, records=(OPPORTUNITY,))


def test_without_a_kind_only_an_account_that_never_bought_is_sure() -> None:
    lost = Sibling(record="s1", known_at=ago(300), id="s1", closed_at=ago(200))
    won = Sibling(record="s2", known_at=ago(300), id="s2", closed_at=ago(200), won_at=ago(200))
    told = reading("is_repeat_business", siblings=(lost,))
    assert told == Known(value=False, records=(OPPORTUNITY,))
    assert isinstance(reading("is_repeat_business", siblings=(lost, won)), Unknown)
    assert isinstance(reading("is_repeat_business"), Unknown)
