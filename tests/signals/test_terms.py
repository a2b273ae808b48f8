"""Signals of talks about terms: since when, with which limits, summed up or not; what blocks."""

from __future__ import annotations

from typing import Any

import pytest
from build import NOW, OPPORTUNITY, activity, ago, mail, meeting, moves, quote, reading

from crmrules.model import (
    ActivityKind,
    Concern,
    ConcernState,
    Criterion,
    Direction,
    Phase,
    Range,
)
from crmrules.signals import Known, Unknown

DAYS = "business_days_on_terms"
TALKS = "talks_on_terms_in_21_days"
SUMMARY = "business_days_without_summary"
STOPPERS = "showstoppers_waiting"
OF_STOPPERS = (STOPPERS, "showstopper_business_days", "showstopper")
RESOLVED, REOPENED = ConcernState.RESOLVED, ConcernState.REOPENED
# NOW is Wednesday 17 June: day 14 before it is a Wednesday too, with 10 business days between.
ON_TERMS = moves((60, Phase.EVALUATION), (14, Phase.CONCERNS))


# -- since when, with which limits


def test_talks_about_terms_begin_with_the_concerns_of_this_time():
    assert reading(DAYS, **ON_TERMS) == Known(10, (OPPORTUNITY,))
    again = moves((60, Phase.CONCERNS), (30, Phase.EVALUATION), (7, Phase.CONCERNS))
    assert reading(DAYS, **again) == Known(5, (OPPORTUNITY,))


def test_without_a_stage_history_a_quote_that_waits_for_approval_tells():
    waiting = (quote(14, status="In Review"), quote(7, status="Approval required"))
    assert reading(DAYS, phase=Phase.CONCERNS, quotes=waiting) == Known(10, (OPPORTUNITY,))
    shown = (quote(14, status="Presented"), quote(7, status="Draft"))
    assert isinstance(reading(DAYS, phase=Phase.CONCERNS, quotes=shown), Unknown)


@pytest.mark.parametrize("name", [DAYS, TALKS, SUMMARY])
def test_before_concerns_or_without_a_history_there_is_no_beginning(name):
    facts = {"activities": (), "quotes": ()}
    assert isinstance(reading(name, **moves((60, Phase.EVALUATION)), **facts), Unknown)
    assert isinstance(reading(name, phase=Phase.CONCERNS, **facts), Unknown)


def test_ranges_are_counted_where_notes_can_be_read():
    found = Range(record="range", known_at=ago(3), low=3.0, high=7.0)
    assert reading("ranges_recorded", ranges=(found,)) == Known(1, ("range",))
    assert reading("ranges_recorded", activities=()) == Known(0)
    assert isinstance(reading("ranges_recorded"), Unknown)


# -- talks, and whether they are summed up


def talked(*activities: Any, quotes: Any = (), **facts: Any) -> dict[str, Any]:
    return {**ON_TERMS, "activities": activities, "quotes": quotes, **facts}


def ours(days: float, subject: str | None = "Your question", **facts: Any) -> Any:
    known = {"direction": Direction.OUTBOUND, "subject": subject, "record": f"sent-{days:g}"}
    return mail(days, **{**known, **facts})


def test_meetings_held_and_quotes_revised_are_talks_about_terms():
    quotes = (quote(30), quote(9), quote(5, status="Draft"))
    found = talked(meeting(12), meeting(6), meeting(3, held=False), mail(2), quotes=quotes)
    assert reading(TALKS, **found) == Known(3, ("meeting-12", "quote-9", "meeting-6"))


def test_the_first_quote_is_no_revision():
    assert reading(TALKS, **talked(quotes=(quote(9),))) == Known(0)


def test_what_came_before_the_concerns_is_no_talk_about_terms():
    assert reading(TALKS, **talked(meeting(14), meeting(13.9))) == Known(1, ("meeting-13.9",))


def test_talks_count_for_three_weeks():
    long = moves((60, Phase.EVALUATION), (40, Phase.CONCERNS))
    found = talked(meeting(21), meeting(20.9), **long)
    assert reading(TALKS, **found) == Known(1, ("meeting-20.9",))


def test_a_quote_that_came_with_the_concerns_is_no_revision_in_them():
    assert reading(TALKS, **talked(quotes=(quote(30), quote(14)))) == Known(0)


@pytest.mark.parametrize("name", [TALKS, SUMMARY])
@pytest.mark.parametrize(
    "facts",
    [talked(meeting(5, held=None)), talked(quotes=None), talked() | {"activities": None}],
    ids=["undecided", "no quotes", "no activities"],
)
def test_talks_are_unknown_where_one_may_not_have_been(name, facts):
    assert isinstance(reading(name, **facts), Unknown)


