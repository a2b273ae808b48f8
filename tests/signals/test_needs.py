"""Needs: recorded, implied, sized, worth something; and the offer that should wait for them."""

from __future__ import annotations

import pytest
from build import call, meeting, need, quote, reading

from crmrules.signals import Known, Unknown

NAMES = ("needs_recorded", "implied_needs", "explicit_needs", "sized_needs", "payoffs_voiced")


@pytest.mark.parametrize("name", NAMES)
def test_none_is_said_only_where_notes_can_be_read(name):
    assert reading(name, activities=()) == Known(0)
    assert reading(name) == Unknown("notes cannot be read")


def test_problems_and_wants_are_counted_apart_and_together():
    found = {"needs": (need(30, explicit=False), need(20, explicit=False), need(10))}
    assert reading("needs_recorded", **found) == Known(3, ("need-30", "need-20", "need-10"))
    assert reading("implied_needs", **found) == Known(2, ("need-30", "need-20"))
    assert reading("explicit_needs", **found) == Known(1, ("need-10",))
    assert reading("days_since_first_implied_need", **found) == Known(30, ("need-30",))
    assert isinstance(reading("days_since_first_implied_need", needs=(need(10),)), Unknown)


@pytest.mark.parametrize(
    "text",
    [
        "40 orders are re-keyed",
        "costs €12,000",
        "loses half a day",
        "hundreds of calls are lost",
        "down twice",
        "stops every month",
        "kostet pro Woche Zeit",
        "fällt täglich aus",
    ],
)
def test_a_number_or_a_time_in_the_words_is_a_size(text):
    assert reading("sized_needs", needs=(need(text=text),)).value == 1


@pytest.mark.parametrize(
    "text", ["orders are re-keyed", "R2 is slow in Q3", "one day it will break", "version v2.1"]
)
def test_names_with_a_digit_and_loose_words_are_no_size(text):
    assert reading("sized_needs", needs=(need(text=text),), activities=()) == Known(0)


def test_a_recorded_impact_is_a_size_whatever_the_words():
    assert reading("sized_needs", needs=(need(impact="the whole depot"),)).value == 1


def test_a_want_that_is_not_in_what_can_be_read_may_stand_in_notes_that_cannot():
    told = {"needs": (need(10, explicit=False, text="slow"),)}
    for name in ("explicit_needs", "sized_needs", "payoffs_voiced"):
        assert isinstance(reading(name, **told), Unknown)


def test_a_payoff_is_voiced_by_somebody_with_a_name():
    told, said = need(10, payoff="a second depot"), need(9, payoff="no hiring", person="J. Ortiz")
    assert reading("payoffs_voiced", needs=(told, said)) == Known(1, ("need-9",))


def test_meetings_held_are_those_with_the_customer():
    talks = (meeting(9), meeting(8, held=False), call(7), meeting(-3, held=None))
    assert reading("meetings_held", activities=talks) == Known(1, ("meeting-9",))
    assert isinstance(reading("meetings_held", activities=(meeting(9, held=None),)), Unknown)
    assert isinstance(reading("meetings_held"), Unknown)


def test_a_quote_in_draft_is_one_the_customer_has_not_had():
    assert reading("quotes_in_draft", quotes=(quote(9, "Draft"), quote(5))) == Known(
        1, ("quote-9",)
    )
    assert reading("quotes_in_draft", quotes=(quote(5),)) == Known(0)
    assert reading("quotes_in_draft", quotes=(quote(9, "Draft"), quote(5, None))).value == 1
    assert isinstance(reading("quotes_in_draft", quotes=(quote(5, None),)), Unknown)
    assert isinstance(reading("quotes_in_draft"), Unknown)
