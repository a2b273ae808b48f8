"""Every signal of entry: known with its records, unknown, and at its boundary."""

from __future__ import annotations

from typing import Any

import pytest
from build import OPPORTUNITY, ago, call, mail, meeting, need, person, reading

from crmrules.baseline import Baseline
from crmrules.model import Direction, Focus, Phase
from crmrules.signals import Known, Unknown

LISTENER = person("ann", role="User", focus=Focus.RECEPTIVITY, sponsor=False)
DECIDER = person("bob", role="Decision Maker", focus=Focus.POWER, sponsor=False)
SENIOR = person("cleo", title="Head of Logistics", senior=True, sponsor=False)
SUFFERER = person("dan", role="User", focus=Focus.DISSATISFACTION, sponsor=True)
STRANGER = person("eve")  # neither role nor title
ABOUT_PEOPLE = (
    "contacts_with_power",
    "engaged_contacts_with_power",
    "contacts_with_dissatisfaction",
    "sponsors",
)


# conversations


def test_conversations_are_meetings_held_calls_that_connected_and_mails_from_the_customer() -> None:
    found = (
        mail(1),
        mail(2, direction=Direction.OUTBOUND),
        call(3),
        call(4, held=False),
        meeting(5),
        meeting(6, held=False),
        meeting(7, on_account=True),
        meeting(-1, held=None),
    )
    told = reading("two_way_activities", activities=found)
    assert told == Known(3, ("meeting-5", "call-3", "email-1"))
    assert reading("two_way_activities", activities=()) == Known(0)


@pytest.mark.parametrize("unclear", [meeting(5, held=None), mail(5, direction=None)])
def test_conversations_are_unknown_where_one_may_not_have_been_any(unclear: object) -> None:
    assert isinstance(reading("two_way_activities", activities=(mail(1), unclear)), Unknown)
    assert isinstance(reading("two_way_activities"), Unknown)


# engaged people


def test_each_person_who_took_part_counts_once() -> None:
    found = (meeting(9, "ann", "bob"), call(5, "ann"), mail(2, "bob"))
    told = reading("engaged_people_in_60_days", activities=found)
    assert told == Known(2, ("meeting-9", "call-5", "email-2"))


def test_a_talk_exactly_60_days_ago_is_over() -> None:
    found = (meeting(60, "ann"), meeting(59.99, "bob"))
    told = reading("engaged_people_in_60_days", activities=found)
    assert told == Known(1, ("meeting-59.99",))


def test_nobody_is_engaged_where_the_last_talk_was_long_ago() -> None:
    assert reading("engaged_people_in_60_days", activities=(meeting(80, "ann"),)) == Known(0)


def test_engaged_people_are_unknown_where_a_recent_talk_names_nobody_or_is_undecided() -> None:
    named = meeting(9, "ann")
    for other in (meeting(5), meeting(5, people=None), meeting(5, "bob", held=None)):
        assert isinstance(reading("engaged_people_in_60_days", activities=(named, other)), Unknown)


def test_an_old_talk_that_names_nobody_does_not_matter() -> None:
    found = (meeting(80), meeting(70, held=None), meeting(9, "ann"))
    assert reading("engaged_people_in_60_days", activities=found) == Known(1, ("meeting-9",))


def test_engaged_people_are_unknown_where_nothing_was_ever_logged() -> None:
    assert isinstance(reading("engaged_people_in_60_days", activities=()), Unknown)
    assert isinstance(reading("engaged_people_in_60_days"), Unknown)


# power


def test_a_decider_by_role_has_power_before_any_talk_but_is_engaged_only_after_one() -> None:
    people, talk = (LISTENER, DECIDER), meeting(9, "ann")
    facts: dict[str, Any] = {"people": people, "activities": (talk,)}
    assert reading("contacts_with_power", **facts) == Known(1, ("role-bob",))
    assert reading("engaged_contacts_with_power", **facts) == Known(0, ("role-ann", "role-bob"))
    facts = {"people": people, "activities": (talk, mail(2, "bob"))}
    assert reading("engaged_contacts_with_power", **facts) == Known(1, ("role-bob",))


def test_a_senior_title_means_power_only_for_those_who_talked_with_us() -> None:
    people = (LISTENER, SENIOR)
    for signal in ("contacts_with_power", "engaged_contacts_with_power"):
        silent = reading(signal, people=people, activities=(meeting(9, "ann"),))
        heard = reading(signal, people=people, activities=(meeting(300, "cleo"),))
        assert silent == Known(0, ("role-ann", "role-cleo"))
        assert heard == Known(1, ("role-cleo",))


def test_a_talk_that_names_nobody_may_have_been_with_the_senior_one() -> None:
    facts: dict[str, Any] = {"people": (LISTENER, SENIOR), "activities": (meeting(9),)}
    assert isinstance(reading("contacts_with_power", **facts), Unknown)
    assert isinstance(reading("engaged_contacts_with_power", **facts), Unknown)


def test_a_decider_whose_talks_cannot_be_read_may_be_engaged() -> None:
    facts: dict[str, Any] = {"people": (LISTENER, DECIDER)}
    assert reading("contacts_with_power", **facts) == Known(1, ("role-bob",))
    assert isinstance(reading("engaged_contacts_with_power", **facts), Unknown)


