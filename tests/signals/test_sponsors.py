"""Signals of sponsors and deciders one by one: gone, silent, replaced, prepared."""

from __future__ import annotations

from typing import Any

import pytest
from build import call, mail, meeting, person, reading

from crmrules.baseline import Baseline
from crmrules.model import Direction, Focus
from crmrules.signals import Known, Unknown

MAIL_SEEN = Baseline(inbound_share=0.5)
SPONSOR = person("sam", sponsor=True, bounced=False)
BOSS = person("bob", focus=Focus.POWER, bounced=False)
USER = person("ann", role="User", bounced=True)
SILENCE = "key_person_silence_days"
FOUND = "sponsors_found_since_loss"


def tried(days: float, *people: str) -> Any:
    return mail(days, *people, direction=Direction.OUTBOUND)


def missed(days: float, *people: str) -> Any:
    return call(days, *people, held=False)


def read(signal: str, *activities: Any, people: Any = (SPONSOR, BOSS, USER), **facts: Any) -> Any:
    base = facts.pop("baseline", MAIL_SEEN)
    return reading(signal, base, people=people, activities=activities, **facts)


# gone


def test_a_marked_person_is_gone_by_bounce_or_by_leaving() -> None:
    away = person("sam", sponsor=True, bounced=True)
    left = person("bob", focus=Focus.POWER, bounced=False, employed=False)
    assert read("key_people_gone", people=(away, left, USER)) == Known(2, ("role-sam", "role-bob"))
    assert read("key_people_gone") == Known(0)


def test_whether_somebody_is_gone_is_unknown_where_bounces_cannot_be_read() -> None:
    unread = person("sam", sponsor=True)
    named = person("note:sam", sponsor=True)
    assert isinstance(read("key_people_gone", people=(unread, BOSS)), Unknown)
    assert read("key_people_gone", people=(named, BOSS)) == Known(0)
    gone = person("bob", focus=Focus.POWER, bounced=True)
    assert read("key_people_gone", people=(unread, gone)).value == 1


# silent


def test_silence_counts_from_the_last_word_after_two_tries() -> None:
    found = (meeting(40, "sam"), mail(30, "sam"), tried(20, "sam"), missed(10, "sam"))
    assert read(SILENCE, *found) == Known(30, ("role-sam", "email-30"))


def test_one_try_may_have_been_overlooked() -> None:
    assert read(SILENCE, mail(30, "sam"), tried(20, "sam")) == Known(0)
    early = (tried(40, "sam"), mail(30, "sam"), tried(20, "sam"))
    assert read(SILENCE, *early) == Known(0)


def test_the_longest_silence_counts_whoever_it_is() -> None:
    found = (
        *(mail(30, "sam"), tried(20, "sam"), tried(10, "sam")),
        *(meeting(50, "bob"), missed(9, "bob"), missed(8, "bob")),
        *(mail(90, "ann"), tried(70, "ann"), tried(60, "ann")),
    )
    assert read(SILENCE, *found) == Known(50, ("role-bob", "meeting-50"))


def test_whoever_never_spoke_cannot_fall_silent() -> None:
    assert read(SILENCE, tried(20, "sam"), tried(10, "sam")) == Known(0)


def test_whoever_is_gone_is_not_also_silent() -> None:
    away = person("sam", sponsor=True, bounced=True)
    found = (mail(30, "sam"), tried(20, "sam"), tried(10, "sam"))
    assert read(SILENCE, *found, people=(away, BOSS)) == Known(0)


def test_a_booked_meeting_ends_a_silence() -> None:
    found = (mail(30, "sam"), tried(20, "sam"), tried(10, "sam"))
    assert read(SILENCE, *found, meeting(-3, "sam", held=None)) == Known(0)
    assert read(SILENCE, *found, meeting(-3, "sam", held=False)).value == 30
    assert read(SILENCE, *found, meeting(-3, "ann", held=None)).value == 30


@pytest.mark.parametrize(
    "unclear", [mail(5), meeting(5), mail(5, "sam", direction=None), meeting(5, "sam", held=None)]
)
def test_a_later_word_that_may_be_theirs_leaves_silence_unknown(unclear: Any) -> None:
    found = (mail(30, "sam"), tried(20, "sam"), tried(10, "sam"))
    assert isinstance(read(SILENCE, *found, unclear), Unknown)


