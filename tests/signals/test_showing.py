"""Signals of showing and asking: what meetings were for, by their subjects."""

from __future__ import annotations

from typing import Any

import pytest
from build import OPPORTUNITY, ago, call, mail, meeting, person, reading

from crmrules.model import Concern, Direction, Focus
from crmrules.signals import Known, Unknown

ANN = person("ann", 90, role="User")
BOSS = person("bob", 90, focus=Focus.POWER)
OF_MEETINGS = ("first_meeting_was_demo", "demos_over_discovery", "discovery_since_demo")
OF_SHOWING = ("showings_in_21_days", "days_since_showing", "power_talks_since_showing")


def demo(days: float, *people: str, **facts: Any) -> Any:
    return meeting(days, *people or ("ann",), subject="Product demo", **facts)


def asked(days: float, **facts: Any) -> Any:
    return meeting(days, "ann", subject="Discovery workshop", **facts)


def other(days: float, *people: str, **facts: Any) -> Any:
    return meeting(days, *people or ("ann",), **{"subject": "Weekly", **facts})


def papers(days: float, **facts: Any) -> Any:
    known = {"direction": Direction.OUTBOUND, "subject": "Data sheets, as promised"}
    return mail(days, "ann", **{**known, **facts})


def read(signal: str, *activities: Any, **facts: Any) -> Any:
    return reading(signal, **{"people": (ANN, BOSS), "activities": activities, **facts})


# demos and discovery


def test_a_demo_was_first_only_where_no_meeting_came_before() -> None:
    assert read("first_meeting_was_demo", asked(9), demo(12)) == Known(
        value=True, records=("meeting-12",)
    )
    for before in (asked(20), other(20), call(20, "ann", subject="Discovery call")):
        assert read("first_meeting_was_demo", before, demo(12)).value is False
    for nothing in (call(20, "ann", subject="Hello"), asked(20, held=False), mail(20, "ann")):
        assert read("first_meeting_was_demo", nothing, demo(12)).value is True
    assert read("first_meeting_was_demo", other(9)) == Known(value=False)


def test_an_earlier_meeting_that_may_have_been_held_leaves_the_first_open() -> None:
    doubtful = other(20, held=None)
    assert isinstance(read("first_meeting_was_demo", doubtful, demo(12)), Unknown)
    assert read("first_meeting_was_demo", doubtful, demo(25)).value is True
    assert read("first_meeting_was_demo", doubtful, asked(12)).value is False


def test_demos_are_counted_against_discovery_talks() -> None:
    told = read("demos_over_discovery", demo(9), demo(5), call(20, "ann", subject="Discovery"))
    assert told == Known(1, ("meeting-9", "meeting-5", "call-20"))
    assert read("demos_over_discovery", asked(9)) == Known(-1, ("meeting-9",))
    both = meeting(9, "ann", subject="Discovery and demo")
    assert read("demos_over_discovery", both).value == -1


def test_a_first_demo_they_asked_for_is_none() -> None:
    facts = {"lead_source": "Web demo request"}
    assert read("first_meeting_was_demo", demo(9), **facts).value is False
    assert read("demos_over_discovery", demo(9), **facts).value == 0
    assert read("demos_over_discovery", demo(9), demo(5), **facts).value == 1
    assert read("demos_over_discovery", demo(9), lead_source="Web").value == 1


def test_discovery_counts_after_the_last_demo() -> None:
    told = read("discovery_since_demo", demo(20), asked(15), demo(9), asked(5))
    assert told == Known(1, ("meeting-5",))
    assert read("discovery_since_demo", demo(20), asked(15), demo(9)) == Known(0)
    assert read("discovery_since_demo", asked(15)) == Known(0)


@pytest.mark.parametrize("signal", [*OF_MEETINGS, *OF_SHOWING])
@pytest.mark.parametrize(
    "unclear",
    [
        other(5, subject=None),
        other(5, subject=None, held=None),
        meeting(5, "ann", subject="Demo", held=None),
        meeting(5, "ann", subject="Discovery", held=None),
    ],
)
def test_what_a_meeting_was_for_is_not_guessed(signal: str, unclear: Any) -> None:
    assert isinstance(read(signal, demo(9), other(3, "bob")), Known)
    assert isinstance(read(signal, demo(9), unclear), Unknown)
    assert isinstance(reading(signal, people=(ANN,)), Unknown)


# showing late


def test_demos_and_papers_count_for_less_than_21_days() -> None:
    found = (demo(21), demo(20.99), papers(9), papers(21))
    assert read("showings_in_21_days", *found) == Known(2, ("meeting-20.99", "email-9"))


def test_only_our_own_mails_about_the_product_are_papers() -> None:
    found = (
        papers(9, direction=None),
        papers(8, subject="Contract"),
        papers(7, on_account=True),
        papers(-1),
        mail(6, "ann", subject="Your data sheets"),
    )
    assert read("showings_in_21_days", *found) == Known(0)


def test_a_demo_for_somebody_new_is_none() -> None:
    demo_then = demo(5, "ann", "new")
    for days, counted in ((35, 1), (34.99, 0)):
        people = (ANN, person("new", days))
        assert read("showings_in_21_days", demo_then, people=people).value == counted
    assert read("showings_in_21_days", demo_then).value == 0


def test_a_demo_that_does_not_say_who_was_there_is_unknown() -> None:
    nobody = meeting(5, subject="Demo")
    for signal in OF_SHOWING:
        assert isinstance(read(signal, nobody), Unknown)
        assert isinstance(read(signal, demo(5), people=None), Unknown)


def test_days_count_from_the_last_showing_else_from_creation() -> None:
    assert read("days_since_showing", demo(14), papers(20)) == Known(14, ("meeting-14",))
    assert read("days_since_showing", other(3)) == Known(100, (OPPORTUNITY,))


def test_talks_with_deciders_count_after_the_last_showing() -> None:
    name = "power_talks_since_showing"
    told = read(name, call(20, "bob"), demo(14), call(9, "bob"), other(5))
    assert told == Known(1, ("call-9",))
    assert read(name, call(20, "bob"), demo(14)) == Known(0)
    assert read(name, call(20, "bob")).value == 1
    assert isinstance(read(name, demo(14), call(9)), Unknown)
    assert read(name, demo(14), call(9), call(8, "bob")).value == 1
    assert isinstance(read(name, papers(14), people=()), Unknown)


def test_concerns_count_open_or_settled() -> None:
    said = Concern(record="note-1", known_at=ago(3), topic="price")
    assert read("concerns_recorded", concerns=(said,)) == Known(1, ("note-1",))
    assert read("concerns_recorded") == Known(0)
    assert isinstance(reading("concerns_recorded"), Unknown)
    assert reading("concerns_recorded", concerns=(said,)).value == 1
