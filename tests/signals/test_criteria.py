"""Decision criteria: merged by name, known, asked for, ranked, and changed late."""

from __future__ import annotations

import pytest
from build import ago, call, criterion, mail, meeting, moves, quote, reading, view
from hypothesis import given
from hypothesis import strategies as st

from crmrules.model import Direction, Phase
from crmrules.signals import Known, Unknown
from crmrules.signals._criteria import reduces, standing

EVALUATING = moves((100, Phase.RECOGNITION), (60, Phase.EVALUATION))


def test_a_later_line_updates_the_earlier_one_and_what_it_leaves_out_stays():
    (one,) = standing(
        [
            criterion(5, "GO-LIVE", ours=2, strategy="redefine"),
            criterion(20, "Go-live", weight="crucial", ours=4, from_customer=True),
        ]
    )
    assert (one.name, one.now.weight, one.now.ours) == ("GO-LIVE", "crucial", 2)
    assert (one.now.from_customer, one.now.strategy) == (True, "redefine")
    assert (one.first, one.raised) == (ago(20), None)
    assert one.ids == ("note-20#go-live", "note-5#go-live")


def test_a_value_is_in_force_since_it_was_first_said_and_not_since_it_was_repeated():
    (one,) = standing(
        [
            criterion(30, weight="crucial"),
            criterion(20, ours=2),
            criterion(10, weight="crucial", ours=2),
        ]
    )
    assert (one.since("weight"), one.since("ours")) == (ago(30), ago(20))
    assert one.since("weight", "ours") == ago(20)
    (back,) = standing([criterion(30, ours=2), criterion(20, ours=4), criterion(10, ours=2)])
    assert back.since("ours") == ago(10)


@pytest.mark.parametrize(
    ("weights", "raised"),
    [
        (("incidental", "crucial"), 10),
        (("incidental", "important", "important"), 10),
        (("crucial", "incidental"), None),
        ((None, "crucial"), None),
        (("important", None, "crucial"), 5),
    ],
)
def test_it_rose_when_it_had_a_weight_and_got_a_heavier_one(weights, raised):
    lines = [criterion(day, weight=w) for day, w in zip((20, 10, 5), weights, strict=False)]
    (one,) = standing(lines)
    assert one.raised == (None if raised is None else ago(raised))


def test_the_strongest_rival_stays_when_another_one_is_rated():
    (one,) = standing(
        [criterion(20, theirs=4, rival="Acme"), criterion(10, theirs=2, rival="Globex")]
    )
    assert (one.now.theirs, one.now.rival) == (4, "Acme")
    (two,) = standing(
        [criterion(20, theirs=4, rival="Acme"), criterion(10, theirs=2, rival="ACME")]
    )
    assert (two.now.theirs, two.now.rival) == (2, "ACME")


def test_two_criteria_of_one_note_are_told_apart_and_spaces_make_no_third():
    found = standing(
        [
            criterion(10, "Price", record="00T1"),
            criterion(10, "Go-live  date", record="00T1"),
            criterion(9, "go-live date", record="00T1"),
        ]
    )
    assert [one.ids for one in found] == [("00T1#price",), ("00T1#go-live date",)]


LINES = st.lists(
    st.builds(
        criterion,
        st.sampled_from([1.0, 2.0, 3.0, 4.0]),
        st.sampled_from(["price", "PRICE", "speed"]),
        weight=st.sampled_from([None, "crucial", "incidental"]),
        ours=st.sampled_from([None, 1.0, 5.0]),
        metric=st.sampled_from([None, "days", "hours"]),
    ),
    unique_by=lambda line: (line.known_at, line.name.casefold()),
    max_size=8,
)


@given(LINES)
def test_whatever_the_order_of_reading_the_last_word_of_each_value_counts(lines):
    found = standing(lines)
    assert set(found) == set(standing(reversed(lines)))
    for one in found:
        mine = [line for line in lines if line.name.casefold() == one.name.casefold()]
        for field in ("weight", "ours", "metric"):
            told = [line for line in mine if getattr(line, field) is not None]
            last = max(told, key=lambda line: line.known_at, default=None)
            assert getattr(one.now, field) == (None if last is None else getattr(last, field))


