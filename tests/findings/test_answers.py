"""What a rep answers in the CRM's own words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from test_hold import NOW, record, seen_task
from test_life import START, episode

from crmrules.findings import EpisodeStatus, TaskStatus, observe
from crmrules.findings.life import Cleared
from crmrules.findings.tasks import ACCEPTED_WITHIN, Answer, CoolDowns, accept

DONE = record(1, ended_at=NOW, answer=Answer.DONE, evidence=("a1", "a2"))
GOING = episode("a")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("#done-otherwise: I called her", Answer.DONE_OTHERWISE),
        ("#Done_Otherwise", Answer.DONE_OTHERWISE),
        ("#not useful", Answer.NOT_USEFUL),
        ("#not-true", Answer.NOT_TRUE),
        ("not true", Answer.DONE),
        ("#not-truest", Answer.DONE),
    ],
)
def test_a_tag_in_the_comment_is_the_answer(words, answer):
    body = f"Ask.\n{words}"
    task = seen_task(DONE.key, closed=True, closed_at=NOW, body=body, edited=True)

    assert observe(record(1, TaskStatus.OPEN), task, NOW).answer is answer


@pytest.mark.parametrize("status", [TaskStatus.WANTED, TaskStatus.OPEN, TaskStatus.WITHDRAWN])
def test_a_task_that_nobody_but_us_changed_was_closed_by_us_and_says_nothing(status):
    task = seen_task(DONE.key, closed=True, closed_at=START)

    seen = observe(record(1, status), task, NOW)

    assert (seen.status, seen.answer) == (TaskStatus.WITHDRAWN, None)
    if status is not TaskStatus.WITHDRAWN:
        assert seen.ended_at == START


def test_done_otherwise_waits_as_long_as_done():
    otherwise = replace(DONE, answer=Answer.DONE_OTHERWISE)

    assert CoolDowns().until(otherwise) == CoolDowns().until(DONE)


def test_a_snooze_lasts_until_the_task_is_due():
    task = seen_task(DONE.key, snoozed=True, due=date(2026, 11, 20))
    seen = [
        observe(record(1, TaskStatus.OPEN), task, NOW, today=date(2026, 11, day)).status
        for day in (19, 20, 21)
    ]

    assert seen == [TaskStatus.SNOOZED, TaskStatus.SNOOZED, TaskStatus.OPEN]


def test_a_completed_task_is_accepted_by_a_record_that_was_not_there():
    assert accept(DONE, GOING, ["a1"], NOW).accepted_at is None
    assert accept(DONE, GOING, ["a1", "a3"], NOW).accepted_at == NOW


def test_it_is_accepted_when_what_it_asked_about_clears():
    ended = replace(GOING, status=EpisodeStatus.ENDED, ended_at=NOW, reason=Cleared.CLEARED)

    assert accept(DONE, ended, (), NOW).accepted_at == NOW
    assert accept(replace(DONE, evidence=None), ended, ["x"], NOW).accepted_at == NOW
    for other in (
        replace(ended, reason=Cleared.CLOSED),
        replace(ended, n=2),
        replace(GOING, status=EpisodeStatus.PENDING),
        None,
    ):
        assert accept(DONE, other, (), NOW).accepted_at is None


def test_evidence_that_comes_too_late_or_after_another_answer_accepts_nothing():
    late = NOW + ACCEPTED_WITHIN + timedelta(seconds=1)

    assert accept(DONE, GOING, ["a3"], NOW + ACCEPTED_WITHIN).accepted_at is not None
    assert accept(DONE, GOING, ["a3"], late).accepted_at is None
    assert accept(DONE, GOING, ["a3"], START).accepted_at is None
    for changed in (
        replace(DONE, answer=Answer.NOT_USEFUL),
        replace(DONE, status=TaskStatus.WITHDRAWN),
        replace(DONE, evidence=None),  # a lost state does not know what was there
    ):
        assert accept(changed, GOING, ["a3"], NOW).accepted_at is None


def test_the_first_acceptance_stands():
    once = accept(DONE, GOING, ["a3"], NOW)

    assert accept(once, GOING, ["a4"], NOW + timedelta(days=1)) == once
