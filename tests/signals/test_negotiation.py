"""Signals of negotiation: what each reads, from which records, when it cannot tell, its limits."""

from __future__ import annotations

from typing import Any

import pytest
from build import ago, quote, reading

from crmrules.baseline import Baseline
from crmrules.model import Concession, Line
from crmrules.signals import Known, Unknown

OF_STEPS = (
    "concession_steps",
    "last_concession_step",
    "concession_growth",
    "days_since_concession",
)


def line(name: str = "line-1", **facts: Any) -> Line:
    return Line(record=name, known_at=ago(10), **facts)


def concession(days: float, for_what: str | None = None) -> Concession:
    known = {"record": f"concession-{days:g}", "known_at": ago(days)}
    return Concession(**known, text="5%", for_what=for_what)


def discounts(*told: tuple[float, float | None]) -> dict[str, Any]:
    """Return the facts of quotes made so many days ago with these discounts."""
    return {"quotes": tuple(quote(day, discount=percent) for day, percent in told)}


def totals(*told: tuple[float, float | None]) -> dict[str, Any]:
    return {"quotes": tuple(quote(day, total=total) for day, total in told)}


# -- the discount


def test_the_newest_quote_tells_the_discount():
    facts = discounts((3, 8.0), (20, 12.0))
    assert reading("discount_percent", **facts) == Known(8.0, ("quote-3",))


def test_a_quote_that_does_not_say_is_read_from_its_lines_by_their_worth():
    lines = (
        line("line-1", quantity=1.0, list_price=100.0, unit_price=80.0),
        line("line-2", quantity=3.0, list_price=100.0, discount=0.0),
    )
    found = reading("discount_percent", quotes=(quote(3, lines=lines),))
    assert isinstance(found, Known)
    assert found.value == pytest.approx(5.0)
    assert found.records == ("quote-3",)


@pytest.mark.parametrize("quotes", [(), None], ids=["no quote", "quotes unreadable"])
def test_without_a_quote_the_product_lines_tell_the_discount(quotes):
    lines = (line(quantity=2.0, unit_price=50.0, discount=10.0),)
    found = reading("discount_percent", quotes=quotes, lines=lines)
    assert found == Known(10.0, ("line-1",))


def test_a_price_above_the_list_is_no_discount():
    lines = (line(quantity=1.0, list_price=100.0, unit_price=110.0),)
    assert reading("discount_percent", quotes=(), lines=lines) == Known(0.0, ("line-1",))


@pytest.mark.parametrize("name", ["discount_percent", "discount_above_allowance"])
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"quotes": (), "lines": ()},
        {"quotes": (quote(3),), "lines": (line(quantity=1.0, unit_price=5.0, discount=9.0),)},
        {"quotes": (), "lines": (line(quantity=1.0, unit_price=5.0),)},
        {"quotes": (), "lines": (line(unit_price=5.0, discount=9.0),)},
        {"quotes": (), "lines": (line(quantity=1.0, discount=9.0),)},
    ],
    ids=["nothing", "empty", "a silent quote", "no list price", "no quantity", "no price at all"],
)
def test_a_discount_nobody_told_is_unknown_and_not_zero(name, facts):
    assert isinstance(reading(name, **facts), Unknown)


@pytest.mark.parametrize(("percent", "above"), [(15.0, 5.0), (10.0, 0.0), (6.0, 0.0)])
def test_what_everybody_gets_is_no_concession(percent, above):
    found = reading(
        "discount_above_allowance", Baseline(standard_allowance=10.0), **discounts((3, percent))
    )
    assert found == Known(above, ("quote-3",))


def test_a_concession_that_says_what_it_is_for_serves_a_criterion():
    given = (concession(9), concession(4, "go-live in May"))
    found = reading("discount_serves_criterion", concessions=given)
    assert found == Known(value=True, records=("concession-4",))


def test_a_concession_for_nothing_serves_no_criterion():
    facts = {"activities": (), "concessions": (concession(9), concession(4, ""))}
    assert reading("discount_serves_criterion", **facts) == Known(value=False)


def test_what_a_concession_serves_is_unknown_where_notes_cannot_be_read():
    assert isinstance(reading("discount_serves_criterion", concessions=(concession(9),)), Unknown)


# -- steps


@pytest.mark.parametrize("name", OF_STEPS)
@pytest.mark.parametrize(
    "facts", [{}, discounts((9, 5.0), (3, None))], ids=["unreadable", "a discount missing"]
)
def test_steps_are_unknown_where_a_quote_or_its_discount_is_missing(name, facts):
    assert isinstance(reading(name, **facts), Unknown)