def test_the_wait_is_told_from_the_first_talk_without_a_summary():
    found = talked(meeting(9), meeting(5), ours(8))
    assert reading(SUMMARY, **found) == Known(7, ("meeting-9", "meeting-5"))


@pytest.mark.parametrize(
    "subject",
    ["Recap of today", "RE: Summary of terms", "As discussed", "Zusammenfassung", "wie-besprochen"],
)
def test_a_mail_of_ours_that_says_so_sums_up_what_came_before(subject):
    found = talked(meeting(9), ours(7, subject), meeting(5))
    assert reading(SUMMARY, **found) == Known(3, ("meeting-5",))
    assert reading(SUMMARY, **talked(meeting(9), ours(2, subject))) == Known(0)


def test_a_summary_of_the_same_day_counts_and_one_of_the_day_before_does_not():
    assert reading(SUMMARY, **talked(meeting(5), ours(5.3, "Recap"))) == Known(0)
    before = talked(meeting(5), ours(6, "Recap"))
    assert reading(SUMMARY, **before) == Known(3, ("meeting-5",))


@pytest.mark.parametrize(
    "other",
    [
        mail(4, subject="Recap", record="theirs"),
        meeting(4, subject="Recap", with_customer=False, record="inside"),
        ours(4, "Recap", on_account=True),
        ours(4, "Precaps"),
    ],
    ids=["theirs", "a meeting", "on the account", "another word"],
)
def test_what_is_no_mail_or_note_of_ours_sums_nothing_up(other):
    assert reading(SUMMARY, **talked(meeting(5), ours(8), other)) == Known(3, ("meeting-5",))


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": ActivityKind.NOTE, "text": "Recap of terms\nprice is open"},
        {"kind": ActivityKind.NOTE, "subject": "Summary", "text": "price is open"},
        {"kind": ActivityKind.TASK, "subject": "Meeting notes"},
    ],
    ids=["first line", "subject", "task"],
)
def test_a_note_or_a_task_sums_up_by_its_subject_or_first_line(facts):
    note = activity(facts.pop("kind"), 4, **facts)
    assert reading(SUMMARY, **talked(meeting(5), ours(8), note)) == Known(0)


def test_a_note_that_speaks_of_a_summary_further_down_is_none():
    note = activity(ActivityKind.NOTE, 4, text="Called them\nsend a summary")
    assert reading(SUMMARY, **talked(meeting(5), ours(8), note)) == Known(3, ("meeting-5",))


@pytest.mark.parametrize(
    "doubtful",
    [ours(4, None), ours(4, "Recap", direction=None)],
    ids=["no subject", "no direction"],
)
def test_a_mail_that_may_be_a_summary_leaves_it_open(doubtful):
    assert isinstance(reading(SUMMARY, **talked(meeting(5), ours(8), doubtful)), Unknown)
    settled = talked(meeting(5), doubtful, ours(2, "Recap"))
    assert reading(SUMMARY, **settled) == Known(0)
    early = talked(meeting(2), ours(8), doubtful)
    assert reading(SUMMARY, **early) == Known(2, ("meeting-2",))


def test_a_mail_without_a_subject_on_the_day_of_the_talk_may_be_its_summary():
    assert isinstance(reading(SUMMARY, **talked(meeting(5), ours(5.2, None))), Unknown)


def test_where_none_of_our_mails_is_seen_nobody_can_tell():
    assert isinstance(reading(SUMMARY, **talked(meeting(5), mail(3))), Unknown)


def test_a_summary_that_is_only_planned_is_none():
    found = talked(meeting(5), ours(8), activity(ActivityKind.TASK, -2, subject="Send recap"))
    assert reading(SUMMARY, **found) == Known(3, ("meeting-5",))


# -- what blocks


def stopper(days: float, topic: str = "Data abroad", **facts: Any) -> Concern:
    known = {"record": f"stopper-{days:g}", "known_at": ago(days), "showstopper": True}
    return Concern(**{**known, "topic": topic, **facts})


def test_an_open_showstopper_waits_and_the_oldest_is_named():
    found = (stopper(3, "Price cap"), stopper(9))
    assert reading(STOPPERS, concerns=found) == Known(2, ("stopper-9", "stopper-3"))
    assert reading("showstopper", concerns=found) == Known("Data abroad", ("stopper-9",))
    assert reading("showstopper_business_days", concerns=found) == Known(7, ("stopper-9",))


