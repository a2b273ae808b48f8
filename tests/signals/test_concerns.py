"""Signals of concerns: what each reads, from which records, when it cannot tell, and its limits."""

from __future__ import annotations

from typing import Any

import pytest
from build import ago, call, change, mail, meeting, opportunity, quote, reading

from crmrules.baseline import Baseline
from crmrules.model import Activity, Concern, ConcernState, Criterion, Direction, Phase, Reason
from crmrules.signals import Known, Unknown

SEEN = Baseline(inbound_share=0.5)
RESOLVED, REOPENED = ConcernState.RESOLVED, ConcernState.REOPENED
OF_DATES = (
    "pushes_in_90_days",
    "unexplained_pushes_in_90_days",
    "unexplained_delay_days",
    "pushes_over_usual",
    "days_since_push",
    "reasons_confirmed_since_push",
)
OF_SILENCE = ("silence_business_days", "silence_over_usual", "attempts_since_silence")
OF_OBJECTIONS = (
    "price_objections",
    "price_accepted_earlier",
    "other_concerns_resolved",
    "price_confirmed_as_the_problem",
)


def pushed(*moves: tuple[float, str, str]) -> dict[str, Any]:
    """Return the facts of a complete date history: so many days ago, from, to."""
    changes = tuple(change("close_date", day, old, new) for day, old, new in moves)
    return {"changes": changes, "tracked": frozenset({"close_date"}), "phase": Phase.CONCERNS}


def reason(days: float, text: str = "board meets later", *, confirmed: bool = True) -> Reason:
    known = {"record": f"reason-{days:g}", "known_at": ago(days)}
    return Reason(**known, text=text, confirmed=confirmed)


def concern(days: float, topic: str = "price", state: ConcernState = ConcernState.OPEN) -> Concern:
    return Concern(record=f"concern-{days:g}", known_at=ago(days), topic=topic, state=state)


def rated(days: float, ours: float | None, theirs: float | None, **facts: Any) -> Criterion:
    known = {"record": f"criterion-{days:g}", "known_at": ago(days), "name": "Price"}
    return Criterion(**known, ours=ours, theirs=theirs, **facts)


def ours(days: float) -> Activity:
    return mail(days, direction=Direction.OUTBOUND, record=f"sent-{days:g}")


# -- delay


@pytest.mark.parametrize("name", OF_DATES)
def test_without_the_history_of_the_date_nothing_about_delay_is_told(name):
    assert isinstance(reading(name), Unknown)
    untracked = {**pushed((10, "2026-06-01", "2026-07-01")), "tracked": frozenset()}
    assert isinstance(reading(name, **untracked), Unknown)


def test_only_moves_to_a_later_day_count_as_pushes():
    facts = pushed((30, "2026-06-01", "2026-07-01"), (20, "2026-07-01", "2026-06-20"))
    assert reading("pushes_in_90_days", **facts) == Known(1, ("close_date-30",))


def test_a_push_of_ninety_days_ago_is_no_longer_recent():
    facts = pushed((90, "2026-03-01", "2026-04-01"), (89.9, "2026-04-01", "2026-04-02"))
    assert reading("pushes_in_90_days", **facts) == Known(1, ("close_date-89.9",))
    assert reading("unexplained_delay_days", **facts) == Known(1, ("close_date-89.9",))


@pytest.mark.parametrize(
    ("told", "left"), [(17, 0), (23, 0), (16.9, 1), (23.1, 1), (20, 0)], ids=str
)
def test_a_reason_within_three_days_of_a_push_explains_it(told, left):
    facts = {**pushed((20, "2026-06-01", "2026-07-01")), "reasons": (reason(told),)}
    found = ("close_date-20",) * left
    assert reading("unexplained_pushes_in_90_days", **facts) == Known(left, found)
    assert reading("unexplained_delay_days", **facts) == Known(30 * left, found)


def test_a_reason_nobody_confirmed_explains_a_push_too():
    told = (reason(20, confirmed=False),)
    facts = {**pushed((20, "2026-06-01", "2026-07-01")), "reasons": told}
    assert reading("unexplained_pushes_in_90_days", **facts) == Known(0)


