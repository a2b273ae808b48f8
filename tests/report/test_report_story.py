"""What a timeline tells of an opportunity, and what it must not tell."""

from __future__ import annotations

import pytest
from report_kit import one

from crmrules.model import Concession, Direction, Focus, Phase
from crmrules.plan import Judged
from crmrules.report import timeline
from crmrules.report.story import AHEAD, NOT_KNOWN, ONE_WAY, TOOK_PART, tell
from crmrules.signals import Known
from signals.build import NOW, ago, call, criterion, mail, meeting, moves, person, quote

SECRET = "what the customer wrote"


def story(said="evaluation", **facts):
    return tell(Judged(one("006A", **facts), {"phase": Known(said)}, {}), NOW)


def test_phases_follow_each_other_and_going_back_is_told():
    steps = ((100, Phase.RECOGNITION), (60, Phase.EVALUATION), (20, Phase.RECOGNITION))
    found = story("recognition", **moves(*steps))
    assert [(stay.phase, stay.start) for stay in found.phases] == [
        (Phase.RECOGNITION, ago(100)),
        (Phase.EVALUATION, ago(60)),
        (Phase.RECOGNITION, ago(20)),
    ]
    assert "Recognition of needs since 28 May 2026." in found.in_words


def test_a_won_one_goes_on_with_implementation_from_the_day_it_was_won():
    steps = ((200, Phase.EVALUATION), (150, Phase.CONCERNS))
    won = {"won": True, "closed_at": ago(100), "age": 200}
    found = story("development", **moves(*steps), **won)
    last, after = found.phases[-2:]
    assert (last.phase, last.start, last.end) == (Phase.IMPLEMENTATION, ago(100), ago(10))
    assert (after.phase, after.start) == (Phase.DEVELOPMENT, ago(10))
    assert "Changes over time since 7 Jun 2026" in found.in_words


def test_without_a_history_of_stages_it_says_so_and_draws_no_phases():
    found = story()
    assert found.phases is None
    assert "the CRM tells no history of it" in found.in_words
    titles = [panel.get("title") for panel in timeline.spec(found, [ago(3)])["vconcat"]]
    assert "Buying phases" not in titles


def test_those_who_decide_stand_first_then_those_we_talk_to_most():
    people = (
        person("silent"),
        person("friend", focus=Focus.RECEPTIVITY),
        person("talker"),
        person("chief", focus=Focus.POWER),
    )
    found = story(people=people, activities=(meeting(9, "talker"), meeting(8, "friend")))
    assert [human.name for human in found.people] == ["Chief", "Friend", "Talker", "Silent"]


def test_a_conversation_tells_whether_the_customer_took_part():
    found = story(
        people=(person("ann"),),
        activities=(
            meeting(-5, "ann"),
            meeting(9, "ann"),
            meeting(8, "ann", held=None),
            call(7, "ann", held=False),
            mail(6, "ann"),
            mail(5, "ann", direction=Direction.OUTBOUND),
        ),
    )
    parts = [talk.part for talk in found.talks]
    assert parts == [TOOK_PART, NOT_KNOWN, ONE_WAY, TOOK_PART, ONE_WAY, AHEAD]
    assert (
        "2 conversations with 1 person, none of them known to have the focus of power"
        in found.in_words
    )
    assert "the last one 6 days ago" in found.in_words


def test_what_stands_on_the_account_or_is_older_than_a_year_is_left_out_and_the_latter_told():
    old = story(age=500, activities=(meeting(450), meeting(100), meeting(3, on_account=True)))
    assert [talk.at for talk in old.talks] == [ago(100)]
    assert (old.start, old.cut) == (ago(365), True)
    young = story(activities=(meeting(100),))
    assert (len(young.talks), young.cut) == (1, False)


def test_no_word_of_a_conversation_is_in_a_story_its_table_or_its_chart():
    spoken = {"subject": SECRET, "text": SECRET}
    found = story(
        people=(person("ann"),),
        activities=(meeting(9, "ann", **spoken), mail(3, "ann", **spoken)),
        concessions=(Concession(record="n", known_at=ago(2), text=SECRET, size=5),),
    )
    told = repr(found) + repr(timeline.table(found)) + repr(timeline.spec(found, [ago(3)]))
    assert "Ann" in told
    assert SECRET not in told


def test_discounts_are_steps_by_quotes_and_a_quote_at_the_same_discount_is_none():
    quotes = (quote(30, discount=0.0), quote(20, discount=5.0), quote(10, discount=5.0))
    found = story(quotes=(*quotes, quote(5, discount=12.0), quote(4)))
    assert found.steps == ((ago(30), 0.0), (ago(20), 5.0), (ago(5), 12.0))
    assert "Discount from 0 % to 12 %." in found.in_words


def test_without_discounts_on_quotes_recorded_concessions_add_up_and_planned_ones_do_not():
    def given(days, size, **more):
        return Concession(record=f"n{days}", known_at=ago(days), text="x", size=size, **more)

    found = story(concessions=(given(9, 3), given(8, 4, planned=True), given(7, 2)))
    assert found.steps == ((ago(9), 3), (ago(7), 5))


def test_criteria_stand_by_weight_each_once_with_its_latest_ratings():
    found = story(
        criteria=(
            criterion(20, "Price", weight="incidental", ours=2, theirs=4),
            criterion(20, "Go-live", weight="crucial", ours=2),
            criterion(10, "go-live", ours=4, theirs=3),
        )
    )
    told = [(each.name, each.weight, each.ours, each.theirs) for each in found.criteria]
    assert told == [("go-live", "crucial", 4, 3), ("Price", "incidental", 2, 4)]
    assert "2 criteria known; a rival is rated above us on 1." in found.in_words


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"activities": None}, "Conversations cannot be read here."),
        ({"activities": ()}, "No conversation with the customer is on record."),
    ],
)
def test_no_conversation_and_none_that_can_be_read_are_two_things(facts, said):
    assert said in story(**facts).in_words


def test_the_table_tells_all_that_the_chart_does_the_newest_first():
    steps = ((100, Phase.RECOGNITION), (60, Phase.EVALUATION))
    found = story(
        **moves(*steps),
        people=(person("ann"), person("bob")),
        activities=(meeting(9, "ann", "bob"), call(7, held=False), meeting(-5, "bob")),
        quotes=(quote(8, discount=4.0),),
    )
    assert [text for _, text in timeline.table(found)] == [
        "Meeting: Bob (booked)",
        "Call: nobody named (we tried)",
        "Discount: 4 %",
        "Meeting: Bob, Ann",
        "Phase: Evaluation of options",
        "Phase: Recognition of needs",
    ]
