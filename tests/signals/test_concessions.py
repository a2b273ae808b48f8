"""Signals of what is given away: this week, and whether all of it is price."""

from __future__ import annotations

from typing import Any

import pytest
from build import ago, quote, reading

from crmrules.baseline import Baseline
from crmrules.model import Concession, Line
from crmrules.signals import Known, Unknown

WEEK = "unplanned_concessions_in_7_days"
PRICE = "price_concessions"
OTHER = "other_terms_offered"


def concession(days: float, text: str = "5%", **facts: Any) -> Concession:
    return Concession(record=f"concession-{days:g}", known_at=ago(days), text=text, **facts)


def discounts(*told: tuple[float, float | None]) -> dict[str, Any]:
    return {"quotes": tuple(quote(day, discount=percent) for day, percent in told)}


def offer(days: float, total: float | None, *lines: tuple[str, float]) -> Any:
    """Return a quote that tells no discount: its total, and what it lists how often."""
    listed = tuple(
        Line(record=f"line-{name}", known_at=ago(days), product=name, quantity=much)
        for name, much in lines
    )
    return quote(days, total=total, lines=listed)


# -- this week


def test_a_discount_that_rose_this_week_is_a_concession():
    assert reading(WEEK, **discounts((20, 5.0), (3, 8.0))) == Known(1, ("quote-3",))
    assert reading(WEEK, **discounts((20, 5.0), (6.9, 8.0))) == Known(1, ("quote-6.9",))
    assert reading(WEEK, **discounts((20, 5.0), (7, 8.0))) == Known(0)


def test_a_discount_on_the_first_quote_is_a_concession_and_none_is_none():
    assert reading(WEEK, **discounts((3, 8.0))) == Known(1, ("quote-3",))
    assert reading(WEEK, **discounts((3, 0.0))) == Known(0)


def test_each_rise_counts_and_a_fall_does_not():
    found = discounts((20, 5.0), (6, 7.0), (4, 6.0), (2, 8.0))
    assert reading(WEEK, **found) == Known(2, ("quote-6", "quote-2"))


@pytest.mark.parametrize(("now", "count"), [(10.0, 0), (12.0, 1)])
def test_what_everybody_gets_is_no_concession(now, count):
    found = reading(WEEK, Baseline(standard_allowance=10.0), **discounts((20, 5.0), (3, now)))
    assert isinstance(found, Known)
    assert found.value == count


def test_what_was_taken_back_is_no_concession_any_more():
    assert reading(WEEK, **discounts((20, 5.0), (5, 9.0), (2, 5.0))) == Known(0)
    assert reading(WEEK, **discounts((20, 5.0), (5, 9.0), (2, 6.0))) == Known(1, ("quote-5",))


@pytest.mark.parametrize(
    ("plan", "count"),
    [
        (concession(9, "3%", size=3.0, planned=True), 0),
        (concession(9, "some discount", planned=True), 0),
        (concession(9, "2%", size=2.0, planned=True), 1),
        (concession(9, "3%", size=3.0, planned=False), 1),
        (concession(9, "training", planned=True), 1),
        (concession(2, "3%", size=3.0, planned=True), 1),
    ],
    ids=["as much", "any", "less", "not planned", "something else", "only afterwards"],
)
def test_a_rise_that_was_planned_before_is_no_concession(plan, count):
    found = reading(WEEK, concessions=(plan,), **discounts((20, 5.0), (3, 8.0)))
    assert isinstance(found, Known)
    assert found.value == count


def test_a_term_that_was_noted_this_week_is_a_concession_whatever_it_is():
    facts = {"concessions": (concession(6.9, "training"), concession(7, "delivery"))}
    assert reading(WEEK, **facts) == Known(1, ("concession-6.9",))


def test_a_step_that_is_noted_too_counts_once():
    facts = {**discounts((20, 5.0), (3, 8.0)), "concessions": (concession(2.5, "3%", size=3.0),)}
    assert reading(WEEK, **facts) == Known(1, ("quote-3", "concession-2.5"))


def test_a_term_that_is_only_planned_or_was_planned_before_is_no_concession():
    planned = concession(5, "training", planned=True)
    given = concession(2, "Training", planned=False)
    assert reading(WEEK, concessions=(planned,), **discounts((20, 5.0))) == Known(0)
    assert reading(WEEK, concessions=(planned, given), **discounts((20, 5.0))) == Known(0)
    other = concession(2, "delivery")
    found = reading(WEEK, concessions=(planned, other), **discounts((20, 5.0)))
    assert found == Known(1, ("concession-2",))


@pytest.mark.parametrize(
    "facts",
    [{}, {"quotes": ()}, discounts((20, 5.0), (3, None)), discounts((20, None), (3, 5.0))],
    ids=["unreadable", "no quote", "the newer does not tell", "the older does not tell"],
)
def test_without_a_discount_to_compare_the_week_is_unknown(facts):
    assert isinstance(reading(WEEK, **facts), Unknown)