@pytest.mark.parametrize("word", ["Overtake", "trade-off", "Trade off: service", "alternatives"])
def test_a_strategy_may_be_typed_in_several_ways(word):
    assert reduces(word)


@pytest.mark.parametrize("word", [None, "", "reinforce", "we overtake them", "leave it"])
def test_other_words_are_not_one_of_the_four_strategies(word):
    assert not reduces(word)


def test_criteria_are_counted_once_each():
    lines = (criterion(20, "Price"), criterion(10, "price"), criterion(5, "Speed"))
    ids = ("note-20#price", "note-10#price", "note-5#speed")
    assert reading("criteria_recorded", criteria=lines) == Known(3 - 1, ids)
    assert reading("criteria_recorded", activities=()) == Known(0)
    assert reading("criteria_recorded") == Unknown("notes cannot be read")


@pytest.mark.parametrize(
    ("talk", "count"),
    [
        (meeting(10), 1),
        (call(24), 1),
        (mail(12), 1),
        (meeting(24.1), 0),
        (meeting(9.9), 0),
        (mail(12, direction=Direction.OUTBOUND), 0),
        (meeting(12, held=False), 0),
    ],
)
def test_a_criterion_is_the_customers_if_a_talk_came_in_the_fourteen_days_before(talk, count):
    lines = (criterion(10, from_customer=True),)
    found = reading("criteria_from_customer", criteria=lines, activities=(talk,))
    assert found == Known(count, ("note-10#go-live",) * count)


def test_what_is_noted_as_ours_or_as_nobodys_is_a_guess_whatever_was_talked():
    lines = (criterion(10, from_customer=False), criterion(10, "Price"))
    facts = {"criteria": lines, "activities": (meeting(11),)}
    assert reading("criteria_from_customer", **facts) == Known(0)


def test_a_criterion_confirmed_later_counts_from_that_line():
    lines = (criterion(40, from_customer=False), criterion(5, from_customer=True))
    facts = {"criteria": lines, "activities": (meeting(6),)}
    ids = ("note-40#go-live", "note-5#go-live")
    assert reading("criteria_from_customer", **facts) == Known(1, ids)


def test_a_talk_nobody_can_tell_leaves_it_open_whose_a_criterion_is():
    lines = (criterion(10, from_customer=True),)
    doubt = {"criteria": lines, "activities": (meeting(11, held=None),)}
    assert "conversation" in reading("criteria_from_customer", **doubt).reason
    assert isinstance(reading("criteria_from_customer", criteria=lines), Unknown)
    assert reading("criteria_from_customer", criteria=(criterion(10),)) == Known(0)
    assert isinstance(reading("criteria_from_customer"), Unknown)


@pytest.mark.parametrize(
    ("weights", "ranked"),
    [
        ((None, None), False),
        (("crucial", "crucial"), False),
        (("crucial", "incidental"), True),
        (("crucial", None), True),
    ],
)
def test_criteria_are_ranked_when_importance_tells_them_apart(weights, ranked):
    lines = [criterion(10, f"c{n}", weight=weight) for n, weight in enumerate(weights)]
    found = reading("criteria_ranked", criteria=tuple(lines))
    assert found == Known(ranked, ("note-10#c0", "note-10#c1"))


def test_one_criterion_has_no_rank_and_no_second():
    for name in ("criteria_ranked", "days_since_second_criterion"):
        assert "fewer" in reading(name, criteria=(criterion(10), criterion(5))).reason
        assert "notes" in reading(name).reason


def test_the_second_criterion_counts_from_its_first_line():
    lines = (criterion(30, "a"), criterion(20, "b"), criterion(10, "c"), criterion(5, "b"))
    found = reading("days_since_second_criterion", criteria=lines)
    assert found == Known(20, ("note-20#b", "note-5#b"))


