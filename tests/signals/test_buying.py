"""Every signal of the buying process: known with its records, unknown, and at its boundary."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from build import (
    NOW,
    OPPORTUNITY,
    ago,
    call,
    change,
    mail,
    meeting,
    moves,
    person,
    quote,
    reading,
)

from crmrules.baseline import Baseline
from crmrules.model import Account, Activity, Phase, Quote
from crmrules.signals import Known, Unknown

R, E, C = Phase.RECOGNITION, Phase.EVALUATION, Phase.CONCERNS
MOMENT = timedelta(seconds=1)
HAS_HISTORY = (
    "meetings_since_advance",
    "regressions_in_14_days",
    "phase_regained",
    "days_since_evaluation_began",
)


def account(*, strategic: bool | None) -> Account:
    return Account(
        record="account-1", known_at=ago(400), id="a", name="Northwind", strategic=strategic
    )


def with_offer(*activities: Activity, offers: tuple[Quote, ...] = ()) -> dict[str, Any]:
    return {"activities": activities, "quotes": offers}


# phase


@pytest.mark.parametrize("phase", [R, E, C])
def test_an_open_opportunity_is_in_the_phase_of_its_stage(phase: Phase) -> None:
    assert reading("phase", phase=phase) == Known(phase.value, (OPPORTUNITY,))


def test_a_lost_opportunity_is_known_to_be_in_no_phase() -> None:
    assert reading("phase", phase=C, won=False) == Known("closed", (OPPORTUNITY,))


def test_implementation_lasts_exactly_90_days_after_winning() -> None:
    last = reading("phase", won=True, closed_at=ago(90))
    after = reading("phase", won=True, closed_at=ago(90) - MOMENT)
    assert last == Known("implementation", (OPPORTUNITY,))
    assert after == Known("development", (OPPORTUNITY,))


def test_the_phase_is_unknown_where_the_stage_is_not_mapped_or_the_win_has_no_date() -> None:
    assert isinstance(reading("phase"), Unknown)
    assert isinstance(reading("phase", won=True, phase=C), Unknown)


# is_major and age


def test_an_opportunity_is_major_from_exactly_the_limit() -> None:
    limit = Baseline(major_amount=50_000)
    assert reading("is_major", limit, amount=50_000) == Known(value=True, records=(OPPORTUNITY,))
    assert reading("is_major", limit, amount=49_999) == Known(value=False, records=(OPPORTUNITY,))


def test_every_opportunity_is_major_without_a_limit() -> None:
    assert reading("is_major") == Known(value=True)


def test_a_strategic_account_makes_any_amount_major() -> None:
    limit = Baseline(major_amount=50_000)
    told = reading("is_major", limit, account=account(strategic=True))
    assert told == Known(value=True, records=("account-1",))


def test_size_is_unknown_without_an_amount() -> None:
    limit = Baseline(major_amount=50_000)
    assert isinstance(reading("is_major", limit, account=account(strategic=None)), Unknown)


def test_age_counts_whole_days_since_creation() -> None:
    assert reading("opportunity_age_days", age=30) == Known(30, (OPPORTUNITY,))
    assert reading("opportunity_age_days", created_at=ago(30) + MOMENT) == Known(29, (OPPORTUNITY,))
    assert reading("opportunity_age_days", age=0) == Known(0, (OPPORTUNITY,))


# offers


def test_quotes_count_once_the_customer_has_had_them() -> None:
    offers = (quote(3), quote(9), quote(5, "Draft"), quote(6, "in review"))
    assert reading("quotes_sent", quotes=offers) == Known(2, ("quote-9", "quote-3"))
    assert reading("quotes_sent", quotes=()) == Known(0)


def test_a_recorded_day_of_sending_counts_whatever_the_status_and_not_before_it_comes() -> None:
    assert reading("quotes_sent", quotes=(quote(9, "Draft", sent_at=NOW),)) == Known(
        1, ("quote-9",)
    )
    assert reading("quotes_sent", quotes=(quote(9, sent_at=NOW + MOMENT),)) == Known(0)


def test_quotes_are_unknown_where_they_cannot_be_read_or_do_not_say_whether_they_went_out() -> None:
    assert isinstance(reading("quotes_sent"), Unknown)
    assert isinstance(reading("quotes_sent", quotes=(quote(9), quote(3, None))), Unknown)


def test_meetings_are_split_by_the_first_quote_and_one_at_its_moment_comes_before_it() -> None:
    facts = with_offer(
        meeting(30), meeting(20), meeting(10), mail(25), call(5), offers=(quote(20), quote(8))
    )
    before = reading("meetings_before_first_quote", **facts)
    after = reading("meetings_since_first_quote", **facts)
    assert before == Known(2, ("meeting-30", "meeting-20"))
    assert after == Known(1, ("meeting-10",))


def test_while_there_is_no_quote_all_meetings_come_before_it() -> None:
    facts = with_offer(meeting(30), meeting(2), meeting(-3, held=None))
    assert reading("meetings_before_first_quote", **facts) == Known(2, ("meeting-30", "meeting-2"))
    assert reading("meetings_since_first_quote", **facts) == Known(0)


def test_a_meeting_that_was_not_held_is_no_meeting() -> None:
    facts = with_offer(meeting(30, held=False), meeting(10, held=False), offers=(quote(20),))
    assert reading("meetings_before_first_quote", **facts) == Known(0)
    assert reading("meetings_since_first_quote", **facts) == Known(0)


def test_an_undecided_meeting_leaves_only_its_own_side_of_the_quote_unknown() -> None:
    early = with_offer(meeting(20, held=None), meeting(10), offers=(quote(20),))
    late = with_offer(meeting(30), meeting(10, held=None), offers=(quote(20),))
    assert isinstance(reading("meetings_before_first_quote", **early), Unknown)
    assert reading("meetings_since_first_quote", **early) == Known(1, ("meeting-10",))
    assert reading("meetings_before_first_quote", **late) == Known(1, ("meeting-30",))
    assert isinstance(reading("meetings_since_first_quote", **late), Unknown)


@pytest.mark.parametrize("signal", ["meetings_before_first_quote", "meetings_since_first_quote"])
def test_meetings_around_a_quote_are_unknown_where_either_cannot_be_read(signal: str) -> None:
    assert isinstance(reading(signal, activities=(meeting(3),)), Unknown)
    assert isinstance(reading(signal, quotes=(quote(9),)), Unknown)
    assert isinstance(reading(signal, activities=(meeting(3),), quotes=(quote(9, None),)), Unknown)


# is_tender


@pytest.mark.parametrize("word", ["RFP", "Public Tender 2026", "Ausschreibung"])
def test_a_tender_is_told_by_lead_source_or_kind(word: str) -> None:
    told = Known(value=True, records=(OPPORTUNITY,))
    assert reading("is_tender", lead_source=word) == told
    assert reading("is_tender", kind=word, lead_source="Web") == told


def test_other_words_are_no_tender_and_no_word_is_unknown() -> None:
    assert reading("is_tender", lead_source="Trade fair") == Known(
        value=False, records=(OPPORTUNITY,)
    )
    assert isinstance(reading("is_tender"), Unknown)


# advance


def test_meetings_count_since_the_phase_last_changed() -> None:
    facts = moves((100, R), (20, E))
    found = (meeting(30), meeting(20), meeting(19), mail(5), meeting(2))
    told = reading("meetings_since_advance", **facts, people=(person("ann"),), activities=found)
    assert told == Known(2, ("meeting-19", "meeting-2"))


def test_a_new_person_is_an_advance() -> None:
    facts = moves((100, R), (20, E))
    people = (person("ann"), person("bob", days=10))
    found = (meeting(19), meeting(10), meeting(2))
    told = reading("meetings_since_advance", **facts, people=people, activities=found)
    assert told == Known(1, ("meeting-2",))


def test_without_any_change_meetings_count_since_creation() -> None:
    told = reading(
        "meetings_since_advance", **moves((100, R)), people=(), activities=(meeting(99),)
    )
    assert told == Known(1, ("meeting-99",))


def test_only_an_undecided_meeting_after_the_advance_matters() -> None:
    facts: dict[str, Any] = {**moves((100, R), (20, E)), "people": ()}
    early = (meeting(30, held=None), meeting(2))
    assert reading("meetings_since_advance", **facts, activities=early) == Known(1, ("meeting-2",))
    late = (meeting(3, held=None), meeting(2))
    assert isinstance(reading("meetings_since_advance", **facts, activities=late), Unknown)


def test_meetings_since_an_advance_are_unknown_without_people_or_activities() -> None:
    facts = moves((100, R))
    assert isinstance(reading("meetings_since_advance", **facts, activities=()), Unknown)
    assert isinstance(reading("meetings_since_advance", **facts, people=()), Unknown)


def test_the_next_step_is_as_old_as_its_last_writing() -> None:
    changes = (change("next_step", 14, "Call", "Visit"), change("next_step", 40, None, "Call"))
    told = reading("next_step_age_days", changes=changes, tracked=frozenset({"next_step"}))
    assert told == Known(14, ("next_step-14",))


def test_a_next_step_that_was_never_written_is_as_old_as_the_opportunity() -> None:
    told = reading("next_step_age_days", changes=(), tracked=frozenset({"next_step"}))
    assert told == Known(100, (OPPORTUNITY,))


def test_the_age_of_the_next_step_is_unknown_where_its_history_is_not_kept() -> None:
    changes = (change("next_step", 14, "Call", "Visit"),)
    assert isinstance(reading("next_step_age_days", changes=changes), Unknown)
    assert isinstance(reading("next_step_age_days", tracked=frozenset({"next_step"})), Unknown)


def test_only_meetings_and_calls_ahead_are_booked() -> None:
    found = (
        meeting(-1, held=None),
        call(-2, held=None),
        meeting(0, held=None),
        mail(-3),
        meeting(-4, held=False),
        meeting(-5, held=None, on_account=True),
    )
    assert reading("future_meetings", activities=found) == Known(2, ("meeting--1", "call--2"))
    assert reading("future_meetings", activities=()) == Known(0)
    assert isinstance(reading("future_meetings"), Unknown)


# steps back


def test_a_step_back_is_seen_with_the_change_that_made_it() -> None:
    facts = moves((100, R), (50, E), (5, R))
    assert reading("regressions_in_14_days", **facts) == Known(1, ("phase-5",))


def test_a_step_back_counts_for_less_than_14_days() -> None:
    inside = moves((100, R), (50, E), (13.99, R))
    outside = moves((100, R), (50, E), (14, R))
    assert reading("regressions_in_14_days", **inside) == Known(1, ("phase-13.99",))
    assert reading("regressions_in_14_days", **outside) == Known(0)


def test_a_phase_held_for_less_than_48_hours_was_a_slip() -> None:
    slip = moves((100, R), (6.99, E), (5, R))
    step = moves((100, R), (7, E), (5, R))
    assert reading("regressions_in_14_days", **slip) == Known(0)
    assert reading("regressions_in_14_days", **step) == Known(1, ("phase-5",))


def test_a_step_back_that_is_undone_within_48_hours_was_a_slip() -> None:
    slip = moves((100, R), (50, E), (5, R), (3.01, E))
    step = moves((100, R), (50, E), (5, R), (3, E))
    assert reading("regressions_in_14_days", **slip) == Known(0)
    assert reading("regressions_in_14_days", **step) == Known(1, ("phase-5",))


def test_going_on_is_no_step_back() -> None:
    facts = moves((100, R), (50, E), (5, C))
    assert reading("regressions_in_14_days", **facts) == Known(0)
    assert reading("phase_regained", **facts) == Known(value=False)


@pytest.mark.parametrize(("now_in", "regained"), [(R, False), (E, False), (C, True)])
def test_a_phase_is_regained_when_it_is_reached_again(now_in: Phase, *, regained: bool) -> None:
    steps = [(100, E), (80, C), (20, R)]
    facts = moves(*steps) if now_in is R else moves(*steps, (5, now_in))
    assert reading("phase_regained", **facts) == Known(value=regained, records=(OPPORTUNITY,))


def test_whether_a_phase_is_regained_is_unknown_where_the_stage_is_not_mapped() -> None:
    facts: dict[str, Any] = {**moves((100, R), (50, E), (5, R)), "phase": None}
    assert isinstance(reading("phase_regained", **facts), Unknown)


def test_evaluation_began_when_evaluation_or_a_later_phase_was_first_reached() -> None:
    known = (OPPORTUNITY,)
    direct = moves((100, R), (14, E), (3, C))
    skipped = moves((100, R), (14, C))
    returned = moves((100, R), (40, E), (20, R), (5, E))
    assert reading("days_since_evaluation_began", **direct) == Known(14, known)
    assert reading("days_since_evaluation_began", **skipped) == Known(14, known)
    assert reading("days_since_evaluation_began", **returned) == Known(40, known)
    assert reading("days_since_evaluation_began", **moves((100, R))) == Known(0, known)
    assert reading("days_since_evaluation_began", **moves((100, E))) == Known(100, known)


@pytest.mark.parametrize("signal", HAS_HISTORY)
def test_what_needs_the_history_of_the_stage_is_unknown_without_it(signal: str) -> None:
    facts: dict[str, Any] = {**moves((100, R), (50, E), (5, R)), "people": (), "activities": ()}
    assert isinstance(reading(signal, **facts), Known)
    assert isinstance(reading(signal, **{**facts, "tracked": frozenset()}), Unknown)
    assert isinstance(reading(signal, **{**facts, "changes": None}), Unknown)