def test_an_old_quote_that_does_not_tell_leaves_this_week_alone():
    assert reading(WEEK, **discounts((40, None), (20, 5.0), (3, 5.0))) == Known(0)


def test_totals_speak_only_where_the_scope_is_the_same():
    whole, part = (("scanner", 10.0), ("dock", 2.0)), (("scanner", 8.0), ("dock", 2.0))
    same = {"quotes": (offer(20, 100.0, *whole), offer(3, 90.0, *whole[::-1]))}
    less = {"quotes": (offer(20, 100.0, *whole), offer(3, 90.0, *part))}
    blind = {"quotes": (offer(20, 100.0), offer(3, 90.0))}
    dearer = {"quotes": (offer(20, 100.0), offer(3, 100.0))}
    assert reading(WEEK, **same) == Known(1, ("quote-3",))
    assert isinstance(reading(WEEK, **less), Unknown)
    assert isinstance(reading(WEEK, **blind), Unknown)
    assert reading(WEEK, **dearer) == Known(0)


def test_a_total_that_falls_with_the_scope_is_no_concession_where_discounts_are_told():
    quotes = (quote(20, total=100.0, discount=5.0), quote(3, total=60.0, discount=5.0))
    assert reading(WEEK, quotes=quotes) == Known(0)


def test_totals_do_not_speak_where_one_is_missing_or_a_line_does_not_say_how_much():
    whole = ("scanner", 10.0)
    for before, after in ((100.0, None), (None, 90.0), (0.0, 0.0)):
        pair = {"quotes": (offer(20, before, whole), offer(3, after, whole))}
        assert isinstance(reading(WEEK, **pair), Unknown)
    loose = Line(record="line", known_at=ago(20), product="dock")
    quotes = [
        one.model_copy(update={"lines": (*one.lines, loose)})
        for one in (offer(20, 100.0, whole), offer(3, 90.0, whole))
    ]
    assert isinstance(reading(WEEK, quotes=tuple(quotes)), Unknown)


def test_a_rise_stands_where_a_later_quote_does_not_tell_or_nobody_knows_from_where():
    assert reading(WEEK, **discounts((20, 5.0), (5, 9.0), (2, None))) == Known(1, ("quote-5",))
    whole = ("scanner", 10.0)
    quotes = (offer(20, 100.0, whole), offer(5, 90.0, whole), quote(2, discount=3.0))
    assert reading(WEEK, quotes=quotes) == Known(1, ("quote-5",))


def test_the_first_of_two_quotes_of_a_week_is_told_from_the_second():
    assert reading(WEEK, **discounts((6, 5.0), (3, 5.0))) == Known(1, ("quote-6",))
    assert reading(WEEK, **discounts((9, 5.0), (3, 5.0))) == Known(0)


def test_a_plan_that_is_noted_with_the_quote_came_too_late():
    plan = concession(3, "3%", size=3.0, planned=True)
    found = reading(WEEK, concessions=(plan,), **discounts((20, 5.0), (3, 8.0)))
    assert found == Known(1, ("quote-3",))


# -- all of it


def test_every_rise_of_the_discount_is_price_given_away():
    found = discounts((40, 0.0), (30, 5.0), (20, 5.0), (10, 3.0), (5, 7.0))
    assert reading(PRICE, **found) == Known(2, ("quote-30", "quote-5"))


def test_notes_tell_of_price_where_quotes_do_not_or_tell_of_more():
    noted = (
        concession(9, "5%", size=5.0),
        concession(7, "a lower price"),
        concession(5, "two points more", kind="discount"),
        concession(4, "training"),
        concession(3, "2% if paid at once", size=2.0, kind="payment"),
        concession(2, "3%", size=3.0, planned=True),
    )
    sources = ("concession-9", "concession-7", "concession-5")
    assert reading(PRICE, concessions=noted) == Known(3, sources)
    found = reading(PRICE, concessions=noted, **discounts((20, 5.0)))
    assert found == Known(3, ("quote-20", *sources))
    assert isinstance(reading(PRICE, concessions=noted[3:]), Unknown)


@pytest.mark.parametrize(
    "facts",
    [{}, {"quotes": ()}, discounts((9, 5.0), (3, None))],
    ids=["unreadable", "no quote", "a discount missing"],
)
def test_price_is_unknown_where_neither_quotes_nor_notes_tell(facts):
    assert isinstance(reading(PRICE, **facts), Unknown)


def test_other_terms_are_what_is_not_price_given_or_planned():
    found = (
        concession(9, "5%", size=5.0),
        concession(7, "training for two", planned=True),
        concession(5, "net 60", kind="payment", size=1.0),
    )
    assert reading(OTHER, concessions=found) == Known(2, ("concession-7", "concession-5"))
    assert reading(OTHER, activities=(), concessions=found[:1]) == Known(0)
    assert isinstance(reading(OTHER, concessions=found[:1]), Unknown)
