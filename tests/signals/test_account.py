"""Signals after the sale: what each reads, from which records, when it cannot tell, its limits."""

from __future__ import annotations

from typing import Any

import pytest
from build import OPPORTUNITY, ago, call, mail, meeting, person, reading

from crmrules.baseline import Baseline
from crmrules.model import Account, Direction, Sibling
from crmrules.signals import Known, Unknown

LATER_ID, EARLIER_ID = "opportunity-2", "opportunity-0"
OF_SIBLINGS = ("is_latest_win", "days_since_new_opportunity", "open_siblings")


def won(days: float, **facts: Any) -> dict[str, Any]:
    """Return the facts of an opportunity won so many days ago."""
    return {"won": True, "closed_at": ago(days), **facts}


def sibling(name: str, made: float, **facts: Any) -> Sibling:
    return Sibling(**{"record": name, "known_at": ago(made), "id": name, **facts})


def account(revenue: float | None = None) -> Account:
    known = {"record": "account-1", "known_at": ago(900), "id": "acme", "name": "Acme"}
    return Account(**known, won_revenue=revenue)


# -- since the win


@pytest.mark.parametrize("name", ["days_since_win", "contacts_since_win", "is_latest_win"])
@pytest.mark.parametrize(
    "facts",
    [{}, {"won": False, "closed_at": ago(5)}, {"won": True}],
    ids=["open", "lost", "won nobody knows when"],
)
def test_since_the_win_is_unknown_where_there_is_none(name, facts):
    given = {"activities": (meeting(50),), "siblings": (), **facts}
    assert isinstance(reading(name, **given), Unknown)


def test_days_since_the_win_are_whole_days():
    assert reading("days_since_win", **won(10)) == Known(10, (OPPORTUNITY,))
    assert reading("days_since_win", **won(9.9)) == Known(9, (OPPORTUNITY,))


def test_conversations_on_the_account_count_as_well():
    held = (meeting(9.9), call(5, on_account=True), mail(2, direction=Direction.OUTBOUND))
    found = reading("conversations_in_10_days", activities=held)
    assert found == Known(2, ("meeting-9.9", "call-5"))


def test_a_conversation_of_ten_days_ago_is_no_longer_recent():
    assert reading("conversations_in_10_days", activities=(meeting(10),)) == Known(0)


@pytest.mark.parametrize(
    "activities",
    [None, (), (meeting(150),), (meeting(5, held=None),)],
    ids=["unreadable", "nothing logged", "logged before this began", "undecided"],
)
def test_conversations_are_unknown(activities):
    assert isinstance(reading("conversations_in_10_days", activities=activities), Unknown)


def test_an_undecided_conversation_outside_the_ten_days_does_not_matter():
    held = (meeting(10, held=None), mail(3))
    assert reading("conversations_in_10_days", activities=held) == Known(1, ("email-3",))


def test_contacts_since_the_win_count_whether_answered_or_not():
    tried = (
        meeting(8),
        mail(7.9, direction=Direction.OUTBOUND),
        call(3, held=False, on_account=True),
        meeting(-4),
    )
    found = reading("contacts_since_win", **won(8, activities=tried))
    assert found == Known(2, ("email-7.9", "call-3"))


def test_no_contact_since_the_win_is_an_answer_where_something_was_logged_before():
    assert reading("contacts_since_win", **won(7, activities=(meeting(30),))) == Known(0)


@pytest.mark.parametrize("activities", [None, ()], ids=["unreadable", "nothing logged"])
def test_contacts_since_the_win_are_unknown(activities):
    assert isinstance(reading("contacts_since_win", **won(7, activities=activities)), Unknown)


# -- the account


@pytest.mark.parametrize("name", OF_SIBLINGS)
def test_what_other_opportunities_tell_is_unknown_where_they_cannot_be_read(name):
    assert isinstance(reading(name, **won(20)), Unknown)


def test_the_only_win_is_the_latest():
    others = (sibling("open-1", 50), sibling("older", 400, won_at=ago(300)))
    assert reading("is_latest_win", **won(20, siblings=others)) == Known(True, (OPPORTUNITY,))


def test_a_later_win_speaks_for_the_account():
    others = (sibling("newer", 90, won_at=ago(19)), sibling("older", 400, won_at=ago(300)))
    assert reading("is_latest_win", **won(20, siblings=others)) == Known(False, ("newer",))


