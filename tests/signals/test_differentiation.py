"""Signals of differentiation: where a rival is ahead, what of ours nobody can count."""

from __future__ import annotations

from typing import Any

import pytest
from build import ago, reading

from crmrules.model import Criterion, Differentiator, Proof
from crmrules.signals import Known, Unknown

LEAD = "rival_lead_without_plan"
WAITED = "rival_lead_business_days"
BEHIND = "criterion_behind"
SOFT = "soft_strengths"


def criterion(days: float, name: str = "Go-live", record: str = "", **facts: Any) -> Criterion:
    return Criterion(record=record or f"criterion-{days:g}", known_at=ago(days), name=name, **facts)


def crucial(days: float, ours: float | None, theirs: float | None, **facts: Any) -> Criterion:
    return criterion(days, **{"weight": "crucial", "ours": ours, "theirs": theirs, **facts})


def edge(days: float, text: str = "Close by", **facts: Any) -> Differentiator:
    return Differentiator(record=f"edge-{days:g}", known_at=ago(days), text=text, **facts)


# -- where a rival is ahead


def test_the_largest_lead_on_what_is_crucial_counts():
    found = (crucial(9, 3, 4), crucial(5, 1, 4.5, name="Uptime"), crucial(4, 5, 2, name="Price"))
    assert reading(LEAD, criteria=found) == Known(3.5, ("criterion-5#uptime",))
    assert reading(BEHIND, criteria=found) == Known("Uptime", ("criterion-5#uptime",))
    assert reading(WAITED, criteria=found) == Known(3, ("criterion-5#uptime",))


def test_of_equal_leads_the_one_known_longest_counts():
    found = (crucial(5, 2, 4, name="Uptime"), crucial(12, 2, 4))
    assert reading(BEHIND, criteria=found) == Known("Go-live", ("criterion-12#go-live",))
    assert reading(WAITED, criteria=found) == Known(8, ("criterion-12#go-live",))


@pytest.mark.parametrize(
    "facts",
    [
        {"weight": "important"},
        {"weight": "incidental", "ours": None},
        {"strategy": "redefine"},
        {"theirs": 2.0},
        {"theirs": 1.0},
    ],
    ids=["not crucial", "not crucial nor rated", "with a plan", "level", "ahead"],
)
def test_no_lead_is_left_where_it_does_not_decide_or_is_planned_for_or_is_none(facts):
    found = (criterion(9, **{"weight": "crucial", "ours": 2.0, "theirs": 4.0, **facts}),)
    assert reading(LEAD, criteria=found) == Known(0.0, ("criterion-9",))
    assert isinstance(reading(BEHIND, criteria=found), Unknown)
    assert isinstance(reading(WAITED, criteria=found), Unknown)


@pytest.mark.parametrize("name", [LEAD, WAITED, BEHIND])
@pytest.mark.parametrize(
    "facts",
    [
        {"criteria": ()},
        {"criteria": (), "activities": ()},
        {"criteria": (crucial(9, None, 4),)},
        {"criteria": (crucial(9, 2, None),)},
        {"criteria": (criterion(9, ours=2.0, theirs=4.0),)},
    ],
    ids=["none", "none in notes", "ours not rated", "theirs not rated", "no weight"],
)
def test_what_may_decide_and_is_not_rated_is_unknown(name, facts):
    assert isinstance(reading(name, **facts), Unknown)


def test_one_that_is_surely_behind_is_told_though_another_is_not_rated():
    found = (crucial(9, 2, 3), crucial(5, None, None, name="Uptime"))
    assert reading(LEAD, criteria=found) == Known(1.0, ("criterion-9#go-live",))


def test_what_is_recorded_later_adds_to_what_was_said_before():
    first = criterion(12, ours=2.0, theirs=4.0)
    heavier = criterion(8, name=" go-LIVE", weight="crucial")
    better = criterion(3, ours=4.0)
    ids = ("criterion-12#go-live", "criterion-8#go-live")
    assert reading(LEAD, criteria=(heavier, first)) == Known(2.0, ids)
    assert reading(WAITED, criteria=(first, heavier)) == Known(6, ids)
    assert reading(LEAD, criteria=(first, heavier, better)) == Known(0.0, ("criterion-3",))


def test_three_lines_add_up_and_the_name_is_as_it_was_typed_last():
    found = (
        criterion(12, weight="crucial"),
        criterion(8, ours=2.0),
        criterion(3, name="GO-LIVE", theirs=4.0),
    )
    ids = ("criterion-12#go-live", "criterion-8#go-live", "criterion-3#go-live")
    assert reading(LEAD, criteria=found) == Known(2.0, ids)
    assert reading(BEHIND, criteria=found) == Known("GO-LIVE", ids)


def test_one_that_is_not_rated_leaves_it_open_though_another_is_ahead():
    found = (crucial(9, 4, 3), crucial(5, None, None, name="Uptime"))
    assert isinstance(reading(LEAD, criteria=found), Unknown)


def test_a_lead_counts_from_where_it_last_came_back():
    found = (crucial(30, 2, 4), criterion(20, ours=4.0), criterion(6, ours=1.0))
    answer = reading(WAITED, criteria=found)
    assert isinstance(answer, Known)
    assert answer.value == 4


def test_a_new_rating_that_leaves_the_lead_does_not_start_the_clock_again():
    answer = reading(WAITED, criteria=(crucial(14, 2, 4), criterion(1, ours=3.0)))
    assert isinstance(answer, Known)
    assert answer.value == 10


