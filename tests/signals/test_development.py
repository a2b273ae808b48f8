"""Results, leads and needs of a customer; and what a renewal can build on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from build import NOW, OPPORTUNITY, ago, call, mail, meeting, need, person, reading

from crmrules.baseline import Baseline
from crmrules.model import Criterion, Reference, Sibling, Success
from crmrules.signals import Known, Unknown

TODAY = NOW.date()
NOTED = Baseline(coverage={"needs": 0.1, "successes": 0.3})
OF_NOTES = ("successes_recorded", "successes_without_ask", "references_asked_in_180_days")


def success(days: float) -> Success:
    return Success(record=f"success-{days:g}", known_at=ago(days), text="4 h a week saved")


def asked(days: float) -> Reference:
    return Reference(record=f"asked-{days:g}", known_at=ago(days), text="A. Ruiz")


def criterion(days: float) -> Criterion:
    return Criterion(record=f"criterion-{days:g}", known_at=ago(days), name="service")


def sibling(name: str, won: float | None = None, **facts: Any) -> Sibling:
    at = None if won is None else ago(won)
    known = {"record": name, "known_at": ago(500), "id": name, "won_at": at, "closed_at": at}
    return Sibling(**{**known, **facts})


def won(days: float, **facts: Any) -> dict[str, Any]:
    return {"won": True, "closed_at": ago(days), "age": days + 90, "siblings": (), **facts}


def ends(days: int) -> dict[str, Any]:
    return {"contract_end": TODAY + timedelta(days=days)}


# -- results and leads


@pytest.mark.parametrize("name", OF_NOTES)
def test_none_is_told_only_where_notes_can_be_read(name):
    assert isinstance(reading(name), Unknown)
    assert reading(name, activities=()) == Known(0)


def test_results_on_record_are_counted():
    found = reading("successes_recorded", successes=(success(20), success(5)))
    assert found == Known(2, ("success-20", "success-5"))


def test_a_result_waits_for_the_question_until_somebody_asks_after_it():
    facts = {"successes": (success(10), success(90), success(50)), "references": (asked(50),)}
    assert reading("successes_without_ask", **facts) == Known(1, ("success-10",))
    assert reading("days_since_success_without_ask", **facts) == Known(10, ("success-10",))
    facts["references"] = (asked(90), asked(10))
    assert reading("successes_without_ask", **facts) == Known(0)
    facts["references"] = ()
    assert reading("successes_without_ask", **facts).value == 3
    assert reading("days_since_success_without_ask", **facts) == Known(90, ("success-90",))


def test_days_since_a_result_are_unknown_where_none_waits():
    name = "days_since_success_without_ask"
    assert isinstance(reading(name), Unknown)
    assert isinstance(reading(name, activities=()), Unknown)
    done = {"successes": (success(20),), "references": (asked(10),)}
    assert isinstance(reading(name, **done), Unknown)
    assert reading(name, successes=(success(59.9),)).value == 59


@pytest.mark.parametrize(("days", "count"), [(180, 0), (179.9, 1)])
def test_a_question_counts_for_half_a_year(days, count):
    found = reading("references_asked_in_180_days", references=(asked(days),))
    assert found == Known(count, (f"asked-{days:g}",) * count)


# -- needs


@pytest.mark.parametrize(
    ("facts", "days", "record"),
    [
        ({}, 250, OPPORTUNITY),
        ({"needs": (need(200), need(150, explicit=False))}, 150, "need-150"),
        ({"needs": (need(150),), "criteria": (criterion(140),)}, 140, "criterion-140"),
        ({"needs": (need(300),)}, 250, OPPORTUNITY),
        (
            {"activities": (meeting(130, subject="Discovery, new site", on_account=True),)},
            130,
            None,
        ),
        ({"activities": (meeting(130, subject="Service review"),)}, 250, OPPORTUNITY),
        ({"activities": (meeting(130, subject="Discovery", held=False),)}, 250, OPPORTUNITY),
        ({"activities": (call(130, subject="Discovery"), mail(120))}, 250, OPPORTUNITY),
        ({"activities": (meeting(130, held=None, subject="Service"),)}, 250, OPPORTUNITY),
        ({"activities": (meeting(130),), "needs": (need(100),)}, 100, "need-100"),
    ],
)
def test_needs_were_last_looked_at_when_noted_or_asked_for_in_a_meeting(facts, days, record):
    found = reading("days_since_needs_review", **won(250, **{"activities": (), **facts}))
    assert found == Known(days, (record or "meeting-130",))


@pytest.mark.parametrize(
    "activities",
    [
        None,
        (meeting(30),),
        (meeting(30, held=None),),
        (meeting(30, held=None, subject="Discovery"),),
    ],
    ids=["unreadable", "no subject", "undecided", "undecided discovery"],
)
def test_when_needs_were_looked_at_is_unknown(activities):
    facts = won(250, activities=activities, needs=(need(100),))
    assert isinstance(reading("days_since_needs_review", **facts), Unknown)


def test_the_needs_of_an_open_one_count_from_its_creation():
    assert reading("days_since_needs_review", age=70, activities=()) == Known(70, (OPPORTUNITY,))


@pytest.mark.parametrize("days", [270, 0, -5])
def test_days_to_the_end_of_the_contract_go_below_none(days):
    assert reading("days_to_contract_end", **ends(days)) == Known(days, (OPPORTUNITY,))
    assert isinstance(reading("days_to_contract_end"), Unknown)


# -- renewals


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "Renewal"},
        {"kind": "New", "pipeline": "Renewals_EMEA"},
        {"name": "Acme Vertragsverlängerung 2027"},
    ],
    ids=["kind", "pipeline", "name"],
)
def test_an_open_one_is_a_renewal_by_kind_pipeline_or_name(facts):
    assert reading("up_for_renewal", **facts) == Known(True, (OPPORTUNITY,))


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "New Customer", "siblings": (sibling("a", 400),)},
        {"kind": "Existing Customer - Upgrade", "siblings": (sibling("a", 400),)},
        {"siblings": ()},
        {"siblings": (sibling("a", closed_at=ago(40)),), "name": "Acme, second site"},
        {"won": False, "kind": "Renewal"},
    ],
    ids=["another kind", "more of it", "nothing else", "nothing ever won", "lost"],
)
def test_anything_else_that_is_open_is_none(facts):
    assert reading("up_for_renewal", **facts) == Known(False, (OPPORTUNITY,))


def test_without_a_kind_a_customers_opportunity_may_be_one():
    assert isinstance(reading("up_for_renewal", siblings=(sibling("a", 400),)), Unknown)
    for word in ("existingbusiness", " Existing Business"):
        assert isinstance(reading("up_for_renewal", kind=word, siblings=()), Unknown)
        assert reading("up_for_renewal", kind=word, name="Renewal 2027").value is True
    assert isinstance(reading("up_for_renewal"), Unknown)


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ({}, True),
        (ends(0), True),
        (ends(-1), False),
        ({"siblings": (sibling("b", 50),)}, False),
        ({"siblings": (sibling("b"),)}, False),
        ({"siblings": (sibling("b", 300),)}, True),
    ],
    ids=["the only one", "ends today", "has ended", "a later sale", "one is open", "an older sale"],
)
def test_the_last_sale_is_up_for_renewal_while_its_contract_runs_and_nothing_is_open(facts, answer):
    found = reading("up_for_renewal", **won(200, **facts))
    assert found.value is answer


@pytest.mark.parametrize("facts", [won(200) | {"siblings": None}, {"won": True, "siblings": ()}])
def test_of_a_sale_it_is_unknown_where_others_or_its_day_are(facts):
    assert isinstance(reading("up_for_renewal", **facts), Unknown)


def test_days_to_a_renewal_are_those_to_the_close_date_or_to_the_end_of_the_contract():
    close = {"close_date": TODAY + timedelta(days=40)}
    running = {"kind": "Renewal", **close, **ends(9)}
    assert reading("days_to_renewal", **running) == Known(40, (OPPORTUNITY,))
    assert reading("days_to_renewal", **won(200, **close, **ends(90))) == Known(90, (OPPORTUNITY,))


@pytest.mark.parametrize(
    "facts",
    [{"kind": "Renewal"}, {"kind": "New"}, {}, won(200), won(200, **ends(-1))],
    ids=["no date", "no renewal", "perhaps none", "no end", "ended"],
)
def test_days_to_a_renewal_are_unknown(facts):
    assert isinstance(reading("days_to_renewal", **facts), Unknown)


@pytest.mark.parametrize(("days", "count"), [(200, 0), (199.9, 1)])
def test_needs_and_results_count_since_the_last_sale(days, count):
    others = (sibling("a", 200), sibling("b", 400), sibling("c"))
    for facts in (won(200), {"siblings": others}):
        one = reading("gains_since_last_sale", NOTED, **facts, activities=(), needs=(need(days),))
        assert one == Known(count, (f"need-{days:g}",) * count)
        two = {**facts, "activities": (), "successes": (success(days),)}
        assert reading("gains_since_last_sale", NOTED, **two).value == count


def test_where_nothing_was_sold_that_we_know_of_everything_counts():
    facts = {"siblings": (sibling("c"),), "needs": (need(90),), "successes": (success(80),)}
    assert reading("gains_since_last_sale", **facts).records == ("need-90", "success-80")


@pytest.mark.parametrize(
    ("baseline", "facts"),
    [
        (NOTED, {"activities": ()}),
        (NOTED, {"siblings": ()}),
        (Baseline(coverage={"needs": 0.29}), {"siblings": (), "activities": ()}),
        (Baseline(), {"siblings": (), "activities": ()}),
    ],
    ids=["others unreadable", "notes unreadable", "too few note such things", "nobody does"],
)
def test_what_came_since_the_last_sale_is_unknown(baseline, facts):
    assert isinstance(reading("gains_since_last_sale", baseline, **facts), Unknown)


def test_none_is_an_answer_where_enough_others_have_them():
    for piece in ("needs", "successes"):
        baseline = Baseline(coverage={piece: 0.3})
        assert reading("gains_since_last_sale", baseline, siblings=(), activities=()) == Known(0)


def test_people_of_the_account_count_for_ninety_days():
    talks = (meeting(90, "a"), meeting(89.9, "b"), mail(5, "c", on_account=True), call(3, "c"))
    people = (person("a"), person("b"), person("c"))
    found = reading("engaged_people_in_90_days", activities=talks, people=people)
    assert found == Known(2, ("meeting-89.9", "email-5", "call-3"))


@pytest.mark.parametrize(
    "activities", [None, (), (meeting(5),), (meeting(5, "a", held=None),)], ids=str
)
def test_people_of_the_account_are_unknown(activities):
    assert isinstance(reading("engaged_people_in_90_days", activities=activities), Unknown)
