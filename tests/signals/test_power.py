"""Signals of those who can decide: whether they met us, when they last spoke, what lies ahead."""

from __future__ import annotations

from typing import Any

import pytest
from build import OPPORTUNITY, call, mail, meeting, moves, need, person, reading

from crmrules.baseline import Baseline
from crmrules.model import Direction, Focus, Phase
from crmrules.signals import Known, Unknown

USER = person("ann", role="User")
BOSS = person("bob", role="Decision Maker", focus=Focus.POWER)
CHIEF = person("cleo", title="Head of Logistics", senior=True)
STRANGER = person("eve")
EVERYBODY = (USER, BOSS, CHIEF, STRANGER)
PAST = (
    "meetings_with_power",
    "days_since_power_talk",
    "power_talks_in_60_days",
    "phase_moved_since_power_talk",
    "meetings_below_power_in_45_days",
)
AHEAD = ("power_meeting_ahead", "days_to_power_meeting")
NEEDS_KEPT = Baseline(coverage={"needs": 0.30})


def read(signal: str, *activities: Any, people: Any = EVERYBODY, **facts: Any) -> Any:
    return reading(signal, people=people, activities=activities, **facts)


def booked(days: float, *people: str, **facts: Any) -> Any:
    return meeting(-days, *people, **{"held": None, **facts})


# what was


def test_meetings_count_where_somebody_who_can_decide_took_part() -> None:
    told = read("meetings_with_power", meeting(9, "ann", "bob"), meeting(5, "cleo"), call(3, "bob"))
    assert told == Known(2, ("role-cleo", "role-bob", "meeting-9", "meeting-5"))
    assert read("meetings_with_power", meeting(9, "ann"), meeting(8, "bob", held=False)) == Known(0)


@pytest.mark.parametrize(
    "unclear", [meeting(5), meeting(5, "eve"), meeting(5, "zoe"), meeting(5, "bob", held=None)]
)
def test_a_meeting_that_may_have_been_with_a_decider_leaves_the_count_unknown(unclear: Any) -> None:
    assert isinstance(read("meetings_with_power", meeting(9, "bob"), unclear), Unknown)


def test_a_mail_of_a_stranger_is_no_meeting() -> None:
    assert read("meetings_with_power", mail(5, "eve"), meeting(9, "ann")) == Known(0)


def test_the_last_talk_is_the_last_word_of_any_decider() -> None:
    told = read("days_since_power_talk", meeting(30, "bob"), mail(21, "cleo"), meeting(3, "ann"))
    assert told == Known(21, ("role-cleo", "email-21"))
    ours = mail(2, "bob", direction=Direction.OUTBOUND)
    assert read("days_since_power_talk", meeting(30, "bob"), ours).value == 30


def test_the_last_talk_is_unknown_where_a_later_one_may_have_been_theirs() -> None:
    for later in (mail(3), call(3, "eve"), call(3, "bob", held=None)):
        assert isinstance(read("days_since_power_talk", meeting(9, "bob"), later), Unknown)
        assert read("days_since_power_talk", meeting(2, "bob"), later).value == 2
        assert read("days_since_power_talk", meeting(3, "bob"), later).value == 3


def test_without_a_talk_there_is_no_last_one() -> None:
    told = read("days_since_power_talk", meeting(3, "ann"))
    assert "nobody who can decide" in told.reason


def test_a_talk_exactly_60_days_ago_is_over() -> None:
    told = read("power_talks_in_60_days", meeting(60, "bob"), call(59.99, "bob"))
    assert told == Known(1, ("role-bob", "call-59.99"))
    assert read("power_talks_in_60_days", meeting(60, "bob"), meeting(70)) == Known(0)
    assert isinstance(read("power_talks_in_60_days", meeting(9)), Unknown)


def test_the_phase_has_moved_only_after_the_talk() -> None:
    facts = moves((100, Phase.RECOGNITION), (20, Phase.EVALUATION))
    before = read("phase_moved_since_power_talk", meeting(30, "bob"), **facts)
    after = read("phase_moved_since_power_talk", meeting(20, "bob"), **facts)
    never = read("phase_moved_since_power_talk", meeting(30, "bob"), **moves((100, Phase.CONCERNS)))
    assert before == Known(value=True, records=(OPPORTUNITY,))
    assert (after.value, never.value) == (False, False)


