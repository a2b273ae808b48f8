"""Whose plan it is, and how contact goes on after the sale."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from build import NOW, OPPORTUNITY, activity, ago, call, mail, meeting, reading

from crmrules.model import ActivityKind, Direction, Plan
from crmrules.signals import Known, Unknown

TODAY = NOW.date()
OF_CONTACT = (
    "days_since_check_in",
    "conversations_in_first_weeks",
    "conversations_lost_since_start",
)


def plan(days: float, *, led: bool | None) -> Plan:
    return Plan(record=f"plan-{days:g}", known_at=ago(days), text="four weeks", customer_led=led)


def won(days: float, *activities, **facts: Any) -> dict[str, Any]:
    return {"won": True, "closed_at": ago(days), "activities": activities, **facts}


def kick_off(days: float, **facts: Any):
    return meeting(days, **{"subject": "Kick-off with the depot", **facts})


# -- the plan


def test_a_plan_is_the_customers_if_any_is():
    plans = (plan(9, led=True), plan(5, led=False), plan(4, led=None))
    assert reading("plan_led_by", plans=plans) == Known("customer", ("plan-9",))


def test_a_plan_is_ours_only_if_every_one_says_so():
    assert reading("plan_led_by", plans=(plan(5, led=False),)) == Known("us", ("plan-5",))
    unsaid = (plan(5, led=False), plan(4, led=None))
    assert isinstance(reading("plan_led_by", plans=unsaid), Unknown)


def test_no_plan_is_told_only_where_notes_can_be_read():
    assert reading("plan_led_by", activities=()) == Known("nobody")
    assert isinstance(reading("plan_led_by"), Unknown)


@pytest.mark.parametrize("days", [21, 0])
def test_days_to_the_sale_count_down_to_the_close_date(days):
    close = TODAY + timedelta(days=days)
    assert reading("days_to_sale", close_date=close) == Known(days, (OPPORTUNITY,))


def test_a_close_date_that_has_passed_is_due_and_a_sale_counts_on_below_none():
    late = TODAY - timedelta(days=30)
    assert reading("days_to_sale", close_date=late) == Known(0, (OPPORTUNITY,))
    assert reading("days_to_sale", **won(14.9), close_date=late) == Known(-14, (OPPORTUNITY,))


@pytest.mark.parametrize("facts", [{}, {"won": True}, {"won": False, "closed_at": ago(5)}])
def test_days_to_the_sale_are_unknown_without_a_date_of_it(facts):
    assert isinstance(reading("days_to_sale", **facts), Unknown)


@pytest.mark.parametrize(
    "one",
    [
        kick_off(5),
        kick_off(-5, held=None),
        kick_off(5, on_account=True),
        meeting(5, subject="Roll-out plan"),
        meeting(5, subject="Einführungsplanung mit dem Lager"),
    ],
    ids=lambda one: one.record,
)
def test_a_meeting_about_the_roll_out_was_held_or_is_booked(one):
    assert reading("rollout_meeting", activities=(meeting(3, subject="Price"), one)) == Known(
        True, (one.record,)
    )


@pytest.mark.parametrize(
    "one",
    [
        meeting(5, subject="Price"),
        kick_off(5, held=False),
        kick_off(-5, held=False),
        kick_off(5, with_customer=False),
        call(5, subject="kick-off"),
    ],
    ids=["another subject", "called off", "called off ahead", "among us", "a call"],
)
def test_anything_else_is_no_such_meeting(one):
    assert reading("rollout_meeting", activities=(one,)) == Known(value=False)


@pytest.mark.parametrize(
    "one",
    [
        kick_off(5, held=None),
        kick_off(0, held=None),
        kick_off(5, with_customer=None),
        meeting(5),
        meeting(-5, held=None),
    ],
    ids=["perhaps not held", "just now", "perhaps among us", "no subject", "no subject, ahead"],
)
def test_a_meeting_that_may_be_one_leaves_it_open_until_there_is_a_sure_one(one):
    assert isinstance(reading("rollout_meeting", activities=(one,)), Unknown)
    assert reading("rollout_meeting", activities=(one, kick_off(2))).value is True
    assert isinstance(reading("rollout_meeting"), Unknown)


# -- contact after the sale


@pytest.mark.parametrize("name", OF_CONTACT)
@pytest.mark.parametrize(
    "facts",
    [
        {"activities": (meeting(50),)},
        {"won": False, "closed_at": ago(60), "activities": (meeting(50),)},
        {"won": True, "activities": (meeting(50),)},
        won(60) | {"activities": None},
        won(60),
        won(60, meeting(50, held=None), meeting(10, held=None), meeting(55)),
    ],
    ids=["open", "lost", "no day", "unreadable", "nothing logged", "undecided"],
)
def test_contact_after_the_sale_is_unknown(name, facts):
    assert isinstance(reading(name, **facts), Unknown)


def test_a_check_in_is_a_meeting_or_a_call_since_the_sale():
    talks = (meeting(50), call(20.5, on_account=True), call(9, held=False), mail(3))
    found = reading("days_since_check_in", **won(60, *talks))
    assert found == Known(20, ("call-20.5",))


def test_without_one_the_days_count_from_the_sale():
    before = reading("days_since_check_in", **won(30, meeting(31), meeting(30), mail(5)))
    assert before == Known(30, (OPPORTUNITY,))


def test_an_undecided_call_matters_only_after_the_last_sure_one():
    early = won(60, call(50, held=None), meeting(20))
    assert reading("days_since_check_in", **early) == Known(20, ("meeting-20",))
    mails = won(60, meeting(20), mail(5, direction=None))
    assert reading("days_since_check_in", **mails).value == 20
    later = won(60, meeting(20), call(10, held=None))
    assert isinstance(reading("days_since_check_in", **later), Unknown)


def test_the_first_three_weeks_begin_after_the_sale_and_end_on_their_last_day():
    talks = (meeting(60), mail(59.9), call(45, on_account=True), meeting(39), meeting(38.9))
    found = reading("conversations_in_first_weeks", **won(60, *talks))
    assert found == Known(3, ("email-59.9", "call-45", "meeting-39"))


def test_what_is_undecided_outside_the_first_weeks_does_not_matter_for_them():
    talks = (meeting(70, held=None), meeting(50), meeting(30, held=None))
    assert reading("conversations_in_first_weeks", **won(60, *talks)).value == 1
    edge = won(60, meeting(60, held=None), meeting(50))
    assert reading("conversations_in_first_weeks", **edge).value == 1
    last = won(60, meeting(50), meeting(39, held=None))
    assert isinstance(reading("conversations_in_first_weeks", **last), Unknown)


def test_what_was_logged_on_the_account_alone_counts():
    talks = [meeting(day, on_account=True) for day in (59, 55, 5)]
    assert reading("conversations_lost_since_start", **won(60, *talks)).value == 50.0
    assert reading("days_since_check_in", **won(60, *talks)).value == 5


def test_none_in_the_first_weeks_is_an_answer_where_something_was_logged():
    assert reading("conversations_in_first_weeks", **won(60, meeting(70))) == Known(0)


@pytest.mark.parametrize(
    ("recent", "lost"), [((), 100.0), ((20.9,), 75.0), ((21,), 100.0), ((9, 8, 7, 6, 5), -25.0)]
)
def test_conversations_are_lost_by_their_share_of_the_first_three_weeks(recent, lost):
    early = (meeting(59), meeting(55), call(50), mail(45))
    facts = won(60, *early, *(meeting(day) for day in recent))
    found = reading("conversations_lost_since_start", **facts)
    assert found.value == lost
    counted = [f"meeting-{day:g}" for day in sorted(recent, reverse=True) if day < 21]
    assert list(found.records) == ["meeting-59", "meeting-55", "call-50", "email-45", *counted]


def test_nothing_is_lost_where_there_was_nothing_to_lose():
    facts = won(60, meeting(5))
    assert isinstance(reading("conversations_lost_since_start", **facts), Unknown)


def test_what_we_send_or_note_is_no_contact_of_the_customer():
    notes = (activity(ActivityKind.NOTE, 50), mail(49, direction=Direction.OUTBOUND))
    assert reading("conversations_in_first_weeks", **won(60, *notes)) == Known(0)
