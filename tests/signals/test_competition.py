"""Signals of competition: whom they compare us with, and who came in after our offer."""

from __future__ import annotations

import pytest
from build import OPPORTUNITY, activity, ago, moves, quote, reading

from crmrules.baseline import COVERAGE_GATE, Baseline
from crmrules.model import ActivityKind, Competitor, Phase, Reason
from crmrules.signals import Known, Unknown

LATE = "late_rivals_in_30_days"
REASONS = "reasons_since_late_rival"
HABIT = Baseline(coverage={"competitors": COVERAGE_GATE})
COMPARING = moves((60, Phase.RECOGNITION), (40, Phase.EVALUATION))
WEIGHING = moves((60, Phase.RECOGNITION), (40, Phase.EVALUATION), (20, Phase.CONCERNS))


def rival(days: float, name: str = "Acme", record: str | None = None) -> Competitor:
    return Competitor(record=record or f"rival-{days:g}", known_at=ago(days), name=name)


def why(days: float) -> Reason:
    return Reason(record=f"reason-{days:g}", known_at=ago(days), text="buyers want three offers")


# -- who is there


def test_a_rival_that_is_recorded_twice_is_one():
    found = (rival(9), rival(5, " acme "), rival(4, "Status quo"))
    expected = Known(2, ("rival-9", "rival-5", "rival-4"))
    assert reading("competitors_recorded", competitors=found) == expected


def test_an_empty_list_in_the_crm_says_that_nobody_is_recorded():
    assert reading("competitors_recorded", competitors=()) == Known(0)


def test_without_a_list_in_the_crm_nobody_is_recorded_only_where_winners_record_them():
    name, few = "competitors_recorded", Baseline(coverage={"competitors": COVERAGE_GATE - 0.01})
    assert reading(name, HABIT, activities=()) == Known(0)
    assert isinstance(reading(name, few, activities=()), Unknown)
    assert isinstance(reading(name, activities=()), Unknown)
    assert isinstance(reading(name, HABIT), Unknown)


@pytest.mark.parametrize(
    ("kind", "alone"),
    [
        ("Contract Renewal", True),
        ("Sole-Source", True),
        ("Vertragsverlängerung", True),
        ("New Business", False),
        ("existingbusiness", False),
    ],
)
def test_a_renewal_or_a_sole_source_is_compared_with_nobody(kind, alone):
    assert reading("is_sole_source", kind=kind) == Known(value=alone, records=(OPPORTUNITY,))


def test_a_purchase_of_no_kind_may_be_a_sole_source():
    assert isinstance(reading("is_sole_source"), Unknown)


# -- who came in late


def test_a_rival_over_a_day_after_the_quote_is_late():
    facts = {**COMPARING, "quotes": (quote(15), quote(3))}
    assert reading(LATE, competitors=(rival(13.9),), **facts) == Known(1, ("rival-13.9",))
    assert reading(LATE, competitors=(rival(14),), **facts) == Known(0)


def test_a_rival_over_a_day_after_reaching_concerns_is_late_without_any_quote():
    facts = {**WEIGHING, "quotes": ()}
    assert reading(LATE, competitors=(rival(18.9),), **facts) == Known(1, ("rival-18.9",))
    assert reading(LATE, competitors=(rival(19),), **facts) == Known(0)


def test_what_came_first_counts_quote_or_concerns():
    facts = {**WEIGHING, "quotes": (quote(28),)}
    assert reading(LATE, competitors=(rival(24),), **facts) == Known(1, ("rival-24",))


def test_late_is_told_for_thirty_days():
    facts = {**COMPARING, "quotes": (quote(38),)}
    assert reading(LATE, competitors=(rival(30),), **facts) == Known(0)
    assert reading(LATE, competitors=(rival(29.9),), **facts) == Known(1, ("rival-29.9",))


def test_before_any_offer_nobody_is_late():
    assert reading(LATE, competitors=(rival(2),), quotes=(), **COMPARING) == Known(0)
    draft = (quote(9, status="Draft"),)
    assert reading(LATE, competitors=(rival(2),), quotes=draft, **COMPARING) == Known(0)