def test_of_several_rivals_the_strongest_counts_by_its_latest_rating():
    first = crucial(20, 3, 5, rival="Acme")
    other = criterion(15, theirs=4.0, rival="Brand")
    fallen = criterion(10, theirs=2.0, rival="acme")
    assert reading(LEAD, criteria=(first, other)).value == 2.0
    assert reading(LEAD, criteria=(first, other, fallen)).value == 1.0


def test_where_we_are_furthest_ahead_is_told_by_its_name():
    found = (crucial(9, 4, 3), criterion(5, name="Uptime", ours=5.0, theirs=2.0))
    assert reading("criterion_ahead", criteria=found) == Known("Uptime", ("criterion-5",))
    level = (crucial(9, 4, 4), criterion(5, name="Uptime", ours=5.0))
    assert isinstance(reading("criterion_ahead", criteria=level), Unknown)


# -- what of ours nobody can count


@pytest.mark.parametrize("ours", [4.0, 3.1])
def test_a_strong_criterion_that_is_soft_waits_to_be_counted(ours):
    found = (criterion(9, name="Care", ours=ours, hard=False),)
    assert reading(SOFT, criteria=found) == Known(1, ("criterion-9#care",))
    assert reading("soft_strength_days", criteria=found) == Known(9, ("criterion-9#care",))
    assert reading("soft_strength", criteria=found) == Known("Care", ("criterion-9#care",))


@pytest.mark.parametrize(
    "facts",
    [
        {"ours": 3.0},
        {"hard": True},
        {"weight": "incidental"},
        {"metric": "calls answered"},
        {"proof": "trial in May"},
        {"name": "Service within 4 hours", "hard": None},
    ],
    ids=["weak", "hard", "does not matter", "counted", "proven", "has a number"],
)
def test_what_is_weak_or_hard_or_counted_waits_for_nothing(facts):
    known = {"name": "Service", "ours": 5.0, "hard": False}
    found = (criterion(9, **{**known, **facts}),)
    assert reading(SOFT, activities=(), criteria=found) == Known(0)
    for name in ("soft_strength_days", "soft_strength"):
        assert isinstance(reading(name, activities=(), criteria=found), Unknown)


def test_a_proof_that_names_the_criterion_counts_it():
    found = (criterion(9, name="Service", ours=5.0),)
    proof = Proof(record="proof", known_at=ago(2), text="visit", criterion="service")
    other = proof.model_copy(update={"criterion": "price"})
    assert reading(SOFT, criteria=found, proofs=(proof,)) == Known(0)
    assert reading(SOFT, criteria=found, proofs=(other,)) == Known(1, ("criterion-9#service",))


@pytest.mark.parametrize("name", ["Service", "ease-of-use", "Vertrauen", "Servicequalität"])
def test_some_words_are_soft_without_anybody_saying_so(name):
    found = reading(SOFT, criteria=(criterion(9, name=name, ours=5.0),))
    assert isinstance(found, Known)
    assert found.value == 1


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"criteria": (criterion(9, name="Go-live", ours=5.0),)},
        {"criteria": (criterion(9, name="Service"),)},
        {"differentiators": (edge(9),)},
    ],
    ids=["no notes", "hard or soft", "not rated", "an edge, hard or soft"],
)
def test_what_may_be_a_soft_strength_is_unknown_and_not_none(facts):
    for name in (SOFT, "soft_strength_days", "soft_strength"):
        assert isinstance(reading(name, **facts), Unknown)


def test_nothing_recorded_in_notes_that_can_be_read_is_none():
    assert reading(SOFT, activities=()) == Known(0)


def test_an_edge_waits_to_be_counted_until_it_has_a_number_or_a_measure():
    soft = edge(9, "Good people", hard=False)
    counted = edge(2, "good people", metric="answers within an hour")
    assert reading(SOFT, differentiators=(soft,)) == Known(1, ("edge-9",))
    assert reading("soft_strength", differentiators=(soft,)) == Known("Good people", ("edge-9",))
    assert reading(SOFT, differentiators=(soft, counted)) == Known(0)


def test_the_oldest_soft_strength_is_the_one_to_ask_about():
    found = {
        "criteria": (criterion(9, name="Service", ours=5.0),),
        "differentiators": (edge(20, "Trust"), edge(1, "Flexibility")),
    }
    assert reading(SOFT, **found) == Known(3, ("edge-20", "criterion-9#service", "edge-1"))
    assert reading("soft_strength", **found) == Known("Trust", ("edge-20",))
    assert reading("soft_strength_days", **found) == Known(20, ("edge-20",))


def test_a_criterion_counts_as_a_strength_from_when_it_was_rated_as_one():
    found = (
        criterion(30, name="Service", ours=2.0),
        criterion(10, name="Service", ours=5.0),
    )
    answer = reading("soft_strength_days", criteria=found)
    assert isinstance(answer, Known)
    assert answer.value == 10


def test_noting_a_strength_again_does_not_make_it_younger():
    twice = (criterion(30, name="Service", ours=5.0), criterion(10, name="Service", ours=4.0))
    assert reading("soft_strength_days", criteria=twice).value == 30
    edges = (edge(20, "Trust"), edge(5, "trust"))
    assert reading("soft_strength_days", differentiators=edges).value == 20


# -- whose words they are


def test_a_reason_of_theirs_has_a_name_to_it_and_counts_once():
    found = (edge(9, person="Ana"), edge(5, "close BY", person="Ben"), edge(3, "Trust"))
    name = "differentiators_from_customer"
    assert reading(name, differentiators=found) == Known(1, ("edge-9", "edge-5"))
    assert reading(name, activities=(), differentiators=found[2:]) == Known(0)
    assert isinstance(reading(name, differentiators=found[2:]), Unknown)