@pytest.mark.parametrize(("name", "latest"), [(LATER_ID, False), (EARLIER_ID, True)])
def test_of_two_wins_on_one_day_exactly_one_is_the_latest(name, latest):
    others = (sibling(name, 90, won_at=ago(20.3)),)  # earlier by hours, on the same day
    found = reading("is_latest_win", **won(20, siblings=others))
    assert found == Known(latest, (OPPORTUNITY if latest else name,))


@pytest.mark.parametrize(("revenue", "top"), [(500.0, True), (499.99, False)])
def test_a_customer_at_the_median_is_in_the_top_half(revenue, top):
    counted = Baseline(top_half_revenue=500.0, account_revenue={"acme": revenue})
    known = Baseline(top_half_revenue=500.0)
    expected = Known(top, ("account-1",))
    assert reading("customer_in_top_half", counted, account=account(9e9)) == expected
    assert reading("customer_in_top_half", known, account=account(revenue)) == expected


@pytest.mark.parametrize(
    ("baseline", "facts"),
    [
        (Baseline(top_half_revenue=500.0), {}),
        (Baseline(top_half_revenue=500.0), {"account": account()}),
        (Baseline(), {"account": account(600.0)}),
    ],
    ids=["no account", "no revenue", "nobody has bought"],
)
def test_whether_a_customer_is_in_the_top_half_is_unknown(baseline, facts):
    assert isinstance(reading("customer_in_top_half", baseline, **facts), Unknown)


def test_days_since_a_meeting_count_only_meetings_held():
    held = (meeting(90, on_account=True), meeting(30, held=False), call(5), mail(2), meeting(-3))
    found = reading("days_since_development_meeting", activities=held)
    assert found == Known(90, ("meeting-90",))


def test_days_since_a_meeting_are_whole_days():
    found = reading("days_since_development_meeting", activities=(meeting(89.9),))
    assert found == Known(89, ("meeting-89.9",))


@pytest.mark.parametrize(
    "activities",
    [None, (), (call(5),), (meeting(9, held=None),), (meeting(90), meeting(9, held=None))],
    ids=["unreadable", "nothing", "no meeting", "undecided", "a later one undecided"],
)
def test_days_since_a_meeting_are_unknown(activities):
    assert isinstance(reading("days_since_development_meeting", activities=activities), Unknown)


def test_an_undecided_call_or_earlier_meeting_leaves_the_last_meeting_known():
    held = (meeting(120, held=None), meeting(90), call(9, held=None))
    found = reading("days_since_development_meeting", activities=held)
    assert found == Known(90, ("meeting-90",))


def test_days_since_a_new_contact_count_from_the_last_one_added():
    people = (person("ann", 300), person("bob", 29.9), person("cid", 95))
    assert reading("days_since_new_contact", people=people) == Known(29, ("role-bob",))


@pytest.mark.parametrize("people", [None, ()], ids=["unreadable", "none"])
def test_days_since_a_new_contact_are_unknown_without_contacts(people):
    assert isinstance(reading("days_since_new_contact", people=people), Unknown)


def test_days_since_a_new_opportunity_include_this_one():
    older = (sibling("older", 400),)
    newer = (sibling("newer", 179.9), *older)
    name = "days_since_new_opportunity"
    assert reading(name, age=200, siblings=older) == Known(200, (OPPORTUNITY,))
    assert reading(name, age=200, siblings=newer) == Known(179, ("newer",))
    assert reading(name, age=180, siblings=()) == Known(180, (OPPORTUNITY,))


def test_an_opportunity_is_open_until_the_moment_it_closes():
    others = (
        sibling("open-1", 50),
        sibling("closes-later", 50, closed_at=ago(-1)),
        sibling("closed-now", 50, closed_at=ago(0)),
        sibling("closed", 50, closed_at=ago(9)),
    )
    assert reading("open_siblings", siblings=others) == Known(2, ("open-1", "closes-later"))
    assert reading("open_siblings", siblings=()) == Known(0)


def test_two_views_agree_on_the_latest_win_though_stages_closed_in_another_order_than_dates():
    early, late = ago(172), ago(170)
    first = won(
        10,
        id="1",
        close_date=early.date(),
        siblings=(sibling("2", 300, won_at=late, closed_at=late),),
    )
    second = won(
        20,
        id="2",
        close_date=late.date(),
        siblings=(sibling("1", 300, won_at=early, closed_at=early),),
    )
    answers = [reading("is_latest_win", **view) for view in (first, second)]
    assert [answer.value for answer in answers] == [False, True]