def test_a_push_has_three_days_of_grace():
    fresh = pushed((2.9, "2026-06-01", "2026-07-01"))
    due = pushed((3, "2026-06-01", "2026-07-01"))
    assert reading("unexplained_pushes_in_90_days", **fresh) == Known(0)
    assert reading("unexplained_pushes_in_90_days", **due) == Known(1, ("close_date-3",))


def test_delay_is_the_sum_over_all_pushes_without_a_reason():
    facts = pushed((30, "2026-06-01", "2026-06-11"), (20, "2026-06-11", "2026-07-01"))
    found = ("close_date-30", "close_date-20")
    assert reading("unexplained_delay_days", **facts) == Known(30, found)


def test_pushes_are_told_beyond_what_is_usual_for_this_pipeline_and_phase():
    facts = pushed((30, "2026-06-01", "2026-06-11"), (20, "2026-06-11", "2026-07-01"))
    usually = {("default", "concerns", "pushes_in_90_days", 75): 2.0}
    elsewhere = {("default", "evaluation", "pushes_in_90_days", 75): 2.0}
    found = ("close_date-30", "close_date-20")
    for percentiles, over in ((usually, 0.0), (elsewhere, 2.0), ({}, 2.0)):
        baseline = Baseline(percentiles=percentiles)
        assert reading("pushes_over_usual", baseline, **facts) == Known(over, found)


def test_days_since_a_push_count_from_the_last_one_in_whole_days():
    facts = pushed((44.9, "2026-06-01", "2026-06-11"), (60, "2026-05-11", "2026-06-01"))
    assert reading("days_since_push", **facts) == Known(44, ("close_date-44.9",))


def test_days_since_a_push_count_from_creation_where_the_date_never_moved():
    assert reading("days_since_push", age=70, **pushed()) == Known(70)


@pytest.mark.parametrize(("told", "counted"), [(23, 1), (23.1, 0), (1, 1)])
def test_a_confirmed_reason_counts_from_three_days_before_the_last_push(told, counted):
    facts = pushed((20, "2026-06-01", "2026-07-01"))
    given = {**facts, "activities": (), "reasons": (reason(told),)}
    expected = Known(counted, (f"reason-{told:g}",) * counted)
    assert reading("reasons_confirmed_since_push", **given) == expected


def test_a_reason_only_we_believe_is_not_confirmed():
    given = {**pushed(), "activities": (), "reasons": (reason(1, confirmed=False),)}
    assert reading("reasons_confirmed_since_push", **given) == Known(0)


def test_without_notes_nobody_can_say_that_no_reason_was_confirmed():
    assert isinstance(reading("reasons_confirmed_since_push", **pushed()), Unknown)


# -- silence


@pytest.mark.parametrize("name", OF_SILENCE)
@pytest.mark.parametrize(
    ("baseline", "facts"),
    [
        (Baseline(inbound_share=None), {"quotes": (quote(20),), "activities": (mail(15),)}),
        (Baseline(inbound_share=0.49), {"quotes": (quote(20),), "activities": (mail(15),)}),
        (SEEN, {"activities": (mail(15),)}),
        (SEEN, {"quotes": (), "activities": (mail(15),)}),
        (SEEN, {"quotes": (quote(20, status="Draft"),), "activities": (mail(15),)}),
        (SEEN, {"quotes": (quote(20, status=None),), "activities": (mail(15),)}),
        (SEEN, {"quotes": (quote(20),)}),
        (SEEN, {"quotes": (quote(20),), "activities": ()}),
        (SEEN, {"quotes": (quote(20),), "activities": (mail(15), meeting(3, held=None))}),
    ],
    ids=[
        "no share of mail",
        "too little mail",
        "quotes unreadable",
        "no quote",
        "a draft only",
        "a quote without status",
        "activities unreadable",
        "nothing logged",
        "perhaps a later word",
    ],
)
def test_silence_is_unknown(name, baseline, facts):
    assert isinstance(reading(name, baseline, **facts), Unknown)