def test_every_rise_is_a_step_and_a_fall_is_none():
    facts = discounts((40, 0.0), (30, 5.0), (20, 5.0), (10, 3.0), (5, 7.0))
    found = ("quote-30", "quote-5")
    assert reading("concession_steps", **facts) == Known(2, found)
    assert reading("last_concession_step", **facts) == Known(4.0, ("quote-5",))
    assert reading("concession_growth", **facts) == Known(-1.0, found)


def test_a_discount_on_the_first_quote_is_a_step():
    assert reading("concession_steps", **discounts((9, 5.0))) == Known(1, ("quote-9",))


def test_a_difference_of_rounding_is_no_step():
    facts = discounts((9, 5.0), (3, 5.0 + 1e-7))
    assert reading("concession_steps", **facts) == Known(1, ("quote-9",))


def test_without_a_rise_there_is_no_step_to_measure():
    facts = discounts((9, 0.0), (3, 0.0))
    assert reading("concession_steps", **facts) == Known(0)
    for name in ("last_concession_step", "concession_growth", "days_since_concession"):
        assert isinstance(reading(name, **facts), Unknown)


def test_one_step_does_not_tell_whether_steps_grow():
    assert isinstance(reading("concession_growth", **discounts((9, 5.0))), Unknown)


@pytest.mark.parametrize(("second", "growth"), [(10.0, 0.0), (11.0, 1.0), (9.9, -0.1), (0.3, None)])
def test_growth_is_the_last_step_less_the_one_before(second, growth):
    found = reading("concession_growth", **discounts((9, 5.0), (3, second)))
    if growth is None:
        assert isinstance(found, Unknown)
    else:
        assert found == Known(growth, ("quote-9", "quote-3"))


def test_equal_steps_of_a_tenth_are_equal_in_spite_of_floating_point():
    found = reading("concession_growth", **discounts((9, 0.1), (6, 0.2), (3, 0.3)))
    assert found == Known(0.0, ("quote-6", "quote-3"))


# -- falling quotes


@pytest.mark.parametrize(
    "facts", [{}, totals((9, 100.0), (3, None))], ids=["unreadable", "a total missing"]
)
def test_falling_quotes_are_unknown_without_their_totals(facts):
    assert isinstance(reading("falling_quotes_in_14_days", **facts), Unknown)


def test_the_row_of_falling_quotes_ends_with_the_newest():
    facts = totals((2, 80.0), (12, 100.0), (6, 90.0))
    expected = Known(3, ("quote-12", "quote-6", "quote-2"))
    assert reading("falling_quotes_in_14_days", **facts) == expected


@pytest.mark.parametrize("newest", [90.0, 95.0], ids=["equal", "dearer"])
def test_a_quote_that_is_not_cheaper_begins_a_new_row(newest):
    facts = totals((12, 100.0), (6, 90.0), (2, newest))
    assert reading("falling_quotes_in_14_days", **facts) == Known(1, ("quote-2",))


def test_a_quote_of_fourteen_days_ago_is_no_longer_recent():
    facts = totals((14, 100.0), (13.9, 95.0), (2, 90.0))
    expected = Known(2, ("quote-13.9", "quote-2"))
    assert reading("falling_quotes_in_14_days", **facts) == expected
    assert reading("falling_quotes_in_14_days", **totals((14, None), (2, 90.0))) == Known(
        1, ("quote-2",)
    )
    assert reading("falling_quotes_in_14_days", quotes=()) == Known(0)


# -- days since


def test_days_since_a_concession_count_from_the_last_rise_in_whole_days():
    facts = discounts((40, 5.0), (13.9, 8.0), (3, 6.0))
    assert reading("days_since_concession", **facts) == Known(13, ("quote-13.9",))


def test_a_cheaper_quote_is_a_concession_even_where_discounts_are_not_told():
    facts = totals((20, 100.0), (14, 90.0), (3, 90.0))
    assert reading("days_since_concession", **facts) == Known(14, ("quote-14",))


def test_the_later_of_a_rise_and_a_cheaper_quote_counts():
    quotes = (
        quote(20, total=100.0, discount=0.0),
        quote(10, total=120.0, discount=5.0),
        quote(4, total=110.0, discount=5.0),
    )
    assert reading("days_since_concession", quotes=quotes) == Known(4, ("quote-4",))