def test_a_rival_who_was_known_before_is_not_late_when_noted_again():
    found = (rival(30, "ACME"), rival(2))
    assert reading(LATE, competitors=found, quotes=(quote(15),), **COMPARING) == Known(0)


@pytest.mark.parametrize("name", ["Status quo", "in-house solution", "Do nothing", "nichts tun"])
def test_doing_nothing_or_doing_it_themselves_never_comes_in_late(name):
    found = (rival(2, name),)
    assert reading(LATE, competitors=found, quotes=(quote(15),), **COMPARING) == Known(0)


def test_each_late_rival_is_counted_once():
    found = (rival(9), rival(2, "acme"), rival(3, "Brand"), rival(50, "Old"))
    expected = Known(2, ("rival-9", "rival-2", "rival-3"))
    assert reading(LATE, competitors=found, quotes=(quote(15),), **COMPARING) == expected


def test_a_rival_in_a_field_without_history_may_have_been_there_before():
    found = (rival(2, record=OPPORTUNITY),)
    facts = {**COMPARING, "quotes": (quote(15),)}
    assert isinstance(reading(LATE, competitors=found, **facts), Unknown)
    certain = (*found, rival(3, "Brand"))
    assert reading(LATE, competitors=certain, **facts) == Known(1, ("rival-3",))


def test_a_rival_in_a_note_that_was_edited_may_have_been_there_before():
    facts = {**COMPARING, "quotes": (quote(15),), "competitors": (rival(2, record="note"),)}
    old = activity(ActivityKind.NOTE, 20, record="note")
    fresh = activity(ActivityKind.NOTE, 5, record="note")
    assert isinstance(reading(LATE, activities=(old,), **facts), Unknown)
    assert reading(LATE, activities=(fresh,), **facts) == Known(1, ("note",))


def test_one_undated_record_leaves_open_when_a_rival_was_first_known():
    facts = {**COMPARING, "quotes": (quote(15),)}
    twice = (rival(2, record=OPPORTUNITY), rival(3))
    assert isinstance(reading(LATE, competitors=twice, **facts), Unknown)
    beside = (rival(2, record=OPPORTUNITY), rival(20, "Brand"))
    assert isinstance(reading(LATE, competitors=beside, **facts), Unknown)


def test_with_one_of_quotes_and_stages_unreadable_only_yes_can_be_said():
    after, before = (rival(2),), (rival(25),)
    staged = {**WEIGHING}
    assert reading(LATE, competitors=after, **staged) == Known(1, ("rival-2",))
    assert isinstance(reading(LATE, competitors=before, **staged), Unknown)
    quoted = {"quotes": (quote(15),)}
    assert reading(LATE, competitors=after, **quoted) == Known(1, ("rival-2",))
    assert isinstance(reading(LATE, competitors=before, **quoted), Unknown)
    assert isinstance(reading(LATE, competitors=after), Unknown)
    assert reading(LATE, competitors=()) == Known(0)


@pytest.mark.parametrize("name", [LATE, REASONS])
def test_late_is_unknown_where_rivals_are(name):
    assert isinstance(reading(name, quotes=(quote(15),), **COMPARING), Unknown)


def test_a_reason_counts_from_the_last_late_rival_on():
    facts = {**COMPARING, "quotes": (quote(15),), "competitors": (rival(9), rival(5, "Brand"))}
    told = (why(6), why(5), why(1))
    assert reading(REASONS, reasons=told, **facts) == Known(2, ("reason-5", "reason-1"))
    assert reading(REASONS, activities=(), reasons=told[:1], **facts) == Known(0)
    assert isinstance(reading(REASONS, **facts), Unknown)


def test_without_a_late_rival_there_is_nothing_to_explain():
    assert reading(REASONS, competitors=(), quotes=(), reasons=(why(1),), **COMPARING) == Known(0)