@pytest.mark.parametrize(
    "facts",
    [
        {"showstopper": False},
        {"state": RESOLVED},
        {"owner": "Kim", "due": "2026-06-17"},
        {"owner": "Kim", "due": "Friday"},
    ],
    ids=["a concern", "resolved", "in hand until today", "in hand by words"],
)
def test_what_is_no_showstopper_or_is_in_hand_does_not_wait(facts):
    found = (stopper(9, **facts),)
    assert reading(STOPPERS, concerns=found) == Known(0)
    for name in OF_STOPPERS[1:]:
        assert isinstance(reading(name, concerns=found), Unknown)


@pytest.mark.parametrize(
    "facts",
    [{"owner": "Kim"}, {"due": "2026-07-01"}, {"owner": "Kim", "due": "2026-06-16"}],
    ids=["no day", "nobody", "the day has passed"],
)
def test_a_name_without_a_day_or_a_day_that_has_passed_is_not_in_hand(facts):
    assert NOW.date().isoformat() == "2026-06-17"
    assert reading(STOPPERS, concerns=(stopper(9, **facts),)) == Known(1, ("stopper-9",))


def test_what_is_said_of_it_later_adds_to_it():
    named = (stopper(9), stopper(5, "data  ABROAD", owner="Kim"), stopper(4, due="2026-07-01"))
    assert reading(STOPPERS, concerns=named[:2]) == Known(1, ("stopper-9", "stopper-5"))
    assert reading(STOPPERS, concerns=named) == Known(0)


def test_it_waits_from_when_it_was_first_said_and_in_the_words_of_then():
    found = (stopper(9), stopper(5, "DATA abroad"))
    assert reading("showstopper_business_days", concerns=found).value == 7
    assert reading("showstopper", concerns=found).value == "Data abroad"


def test_the_day_that_was_named_last_counts():
    first = stopper(9, owner="Kim", due="2026-06-10")
    assert reading(STOPPERS, concerns=(first, stopper(5, due="2026-07-01"))) == Known(0)
    sooner = stopper(5, due="2026-06-10")
    late = first.model_copy(update={"due": "2026-07-01"})
    assert reading(STOPPERS, concerns=(late, sooner)).value == 1


def test_one_that_was_resolved_twice_is_resolved():
    found = (stopper(20), stopper(15, state=RESOLVED), stopper(9), stopper(5, state=RESOLVED))
    assert reading(STOPPERS, concerns=found) == Known(0)


def test_a_plain_concern_of_the_same_topic_resolves_it():
    solved = stopper(4, showstopper=False, state=RESOLVED)
    assert reading(STOPPERS, concerns=(stopper(9), solved)) == Known(0)
    other = stopper(4, "Price", showstopper=False, state=RESOLVED)
    assert reading(STOPPERS, concerns=(stopper(9), other)) == Known(1, ("stopper-9",))


def test_one_that_came_back_waits_from_then_on_and_for_somebody_new():
    found = (
        stopper(20, owner="Kim", due="2026-07-01"),
        stopper(10, state=RESOLVED),
        stopper(6, showstopper=False, state=REOPENED),
    )
    assert reading(STOPPERS, concerns=found) == Known(1, ("stopper-6",))
    assert reading("showstopper_business_days", concerns=found) == Known(4, ("stopper-6",))


def needed(days: float, **facts: Any) -> Criterion:
    known = {"record": f"criterion-{days:g}", "known_at": ago(days), "name": "Uptime"}
    return Criterion(**{**known, "weight": "crucial", "ours": 1.0, **facts})


def test_a_crucial_criterion_that_we_cannot_meet_is_a_showstopper():
    source = ("criterion-9#uptime",)
    assert reading(STOPPERS, criteria=(needed(9),)) == Known(1, source)
    assert reading("showstopper", criteria=(needed(9),)) == Known("Uptime", source)
    assert reading("showstopper_business_days", criteria=(needed(9),)) == Known(7, source)


@pytest.mark.parametrize(
    "facts",
    [{"ours": 1.5}, {"ours": None}, {"weight": "important"}, {"strategy": "alternative"}],
    ids=["we can a little", "not rated", "not crucial", "with a plan"],
)
def test_a_criterion_that_we_can_meet_or_have_a_plan_for_is_none(facts):
    assert reading(STOPPERS, criteria=(needed(9, **facts),)) == Known(0)


def test_what_is_tagged_as_a_showstopper_speaks_for_the_criterion_of_that_name():
    held = stopper(3, "uptime", owner="Kim", due="2026-07-01")
    assert reading(STOPPERS, criteria=(needed(9),), concerns=(held,)) == Known(0)


@pytest.mark.parametrize("name", OF_STOPPERS)
def test_showstoppers_are_unknown_where_notes_cannot_be_read(name):
    assert isinstance(reading(name), Unknown)


def test_none_recorded_in_notes_that_can_be_read_is_none():
    assert reading(STOPPERS, activities=()) == Known(0)