def test_silence_counts_business_days_since_the_last_word():
    facts = {"quotes": (quote(30),), "activities": (mail(40), mail(14), ours(5))}
    found = ("email-14", "quote-30")
    assert reading("silence_business_days", SEEN, **facts) == Known(10, found)


def test_silence_begins_with_the_offer_where_the_last_word_is_older():
    facts = {"quotes": (quote(3), quote(7)), "activities": (mail(40),)}
    found = ("email-40", "quote-7")
    assert reading("silence_business_days", SEEN, **facts) == Known(5, found)


def test_a_possible_word_before_the_last_sure_one_does_not_matter():
    facts = {"quotes": (quote(30),), "activities": (meeting(20, held=None), mail(14))}
    found = ("email-14", "quote-30")
    assert reading("silence_business_days", SEEN, **facts) == Known(10, found)


def test_four_words_make_a_rhythm_and_three_do_not():
    three = (mail(28), mail(21), mail(14))
    four = (mail(35), *three)
    found = ("email-14", "quote-30")
    for words, over in ((three, 10.0), (four, 0.0)):  # gaps of 5, twice that is 10
        facts = {"quotes": (quote(30),), "activities": words}
        assert reading("silence_over_usual", SEEN, **facts) == Known(over, found)


def test_the_larger_of_own_rhythm_and_that_of_won_ones_is_usual():
    words = (mail(35), mail(28), mail(21), mail(14))
    facts = {"quotes": (quote(30),), "activities": words, "phase": Phase.EVALUATION}
    for usually, over in ((12.0, -2.0), (8.0, 0.0)):
        percentiles = {("default", "evaluation", "silence", 75): usually}
        baseline = Baseline(inbound_share=0.9, percentiles=percentiles)
        found = ("email-14", "quote-30")
        assert reading("silence_over_usual", baseline, **facts) == Known(over, found)


def test_attempts_are_our_mails_and_calls_nobody_took_since_the_silence_began():
    tries = (ours(15), ours(14), ours(10), call(5, held=False), call(-2, held=False))
    facts = {"quotes": (quote(30),), "activities": (mail(14), *tries)}
    expected = Known(2, ("sent-10", "call-5"))
    assert reading("attempts_since_silence", SEEN, **facts) == expected


# -- price


@pytest.mark.parametrize("name", OF_OBJECTIONS)
def test_price_objections_are_unknown_where_notes_cannot_be_read(name):
    assert isinstance(reading(name), Unknown)


def test_with_readable_notes_no_objection_is_an_answer():
    facts = {"activities": (), "concerns": (concern(5, "timing"),)}
    assert reading("price_objections", **facts) == Known(0)
    assert reading("price_accepted_earlier", **facts) == Known(value=False)
    assert reading("other_concerns_resolved", **facts) == Known(0)
    assert reading("price_confirmed_as_the_problem", **facts) == Known(value=False)


def test_objections_are_the_price_concerns_after_the_last_resolved_one():
    settled = (concern(30), concern(20, state=RESOLVED))
    assert reading("price_objections", concerns=settled) == Known(0)
    again = (concern(5, "list PRICE", REOPENED), *settled)
    assert reading("price_objections", concerns=again) == Known(1, ("concern-5",))
    settled_twice = (*again, concern(3, state=RESOLVED), concern(1))
    assert reading("price_objections", concerns=settled_twice) == Known(1, ("concern-1",))


def test_price_is_compared_with_won_ones_of_its_kind_first():
    medians = {("default", "New"): 100.0, ("default", None): 200.0}
    baseline = Baseline(won_median=medians)
    for kind, above in (("New", 10.0), ("Renewal", -45.0), (None, -45.0)):
        found = reading("price_above_won_median", baseline, amount=110.0, kind=kind)
        assert isinstance(found, Known)
        assert found.value == pytest.approx(above)
        assert found.records == (opportunity().record,)


@pytest.mark.parametrize(
    ("amount", "medians"), [(None, {("default", None): 100.0}), (110.0, {}), (110.0, None)]
)
def test_price_is_not_compared_without_an_amount_or_enough_won_ones(amount, medians):
    baseline = Baseline(won_median={("other", None): 9.0} if medians is None else medians)
    assert isinstance(reading("price_above_won_median", baseline, amount=amount), Unknown)