def test_nobody_with_power_is_said_only_where_everybody_has_a_role_or_a_title() -> None:
    talk = (meeting(9, "ann"),)
    known = reading("contacts_with_power", people=(LISTENER,), activities=talk)
    unknown = reading("contacts_with_power", people=(LISTENER, STRANGER), activities=talk)
    assert known == Known(0, ("role-ann",))
    assert isinstance(unknown, Unknown)


def test_one_with_power_is_known_whoever_else_is_a_stranger() -> None:
    facts: dict[str, Any] = {"people": (DECIDER, STRANGER), "activities": (meeting(9, "bob"),)}
    assert reading("contacts_with_power", **facts) == Known(1, ("role-bob",))
    assert reading("engaged_contacts_with_power", **facts) == Known(1, ("role-bob",))


# dissatisfaction


def test_those_who_have_the_problem_are_told_by_their_focus() -> None:
    told = reading("contacts_with_dissatisfaction", people=(LISTENER, SUFFERER))
    assert told == Known(1, ("role-dan",))


def test_a_need_that_names_a_person_tells_who_has_the_problem() -> None:
    told = reading(
        "contacts_with_dissatisfaction",
        people=(LISTENER, STRANGER),
        needs=(need(9, person="Ann"), need(3), need(2, person="ann")),
    )
    assert told == Known(1, ("need-9", "need-2"))


def test_one_person_told_by_focus_and_by_need_counts_once() -> None:
    facts: dict[str, Any] = {"people": (SUFFERER,), "needs": (need(9, person="Dan"),)}
    told = reading("contacts_with_dissatisfaction", **facts)
    assert told == Known(1, ("role-dan", "need-9"))


@pytest.mark.parametrize("people", [None, ()])
def test_a_need_tells_who_has_the_problem_even_without_contacts(people: object) -> None:
    facts: dict[str, Any] = {
        "people": people,
        "needs": (need(9, person="Ann"), need(8, person="Finn")),
    }
    told = reading("contacts_with_dissatisfaction", **facts)
    assert told == Known(2, ("need-9", "need-8"))


def test_nobody_with_the_problem_is_said_only_where_everybody_has_a_role_or_a_title() -> None:
    known = reading("contacts_with_dissatisfaction", people=(LISTENER, SENIOR))
    unknown = reading("contacts_with_dissatisfaction", people=(LISTENER, STRANGER))
    assert known == Known(0, ("role-ann", "role-cleo"))
    assert isinstance(unknown, Unknown)


# new people and sponsors


def test_a_person_added_exactly_30_days_ago_is_no_longer_new() -> None:
    people = (person("ann", days=30), person("bob", days=29.99))
    assert reading("new_contacts_in_30_days", people=people) == Known(1, ("role-bob",))


def test_without_contacts_nobody_is_new_and_unreadable_contacts_are_unknown() -> None:
    assert reading("new_contacts_in_30_days", people=()) == Known(0)
    assert isinstance(reading("new_contacts_in_30_days"), Unknown)


def test_sponsors_are_those_who_are_marked() -> None:
    assert reading("sponsors", people=(LISTENER, SUFFERER, STRANGER)) == Known(1, ("role-dan",))
    assert reading("sponsors", people=(LISTENER, DECIDER)) == Known(0)


def test_no_sponsor_is_said_only_where_somebody_filled_in_a_role() -> None:
    titled = person("finn", title="Clerk", senior=False)
    assert isinstance(reading("sponsors", people=(titled, STRANGER)), Unknown)
    for marked in (
        person("gus", role="User"),
        person("gus", focus=Focus.RECEPTIVITY),
        person("gus", sponsor=False),
    ):
        assert reading("sponsors", people=(titled, marked)) == Known(0)


@pytest.mark.parametrize("signal", ABOUT_PEOPLE)
@pytest.mark.parametrize("people", [None, ()])
def test_signals_about_people_are_unknown_without_any(signal: str, people: object) -> None:
    assert isinstance(reading(signal, people=people, activities=(meeting(3, "ann"),)), Unknown)


# age over usual


def test_age_is_told_beyond_the_time_winners_took_to_meet_a_second_person() -> None:
    key = ("default", Phase.RECOGNITION.value, "days_to_second_contact", 75)
    usual = Baseline(percentiles={key: 60.0})
    facts: dict[str, Any] = {"phase": Phase.RECOGNITION, "created_at": ago(60)}
    assert reading("age_over_usual_days", usual, **facts) == Known(0.0, (OPPORTUNITY,))
    assert reading("age_over_usual_days", **facts) == Known(60.0, (OPPORTUNITY,))


def test_winners_of_another_pipeline_or_phase_do_not_matter() -> None:
    key = ("default", Phase.RECOGNITION.value, "days_to_second_contact", 75)
    usual = Baseline(percentiles={key: 60.0})
    for facts in ({"pipeline": "partners", "phase": Phase.RECOGNITION}, {"phase": Phase.CONCERNS}):
        told = reading("age_over_usual_days", usual, age=60, **facts)
        assert told == Known(60.0, (OPPORTUNITY,))