def test_a_later_word_of_others_changes_nothing() -> None:
    found = (mail(30, "sam"), tried(20, "sam"), tried(10, "sam"), meeting(5, "ann"))
    assert read(SILENCE, *found).value == 30


def test_tries_that_name_nobody_may_have_been_to_them() -> None:
    assert isinstance(read(SILENCE, mail(30, "sam"), tried(20), tried(10, "sam")), Unknown)
    assert read(SILENCE, mail(30, "sam"), tried(20), tried(10, "ann")) == Known(0)


@pytest.mark.parametrize("share", [None, 0.49])
def test_silence_says_nothing_where_customers_mail_is_not_seen(share: float | None) -> None:
    found = (mail(30, "sam"), tried(20, "sam"), tried(10, "sam"))
    told = read(SILENCE, *found, baseline=Baseline(inbound_share=share))
    assert "mail" in told.reason


@pytest.mark.parametrize("signal", [SILENCE, "key_people_gone", FOUND])
def test_without_anybody_marked_nobody_can_be_lost(signal: str) -> None:
    senior = person("cleo", title="Chief of Staff", senior=True, bounced=True)
    for people in ((USER, senior), (), None):
        assert isinstance(read(signal, people=people), Unknown)


@pytest.mark.parametrize("signal", [SILENCE, FOUND, "sponsor_talks_in_21_days"])
def test_without_activities_nothing_is_known_of_silence(signal: str) -> None:
    assert isinstance(reading(signal, MAIL_SEEN, people=(SPONSOR, BOSS)), Unknown)


# found again


def test_a_sponsor_counts_as_found_only_after_the_last_word_of_the_one_lost() -> None:
    found = (mail(30, "sam"), tried(20, "sam"), tried(10, "sam"))
    before, after = person("old", 30, sponsor=True), person("new", 29.99, sponsor=True)
    assert read(FOUND, *found, people=(SPONSOR, before)) == Known(0)
    assert read(FOUND, *found, people=(SPONSOR, before, after)) == Known(1, ("role-new",))
    gone = person("new", 5, sponsor=True, bounced=True)
    assert read(FOUND, *found, people=(SPONSOR, gone)) == Known(0)


def test_one_who_is_gone_is_lost_since_their_last_word_or_since_they_were_known() -> None:
    away = person("sam", 90, sponsor=True, bounced=True)
    fresh = person("new", 50, sponsor=True)
    assert read(FOUND, mail(60, "sam"), people=(away, fresh)).value == 1
    assert read(FOUND, mail(40, "sam"), people=(away, fresh)) == Known(0)
    assert read(FOUND, mail(60, "sam"), mail(40, "sam"), people=(away, fresh)) == Known(0)
    assert read(FOUND, people=(away, fresh)).value == 1


def test_nobody_is_found_where_nobody_is_lost() -> None:
    fresh = person("new", 5, sponsor=True, bounced=False)
    assert read(FOUND, mail(2, "sam"), people=(SPONSOR, fresh)) == Known(0)


# prepared


def test_talks_count_where_only_sponsors_took_part_for_21_days() -> None:
    also = person("sue", sponsor=True)
    found = (
        *(meeting(21, "sam"), meeting(20.99, "sam"), call(9, "sam", "sue")),
        *(meeting(5, "sam", "bob"), mail(3, "sam"), call(2, "ann")),
    )
    told = read("sponsor_talks_in_21_days", *found, people=(SPONSOR, BOSS, USER, also))
    assert told == Known(2, ("meeting-20.99", "call-9"))


@pytest.mark.parametrize("unclear", [meeting(5), call(5, people=None), call(5, "sam", held=None)])
def test_a_talk_that_may_have_been_with_the_sponsor_alone_is_unknown(unclear: Any) -> None:
    assert isinstance(read("sponsor_talks_in_21_days", unclear), Unknown)
    assert read("sponsor_talks_in_21_days", unclear, call(4, "sam")).value == 1


def test_a_talk_with_others_that_is_undecided_changes_nothing() -> None:
    assert read("sponsor_talks_in_21_days", call(5, "ann", held=None)) == Known(0)
    assert isinstance(read("sponsor_talks_in_21_days", people=(BOSS, USER)), Unknown)