@pytest.mark.parametrize(("amount", "accepted"), [(99.0, True), (100.0, True), (100.01, False)])
def test_a_price_was_accepted_earlier_if_it_is_no_higher_today(amount, accepted):
    facts = {
        "concerns": (concern(30, state=RESOLVED), concern(5, state=REOPENED)),
        "amount": amount,
        "changes": (change("amount", 40, 80.0, 100.0), change("amount", 10, 100.0, amount)),
        "tracked": frozenset({"amount"}),
    }
    assert reading("price_accepted_earlier", **facts) == Known(accepted, ("concern-30",))


def test_an_amount_that_never_changed_since_is_the_one_accepted():
    facts = {
        "concerns": (concern(30, state=RESOLVED), concern(5)),
        "amount": 100.0,
        "changes": (change("amount", 30, 50.0, 100.0),),  # at that very moment, so already in it
        "tracked": frozenset({"amount"}),
    }
    assert reading("price_accepted_earlier", **facts) == Known(True, ("concern-30",))


@pytest.mark.parametrize(
    "facts",
    [
        {"amount": 100.0},
        {"changes": (), "tracked": frozenset({"amount"})},
        {
            "amount": 100.0,
            "changes": (change("amount", 10, None, 100.0),),
            "tracked": frozenset({"amount"}),
        },
    ],
    ids=["no history", "no amount", "no amount then"],
)
def test_whether_price_was_accepted_is_unknown_without_the_amount_then_and_now(facts):
    concerns = (concern(30, state=RESOLVED), concern(5))
    assert isinstance(reading("price_accepted_earlier", concerns=concerns, **facts), Unknown)


def test_the_rating_of_our_price_is_the_latest_complete_one():
    criteria = (rated(5, 2, 4), rated(20, 4, 3), rated(1, 5, None))
    assert reading("price_rating_lead", criteria=criteria) == Known(-2.0, ("criterion-5",))
    assert reading("price_rating_lead", criteria=(rated(5, 3, 3),)) == Known(0.0, ("criterion-5",))


def test_the_rating_of_our_price_is_unknown_where_nobody_recorded_both_sides():
    other = rated(5, 2, 4).model_copy(update={"name": "Service"})
    assert isinstance(reading("price_rating_lead", criteria=(rated(1, 5, None), other)), Unknown)


@pytest.mark.parametrize(("days", "counted"), [(10, 1), (10.1, 0), (2, 1)])
def test_another_concern_counts_if_resolved_since_price_was_objected_to(days, counted):
    other = concern(days, "migration", RESOLVED).model_copy(update={"record": "other"})
    still_open = concern(1, "timing")
    concerns = (concern(1.5), concern(10), other, still_open)  # the first objection decides
    found = reading("other_concerns_resolved", concerns=concerns)
    assert found == Known(counted, ("other",) * counted)


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ({"criteria": (rated(10, 2, 4, from_customer=True),)}, ("criterion-10",)),
        ({"criteria": (rated(10.1, 2, 4, from_customer=True),)}, ()),
        ({"criteria": (rated(5, 2, 4),)}, ()),
        ({"criteria": (rated(5, 4, 4, from_customer=True),)}, ()),
        ({"criteria": (rated(5, 2, 4, from_customer=True), rated(4, 4, 4))}, ()),
        ({"reasons": (reason(10, "Budget is cut"),)}, ("reason-10",)),
        ({"reasons": (reason(10.1, "Budget is cut"),)}, ()),
        ({"reasons": (reason(5, "Budget is cut", confirmed=False),)}, ()),
        ({"reasons": (reason(5),)}, ()),
    ],
    ids=[
        "rated lower by the customer since",
        "rated before the objection",
        "rated by us",
        "rated as high as the rival",
        "a later rating says otherwise",
        "budget named since",
        "budget named before",
        "budget guessed by us",
        "another reason",
    ],
)
def test_price_is_confirmed_as_the_problem_only_by_the_customer_and_since(facts, answer):
    found = reading("price_confirmed_as_the_problem", concerns=(concern(10),), **facts)
    assert found == Known(bool(answer), answer)