def test_whether_the_phase_moved_needs_a_talk_and_a_history() -> None:
    facts = moves((100, Phase.RECOGNITION), (20, Phase.EVALUATION))
    name = "phase_moved_since_power_talk"
    assert isinstance(read(name, meeting(30, "ann"), **facts), Unknown)
    assert isinstance(read(name, meeting(30, "bob"), meeting(9), **facts), Unknown)
    assert isinstance(read(name, meeting(30, "bob")), Unknown)


# what lies ahead


def test_a_booked_meeting_with_a_decider_is_told_with_person_and_record() -> None:
    later, sooner = booked(6, "bob"), call(-2.5, "cleo", held=None)
    told = ("role-cleo", "call--2.5")
    assert read("power_meeting_ahead", later, sooner) == Known(value=True, records=told)
    assert read("days_to_power_meeting", later, sooner) == Known(2.5, told)


def test_what_is_over_cancelled_or_of_others_is_not_ahead() -> None:
    found = (
        meeting(0, "bob", held=None),
        booked(1, "bob", held=False),
        booked(2, "bob", on_account=True),
        booked(3, "bob", with_customer=False),
        mail(-4, "bob"),
        booked(5, "ann"),
    )
    assert read("power_meeting_ahead", *found) == Known(value=False)
    assert isinstance(read("days_to_power_meeting", *found), Unknown)


@pytest.mark.parametrize(
    "unclear", [booked(3), booked(3, people=None), booked(3, "eve"), booked(3, "zoe")]
)
def test_attendees_nobody_knows_may_be_deciders(unclear: Any) -> None:
    assert isinstance(read("power_meeting_ahead", unclear), Unknown)
    assert isinstance(read("days_to_power_meeting", unclear), Unknown)
    assert read("power_meeting_ahead", unclear, booked(6, "bob")).value is True
    assert read("days_to_power_meeting", unclear, booked(6, "bob")).value == 6.0


def test_needs_count_for_less_than_90_days() -> None:
    found = (need(90), need(89.99, explicit=False), need(2))
    told = reading("needs_recorded_in_90_days", activities=(), needs=found)
    assert told == Known(2, ("need-89.99", "need-2"))
    assert reading("needs_recorded_in_90_days", activities=(), needs=(need(90),)) == Known(0)


def test_no_need_is_said_only_where_notes_are_read_and_winners_record_needs() -> None:
    name, rare = "needs_recorded_in_90_days", Baseline(coverage={"needs": 0.29})
    assert reading(name, NEEDS_KEPT, activities=()) == Known(0)
    assert "won" in reading(name, rare, activities=()).reason
    assert "won" in reading(name, activities=()).reason
    assert "notes" in reading(name, NEEDS_KEPT).reason


def test_talks_with_people_below_count_for_less_than_45_days() -> None:
    found = (meeting(45, "ann"), call(44.99, "ann", "bob"), mail(3, "ann"), meeting(2, "bob"))
    told = read("meetings_below_power_in_45_days", *found)
    assert told == Known(1, ("call-44.99",))
    assert read("meetings_below_power_in_45_days", meeting(2, "bob", "cleo")) == Known(0)


def test_a_recent_meeting_that_names_nobody_may_have_been_with_people_below() -> None:
    name = "meetings_below_power_in_45_days"
    for unclear in (meeting(9), meeting(9, "ann", held=None)):
        assert isinstance(read(name, unclear), Unknown)
        assert read(name, unclear, meeting(3, "ann")).value == 1
    assert read(name, meeting(45)) == Known(0)


@pytest.mark.parametrize("signal", [*PAST, *AHEAD])
@pytest.mark.parametrize("people", [None, ()])
def test_without_contacts_nothing_is_known_of_deciders(signal: str, people: Any) -> None:
    assert isinstance(read(signal, meeting(3, "bob"), booked(3, "bob"), people=people), Unknown)


@pytest.mark.parametrize("signal", [*PAST, *AHEAD])
def test_without_activities_nothing_is_known_of_deciders(signal: str) -> None:
    facts = moves((100, Phase.RECOGNITION), (20, Phase.EVALUATION))
    assert isinstance(reading(signal, people=EVERYBODY, **facts), Unknown)
