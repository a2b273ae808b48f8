"""Meetings that fall through and things that do not come: values, records, limits, unknown."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from build import NOW, activity, ago, call, meeting, reading

from crmrules.model import ActivityKind, Owed
from crmrules.notes import parse
from crmrules.signals import Known, Unknown

OF_MEETINGS = (
    "meetings_fallen_through_in_30_days",
    "meetings_held_in_30_days",
    "meetings_since_one_fell_through",
)
TODAY = NOW.date()


def missed(days: float, *people: str, **facts):
    return meeting(days, *people, held=False, **facts)


def owed(days: float, text: str = "NDA", late: int | None = None, *, received=False) -> Owed:
    due = None if late is None else TODAY - timedelta(days=late)
    known = {"record": f"{text}-{days:g}", "known_at": ago(days)}
    return Owed(**known, text=text, due=due, received=received)


def task(days: float, *, waiting: bool | None = True, late: int | None = 8, **facts):
    due = None if late is None else TODAY - timedelta(days=late)
    return activity(ActivityKind.TASK, days, waiting=waiting, due=due, **facts)


# -- meetings


@pytest.mark.parametrize("name", OF_MEETINGS)
def test_nothing_is_told_of_meetings_that_cannot_be_read_or_whose_outcome_nobody_recorded(name):
    assert isinstance(reading(name), Unknown)
    vague = (missed(20, "p"), meeting(5, "p", held=None))
    assert isinstance(reading(name, activities=vague), Unknown)
    assert reading(name, activities=()) == Known(0)


@pytest.mark.parametrize(("days", "count"), [(30, 0), (29.9, 1), (-3, 1)])
def test_a_meeting_that_fell_through_counts_for_thirty_days_and_before_its_day(days, count):
    found = reading("meetings_fallen_through_in_30_days", activities=(missed(days),))
    assert found == Known(count, (f"meeting-{days:g}",) * count)


def test_only_meetings_with_the_customer_about_this_opportunity_fall_through():
    others = (
        meeting(3),
        missed(4, with_customer=False),
        missed(5, on_account=True),
        call(6, held=False),
        meeting(-2, held=None),
    )
    assert reading("meetings_fallen_through_in_30_days", activities=others) == Known(0)


def test_a_meeting_called_off_of_which_nobody_knows_with_whom_it_was_leaves_the_count_open():
    vague = (missed(3), missed(4, with_customer=None))
    assert isinstance(reading("meetings_fallen_through_in_30_days", activities=vague), Unknown)
    begun = (missed(3), meeting(0, held=None))
    assert isinstance(reading("meetings_fallen_through_in_30_days", activities=begun), Unknown)
    old = (missed(3), missed(40, with_customer=None), meeting(35, held=None))
    assert reading("meetings_fallen_through_in_30_days", activities=old).value == 1


@pytest.mark.parametrize(("days", "count"), [(30, 0), (29.9, 1)])
def test_meetings_held_count_for_thirty_days(days, count):
    held = (meeting(days), missed(3), call(2), meeting(-1, held=None))
    found = reading("meetings_held_in_30_days", activities=held)
    assert found == Known(count, (f"meeting-{days:g}",) * count)


def test_the_same_person_has_to_meet_us_after_the_last_one_that_fell_through():
    def since(*activities):
        return reading("meetings_since_one_fell_through", activities=activities)

    fell = (missed(20, "anna"), missed(10, "jo", "bea"))
    assert since(*fell, meeting(5, "bea")) == Known(1, ("meeting-5",))
    assert since(*fell, meeting(5, "anna"), meeting(10, "jo"), meeting(15, "jo")) == Known(0)
    assert isinstance(since(*fell, meeting(5)), Unknown)
    assert since(missed(10), meeting(5, "anna"), meeting(4)).value == 2
    assert since(*fell, missed(-3, "jo"), meeting(5, "jo")) == Known(0)


def test_what_is_undecided_before_the_last_one_that_fell_through_does_not_matter():
    vague = (meeting(30, held=None), missed(10, "jo"), meeting(5, "jo"))
    assert reading("meetings_since_one_fell_through", activities=vague).value == 1
    later = (*vague, missed(2, with_customer=None))
    assert isinstance(reading("meetings_since_one_fell_through", activities=later), Unknown)


# -- things owed


@pytest.mark.parametrize("name", ["things_owed_7_days_late", "times_asked_without_reply"])
def test_without_notes_and_tasks_nobody_knows_what_is_owed(name):
    assert isinstance(reading(name), Unknown)
    assert reading(name, activities=()) == Known(0)


@pytest.mark.parametrize(("late", "count"), [(7, 0), (8, 1), (None, 0), (-5, 0)])
def test_what_is_owed_is_late_from_the_eighth_day_and_never_without_a_day(late, count):
    noted = {"owed": (owed(30, late=late),), "activities": ()}
    found = reading("things_owed_7_days_late", **noted)
    assert found == Known(count, ("NDA-30",) * count)
    waits = reading("things_owed_7_days_late", activities=(task(30, late=late),))
    assert waits == Known(count, ("task-30",) * count)


def test_notes_and_tasks_add_up_and_one_thing_is_one():
    facts = {
        "owed": (owed(30, late=20), owed(25, "nda ", late=20), owed(20, "Figures", late=9)),
        "activities": (task(12), task(9, waiting=False), task(8, on_account=True)),
    }
    found = reading("things_owed_7_days_late", **facts)
    assert found == Known(3, ("task-12", "nda -25", "Figures-20"))


def test_the_last_day_agreed_counts_and_what_was_received_is_owed_no_more():
    def late(*notes):
        return reading("things_owed_7_days_late", owed=notes, activities=())

    assert late(owed(30, late=20), owed(5, late=-2)) == Known(0)
    assert late(owed(30, late=20), owed(5)) == Known(1, ("NDA-30",))
    assert late(owed(30, late=20), owed(5, received=True)) == Known(0)
    assert late(owed(5, received=True), owed(30, late=20)) == Known(0)
    assert late(owed(30, late=20), owed(9, received=True), owed(8, late=8)).records == ("NDA-8",)


def test_a_task_that_does_not_say_whether_it_waits_leaves_the_count_open_unless_it_is_not_late():
    def late(*tasks):
        return reading("things_owed_7_days_late", activities=tasks)

    assert isinstance(late(task(30), task(9, waiting=None)), Unknown)
    assert isinstance(late(task(9, waiting=None, late=None)), Unknown)
    assert late(task(9, waiting=None, late=7)) == Known(0)
    assert late(task(9, waiting=None, on_account=True), meeting(3)) == Known(0)


def test_notes_alone_do_not_say_how_much_is_late():
    noted = (owed(30, late=20),)
    assert isinstance(reading("things_owed_7_days_late", owed=noted), Unknown)
    assert reading("times_asked_without_reply", owed=noted) == Known(1, ("NDA-30",))


def test_the_thing_asked_for_most_often_since_it_last_came_counts():
    def asked(*notes):
        return reading("times_asked_without_reply", owed=notes)

    twice = (owed(9), owed(5, "NDA"), owed(8, "figures"))
    assert asked(*twice) == Known(2, ("NDA-9", "NDA-5"))
    assert asked(*twice, owed(4, received=True)) == Known(1, ("figures-8",))
    assert asked(owed(9), owed(9)).value == 1
    assert asked(owed(9), owed(8, received=True), owed(7)).value == 1


def test_dropping_it_is_as_good_as_getting_it():
    said = parse("#owed: NDA (dropped) | by=2026-06-01", record="n", known_at=NOW, author=None)
    (piece,) = said.owed
    assert (piece.received, piece.due) == (True, date(2026, 6, 1))
