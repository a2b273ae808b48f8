"""Recorded concerns: topics, what is open, what came back; each value with its records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from build import NOW, ago, meeting, opportunity, person, reading, view

from crmrules.model import Concern, ConcernState, Mention, Speaker
from crmrules.signals import SIGNALS, Known, Unknown

OPEN, DONE, AGAIN = ConcernState.OPEN, ConcernState.RESOLVED, ConcernState.REOPENED
ALL = (
    "concerns_recorded",
    "open_concerns",
    "concerns_that_came_back",
    "concerns_resolved_since_return",
)


def note(days: float, topic: str = "IT", state: ConcernState = OPEN, **facts) -> Concern:
    known = {"record": f"{topic}-{days:g}", "known_at": ago(days), "topic": topic}
    return Concern(**known, state=state, **facts)


def told(signal: str, *notes: Concern, **facts):
    return reading(signal, concerns=notes, **facts)


def mention(days: float, topic: str = "IT", **facts) -> Mention:
    known = {"kind": "concern", "record": f"mail-{days:g}", "at": ago(days), "topic": topic}
    return Mention(**{**known, "speaker": Speaker.CUSTOMER, **facts})


def spoken(*mentions: Mention | None, state: ConcernState = DONE):
    """What came back where a topic was settled 20 days ago and texts mention it."""
    subject = opportunity(concerns=(note(40), note(20, state=state)))
    heard = None if None in mentions else mentions
    return SIGNALS["concerns_that_came_back"].function(replace(view(subject), mentions=heard))


@pytest.mark.parametrize("name", ALL)
def test_where_notes_cannot_be_read_nothing_is_told_and_where_they_can_none_is_none(name):
    assert isinstance(reading(name), Unknown)
    assert reading(name, activities=()) == Known(0)


def test_every_note_about_a_concern_is_recorded_also_that_there_is_none():
    found = told("concerns_recorded", note(9), note(5, state=DONE), note(3, "None found."))
    assert found == Known(3, ("IT-9", "IT-5", "None found.-3"))


def test_a_concern_is_open_until_the_last_note_of_its_topic_says_otherwise():
    assert told("open_concerns", note(9), note(5, " it ")) == Known(1, (" it -5",))
    assert told("open_concerns", note(9), note(5, state=DONE)) == Known(0)
    assert told("open_concerns", note(5, state=DONE), note(9)) == Known(0)
    assert told("open_concerns", note(9, state=DONE), note(5, state=AGAIN)).value == 1
    assert told("open_concerns", note(9), note(5, "timing", DONE)).records == ("IT-9",)


@pytest.mark.parametrize("topic", ["none", "None found", "Keine  Bedenken", "no concerns."])
def test_that_nobody_has_a_concern_is_not_an_open_one(topic):
    assert told("open_concerns", note(5, topic)) == Known(0)
    assert told("open_concerns", note(5, f"{topic} of the legal kind")).value == 1


def test_a_note_that_says_reopened_is_enough():
    assert told("concerns_that_came_back", note(3, state=AGAIN)) == Known(1, ("IT-3",))


@pytest.mark.parametrize(("days", "back"), [(6, 1), (6.1, 0), (2, 1)])
def test_a_settled_topic_raised_again_is_back_after_fourteen_days(days, back):
    found = told("concerns_that_came_back", note(40), note(20, state=DONE), note(days))
    assert found == Known(back, (f"IT-{days:g}",) * back)


def test_a_topic_that_was_never_settled_cannot_come_back():
    assert told("concerns_that_came_back", note(60), note(3)) == Known(0)


def test_a_topic_that_is_settled_again_is_no_longer_back_and_another_never_was():
    again = (note(60, state=DONE), note(30), note(10, state=DONE))
    assert told("concerns_that_came_back", *again) == Known(0)
    other = (note(60, state=DONE), note(3, "timing"))
    assert told("concerns_that_came_back", *other) == Known(0)


def test_of_several_notes_about_a_return_the_first_tells_when_it_came_back():
    notes = (note(60, state=DONE), note(30), note(5, state=AGAIN))
    assert told("concerns_that_came_back", *notes) == Known(1, ("IT-30",))


@pytest.mark.parametrize(
    ("joined", "state", "back"), [(20, OPEN, 1), (19.9, OPEN, 0), (19.9, AGAIN, 1)]
)
def test_somebody_new_who_asks_for_the_first_time_brings_nothing_back(joined, state, back):
    notes = (note(20, state=DONE), note(3, state=state, person="CFO Dr. Ruiz"))
    people = (person("anna ruiz", joined), person("jo ortiz", 1))
    assert told("concerns_that_came_back", *notes, people=people).value == back
    nobody = (note(20, state=DONE), note(3, state=state))
    assert told("concerns_that_came_back", *nobody, people=people).value == 1


def test_of_two_people_who_may_be_meant_one_who_was_there_is_enough():
    notes = (note(20, state=DONE), note(3, person="Ruiz"))
    people = (person("anna ruiz", 1), person("bea ruiz", 90))
    assert told("concerns_that_came_back", *notes, people=people).value == 1


@pytest.mark.parametrize(("days", "back"), [(6, 1), (6.1, 0), (1, 1), (-1, 0)])
def test_a_customer_who_speaks_of_a_settled_topic_brings_it_back(days, back):
    assert spoken(mention(days)) == Known(back, (f"mail-{days:g}",) * back)


def test_only_the_customers_words_about_that_very_concern_count():
    assert spoken(mention(1, speaker=Speaker.US)) == Known(0)
    assert spoken(mention(1, speaker=None)) == Known(0)
    assert spoken(mention(1, "timing")) == Known(0)
    assert spoken(mention(1, topic=None)) == Known(0)
    assert spoken(mention(1, kind="price")) == Known(0)
    assert spoken(mention(1), state=OPEN) == Known(0)
    assert spoken(mention(2), mention(3)).records == ("mail-3",)


def test_with_text_signals_off_notes_alone_decide():
    assert spoken(None) == Known(0)


@pytest.mark.parametrize(("days", "counted"), [(3, 1), (3.1, 0), (1, 1)])
def test_another_concern_counts_that_was_settled_since_the_first_return(days, counted):
    notes = (note(60, state=DONE), note(3), note(50, "fear"), note(days, "fear", DONE))
    found = told("concerns_resolved_since_return", *notes)
    assert found == Known(counted, (f"fear-{days:g}",) * counted)


def test_the_returned_concern_itself_and_one_that_is_open_do_not_count_as_settled():
    notes = (note(60, state=DONE), note(3), note(2, "fear", DONE), note(1, "fear", AGAIN))
    assert told("concerns_resolved_since_return", *notes) == Known(0)
    assert told("concerns_resolved_since_return", note(2, state=DONE)) == Known(0)


def test_of_two_returns_the_first_is_what_others_are_settled_since():
    back = (note(60, state=DONE), note(20), note(60, "law", DONE), note(3, "law"))
    found = told("concerns_resolved_since_return", *back, note(10, "fear", DONE))
    assert found == Known(1, ("fear-10",))


def test_what_is_not_about_concerns_changes_nothing():
    facts = {"concerns": (note(9),), "activities": (meeting(3),), "observed_at": NOW}
    assert reading("open_concerns", **facts) == Known(1, ("IT-9",))