LIST = criterion(50, "Price", weight="crucial")
QUOTED = {**EVALUATING, "quotes": (quote(30),), "activities": ()}


def late(*lines, **facts):
    return reading("late_criteria_unexplained", criteria=(LIST, *lines), **{**QUOTED, **facts})


def test_a_criterion_that_came_up_after_the_quote_is_late():
    assert late(criterion(20, "Audit")) == Known(1, ("note-20#audit",))
    assert late(criterion(29, "Audit")) == Known(0)  # written up on the day after
    assert late(criterion(28.9, "Audit")) == Known(1, ("note-28.9#audit",))
    assert late() == Known(0)


def test_one_that_became_heavier_after_the_quote_is_late_and_a_lighter_one_is_not():
    speed = criterion(45, "Speed", weight="important")
    heavier = criterion(10, "speed", weight="crucial")
    assert late(speed, heavier) == Known(1, ("note-45#speed", "note-10#speed"))
    assert late(speed, criterion(10, "speed", weight="incidental")) == Known(0)
    assert late(criterion(45, "Speed"), heavier) == Known(0)  # first weighed, not raised


def test_in_the_concerns_phase_a_new_criterion_is_late_without_any_quote():
    phases = moves((100, Phase.EVALUATION), (40, Phase.CONCERNS))
    assert late(criterion(20, "Audit"), quotes=(), **phases) == Known(1, ("note-20#audit",))
    assert late(criterion(20, "Audit"), quotes=()) == Known(0)


def test_it_is_explained_by_a_source_and_a_plan_noted_since():
    both = criterion(20, "Audit", from_customer=True, strategy="redefine")
    assert late(both) == Known(0)
    assert late(criterion(20, "Audit", from_customer=True)).value == 1
    assert late(criterion(20, "Audit", strategy="redefine")).value == 1
    ours = criterion(5, "Audit", from_customer=False, strategy="redefine")
    assert late(criterion(20, "Audit"), ours) == Known(0)
    before = criterion(45, "Speed", weight="important", from_customer=True, strategy="reinforce")
    assert late(before, criterion(10, "Speed", weight="crucial")).value == 1


def test_without_a_list_from_before_nobody_can_tell_what_is_new():
    facts = {"criteria": (criterion(20, "Audit"),), **QUOTED}
    assert "noted before" in reading("late_criteria_unexplained", **facts).reason
    assert reading("late_criteria_unexplained", **QUOTED) == Known(0)


def test_where_quotes_cannot_be_read_the_phase_may_still_tell():
    phases = moves((100, Phase.EVALUATION), (40, Phase.CONCERNS))
    assert late(criterion(20, "Audit"), quotes=None, **phases).value == 1
    assert "quotes" in late(quotes=None, **phases).reason
    assert "quotes" in late(quotes=None).reason
    unread = {"tracked": frozenset(), "changes": None}
    assert "stage" in late(quotes=None, **unread).reason
    assert "stage" in late(quotes=(), **unread, phase=Phase.CONCERNS).reason
    assert late(criterion(20, "Audit"), **unread).value == 1
    assert isinstance(reading("late_criteria_unexplained", quotes=()), Unknown)


def test_days_to_the_first_quote_are_counted_from_creation():
    found = reading("days_to_first_quote", age=40, quotes=(quote(30), quote(10)))
    assert found == Known(10, ("quote-30",))
    assert "no quote" in reading("days_to_first_quote", quotes=(quote(30, "Draft"),)).reason
    assert "read" in reading("days_to_first_quote").reason


def test_nothing_recorded_after_now_is_ever_counted():
    seen = view(criteria=(criterion(10), criterion(-5, "Later")), activities=())
    then = seen.opportunity.as_of(seen.now)
    assert then is not None
    assert [one.name for one in standing(then.criteria)] == ["Go-live"]
