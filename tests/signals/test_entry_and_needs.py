from __future__ import annotations

from pieces_of import ago, change, from_records, known, mail, opportunity, person, reason, talk
from pieces_of import tracked as tracked_opportunity

from crmrules.baseline import Baseline
from crmrules.model import Criterion, Focus, Need, Phase


def need(record: str, days: float = 10, *, explicit: bool = False, who: str | None = None) -> Need:
    return Need(record=record, known_at=ago(days), text="x", explicit=explicit, person=who)


def test_two_way_activities_are_meetings_calls_and_mails_in():
    talks = (
        talk("m", 9),
        talk("c", 8, "call"),
        mail("in", 7),
        mail("out", 6, inbound=False),
        talk("no", 5, "call", held=False),
        talk("later", -5),
        talk("at account", 4, on_account=True),
        talk("note", 3, "note"),
    )
    found = opportunity(activities=talks)
    assert from_records("two_way_activities", found) == (3, ("m", "c", "in"))
    doubt = opportunity(activities=(*talks, mail("?", 2, inbound=None)))
    assert "took part" in reason("two_way_activities", doubt)
    assert "read" in reason("two_way_activities", opportunity())


def test_engaged_people_are_counted_once_and_only_for_sixty_days():
    talks = (
        talk("m1", 59.9, people=("a",)),
        talk("m2", 60, people=("b",)),
        mail("e", 3, people=("a",)),
    )
    found = opportunity(activities=talks)
    assert from_records("engaged_people_in_60_days", found) == (1, ("m1", "e"))
    old = opportunity(activities=(talk("m", 70, people=("a",)),))
    assert known("engaged_people_in_60_days", old) == 0


def test_engaged_people_are_unknown_where_anybody_might_have_been_there():
    name = "engaged_people_in_60_days"
    assert "who took part" in reason(name, opportunity(activities=(talk("m", 5, people=()),)))
    assert "who took part" in reason(name, opportunity(activities=(talk("m", 5, people=None),)))
    doubt = talk("m", 5, people=("a",), with_customer=None)
    assert "who took part" in reason(name, opportunity(activities=(doubt,)))
    assert "logged" in reason(name, opportunity(activities=()))


def test_power_is_a_role_or_a_senior_title_that_has_talked_with_us():
    met = (talk("m", 5, people=("s",)),)
    decider = person("d", focus=Focus.POWER, role="Decision Maker")
    senior = person("s", title="CFO", senior=True)
    junior = person("j", title="Clerk", senior=False)
    both = opportunity(people=(decider, senior, junior), activities=met)
    assert from_records("contacts_with_power", both) == (2, ("d", "s"))
    assert from_records("engaged_contacts_with_power", both) == (1, ("s",))
    unmet = opportunity(people=(senior, junior), activities=(talk("m", 5, people=("j",)),))
    assert from_records("contacts_with_power", unmet) == (0, ("s", "j"))
    unread = opportunity(people=(senior,))
    assert "role nor title" in reason("contacts_with_power", unread)


def test_nobody_has_power_only_if_everybody_is_described():
    junior, blank = person("j", title="Clerk", senior=False), person("b")
    met = (talk("m", 5, people=("j",)),)
    assert known("contacts_with_power", opportunity(people=(junior,), activities=met)) == 0
    mixed = opportunity(people=(junior, blank), activities=met)
    assert "role nor title" in reason("contacts_with_power", mixed)
    decided = opportunity(people=(person("d", focus=Focus.POWER), blank), activities=met)
    assert known("contacts_with_power", decided) == 1
    assert "no contact" in reason("contacts_with_power", opportunity(people=()))
    assert "read" in reason("contacts_with_power", opportunity())


def test_an_unnamed_talk_may_have_been_with_the_decider():
    decider = person("d", focus=Focus.POWER)
    quiet = opportunity(people=(decider,), activities=(talk("m", 5, people=("x",)),))
    assert known("engaged_contacts_with_power", quiet) == 0
    unnamed = opportunity(people=(decider,), activities=(talk("m", 5, people=()),))
    assert isinstance(reason("engaged_contacts_with_power", unnamed), str)
    assert "no contact" in reason("engaged_contacts_with_power", opportunity(people=()))


def test_dissatisfaction_is_a_focus_or_a_need_that_names_somebody():
    name = "contacts_with_dissatisfaction"
    hurt = person("h", focus=Focus.DISSATISFACTION)
    junior, blank = person("j", title="Clerk"), person("b")
    assert from_records(name, opportunity(people=(hurt, blank))) == (1, ("h",))
    named = opportunity(people=(junior,), needs=(need("n", who="J. Ortiz"), need("n2")))
    assert from_records(name, named) == (1, ("n",))
    same = opportunity(people=(hurt,), needs=(need("n", who="h"),))
    assert known(name, same) == 1
    assert known(name, opportunity(people=(junior,))) == 0
    assert "role nor title" in reason(name, opportunity(people=(junior, blank)))
    assert "no contact" in reason(name, opportunity(people=()))
    assert known(name, opportunity(people=(), needs=(need("n", who="x"),))) == 1


def test_new_contacts_are_those_of_the_last_thirty_days():
    people = (person("a", 29.9), person("b", 30))
    assert from_records("new_contacts_in_30_days", opportunity(people=people)) == (1, ("a",))
    assert known("new_contacts_in_30_days", opportunity(people=())) == 0
    assert "read" in reason("new_contacts_in_30_days", opportunity())


def test_a_sponsor_is_said_and_never_guessed():
    yes, no, blank = person("y", sponsor=True), person("n", sponsor=False), person("b")
    assert from_records("sponsors", opportunity(people=(yes, blank))) == (1, ("y",))
    assert known("sponsors", opportunity(people=(no,))) == 0
    assert known("sponsors", opportunity(people=(no, blank))) == 0
    assert "role" in reason("sponsors", opportunity(people=(blank,)))
    assert "no contact" in reason("sponsors", opportunity(people=()))


def test_age_over_usual_subtracts_what_won_ones_took_to_a_second_contact():
    name = "age_over_usual_days"
    key = ("default", "recognition", "days_to_second_contact", 75)
    found = opportunity(phase=Phase.RECOGNITION)
    assert from_records(name, found) == (100.0, ("006",))
    assert known(name, found, Baseline(percentiles={key: 60.0})) == 40.0


def test_explicit_needs_are_counted_and_none_is_said_only_where_notes_are_read():
    found = opportunity(needs=(need("n"), need("w", explicit=True)))
    assert from_records("explicit_needs", found) == (1, ("w",))
    assert known("explicit_needs", opportunity(activities=())) == 0
    assert "notes" in reason("explicit_needs", opportunity())


def test_needs_and_criteria_confirm_only_after_the_step_back():
    changes = (
        change("up", 30, "phase", "evaluation", "concerns"),
        change("down", 10, "phase", "concerns", "evaluation"),
    )
    told = Criterion(record="k", known_at=ago(8), name="speed")
    name = "needs_confirmed_since_regression"
    found = tracked_opportunity(
        *changes,
        phase=Phase.EVALUATION,
        activities=(),
        needs=(need("old", 10), need("new", 9)),
        criteria=(told,),
    )
    assert from_records(name, found) == (2, ("new", "k"))
    assert known(name, tracked_opportunity(phase=Phase.EVALUATION)) == 0
    unread = tracked_opportunity(*changes, phase=Phase.EVALUATION)
    assert "notes" in reason(name, unread)
    assert "stage" in reason(name, opportunity())
