"""Who was met, alone or not, and how near and how sure the forecast is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from build import NOW, OPPORTUNITY, ago, call, meeting, moves, person, reading

from crmrules.model import Focus, Phase
from crmrules.signals import Known, Unknown

E, C = Phase.EVALUATION, Phase.CONCERNS
SINCE_20 = moves((100, E), (20, C))
BOSS = person("boss", focus=Focus.POWER)
HEAD = person("head", title="Head of Sales", senior=True)
CLERK = person("clerk", title="Clerk", senior=False)
GUIDE = person("guide", title="Clerk", senior=False, sponsor=True)
BLANK = person("blank")
PEOPLE = (BOSS, HEAD, CLERK, GUIDE, BLANK)
TODAY = NOW.date()


def talk(days, *names, **facts):
    """A meeting of which it is known how many took part."""
    return meeting(days, *names, **{"party": len(names) or None, **facts})


def alone(*activities, **facts):
    given = {**SINCE_20, "people": PEOPLE, "activities": activities, **facts}
    return reading("one_to_ones_with_power", **given)


def met(*activities, **facts):
    return reading(
        "deciders_met_in_90_days", **{"people": PEOPLE, "activities": activities, **facts}
    )


@pytest.mark.parametrize("name", ["boss", "head"])
def test_one_person_alone_who_decides_by_role_or_by_title_counts(name):
    assert alone(talk(5, name)) == Known(1, ("meeting-5",))


@pytest.mark.parametrize("names", [("boss", "clerk"), ("boss", "head"), ("clerk",), ("guide",)])
def test_a_meeting_with_others_or_with_one_who_does_not_decide_is_none(names):
    assert alone(talk(5, *names)) == Known(0)


@pytest.mark.parametrize(("days", "count"), [(20, 0), (19.9, 1)])
def test_only_meetings_since_the_risks_were_weighed_count(days, count):
    assert alone(talk(days, "boss"), call(3, "boss")).value == count


@pytest.mark.parametrize("names", [(), ("blank",), ("stranger",)])
def test_a_meeting_with_nobody_knows_whom_leaves_none_unsaid(names):
    assert isinstance(alone(talk(5, *names)), Unknown)
    assert alone(talk(5, *names), talk(4, "boss")).value == 1
    assert isinstance(met(talk(5, *names)), Unknown)
    assert isinstance(met(talk(5, "clerk", *names)), Unknown) is bool(names)


def test_without_contacts_it_is_unknown_who_was_met_unless_nobody_was():
    for people in (None, ()):
        assert isinstance(alone(talk(5, "boss"), people=people), Unknown)
        assert alone(people=people) == Known(0)
        assert isinstance(met(talk(5, "boss"), people=people), Unknown)
        assert met(people=people) == Known(0)


def test_one_to_ones_are_unknown_without_history_or_meetings_or_where_one_is_undecided():
    assert isinstance(alone(changes=None), Unknown)
    assert isinstance(reading("one_to_ones_with_power", **SINCE_20), Unknown)
    assert isinstance(alone(talk(5, "boss", held=None)), Unknown)
    assert isinstance(met(talk(5, "boss", held=None)), Unknown)
    assert isinstance(reading("deciders_met_in_90_days"), Unknown)


def test_before_and_after_the_concerns_there_are_no_one_to_ones_and_no_days():
    before = {**moves((100, E)), "activities": (talk(5, "boss"),), "people": PEOPLE}
    after = {**SINCE_20, "won": True, "closed_at": ago(3), "activities": (talk(5, "boss"),)}
    for facts in (before, after):
        assert reading("one_to_ones_with_power", **facts) == Known(0)
        assert reading("days_in_concerns", **facts) == Known(0, (OPPORTUNITY,))


def test_days_in_concerns_are_whole_days_of_the_present_stay():
    assert isinstance(reading("days_in_concerns"), Unknown)
    assert reading("days_in_concerns", **SINCE_20) == Known(20, (OPPORTUNITY,))
    twice = moves((100, C), (60, E), (9.9, C))
    assert reading("days_in_concerns", **twice) == Known(9, (OPPORTUNITY,))


@pytest.mark.parametrize(("days", "count"), [(90, 0), (89.9, 1)])
def test_deciders_count_for_ninety_days_also_when_met_on_the_account(days, count):
    found = met(talk(days, "boss", "clerk", on_account=True))
    assert found == Known(count, (f"meeting-{days:g}",) * count)


@pytest.mark.parametrize(("name", "count"), [("guide", 1), ("head", 1), ("clerk", 0)])
def test_one_who_speaks_for_us_counts_as_well(name, count):
    assert met(talk(5, name), call(3, "boss")).value == count


def test_a_named_contact_may_have_had_company():
    assert isinstance(alone(meeting(5, "boss")), Unknown)
    assert alone(meeting(5, "boss", party=2)) == Known(0)
    assert alone(meeting(5, "clerk")) == Known(0)
    assert met(meeting(5, "boss")).value == met(meeting(5, "boss", party=2)).value == 1


# -- the forecast


@pytest.mark.parametrize(
    ("word", "sure"),
    [
        ("Commit", True),
        ("COMMIT", True),
        ("Closed", True),
        ("Zusage", True),
        ("Best Case", False),
        ("BEST_CASE", False),
        ("Pipeline", False),
        ("unverbindlich", False),
    ],
)
def test_the_words_of_both_crms_say_whether_it_is_promised(word, sure):
    assert reading("forecast_as_sure", forecast=word) == Known(sure, (OPPORTUNITY,))


def test_an_empty_forecast_says_nothing():
    assert isinstance(reading("forecast_as_sure"), Unknown)


@pytest.mark.parametrize("days", [14, 0, -3])
def test_days_to_the_close_date_go_below_none(days):
    close = TODAY + timedelta(days=days)
    assert reading("days_to_close_date", close_date=close) == Known(days, (OPPORTUNITY,))


@pytest.mark.parametrize(
    "facts",
    [{}, {"won": True, "close_date": TODAY}, {"won": False, "close_date": TODAY}],
    ids=["no date", "won", "lost"],
)
def test_days_to_the_close_date_are_unknown(facts):
    assert isinstance(reading("days_to_close_date", **facts), Unknown)
