"""The words of ``explain`` for what became of a finding."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from crmrules.baseline import Baseline
from crmrules.cli import became
from crmrules.findings import Answer, Episode, EpisodeStatus, HeldBack, TaskRecord, TaskStatus
from crmrules.findings.hold import IN_WORDS
from crmrules.plan import Past
from crmrules.rule import Mode
from crmrules.sync import Look

NOW = datetime(2026, 12, 20, 9, tzinfo=UTC)
LIVE = SimpleNamespace(id="a-rule", mode=Mode.LIVE)
SINCE = "episode 1: open since 2026-11-23"


def at(day: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, 23, tzinfo=UTC)


def episode(n: int = 1, status: EpisodeStatus = EpisodeStatus.OPEN) -> Episode:
    return Episode("a-rule", "006", n, status, since=at(23), seen_at=at(24))


def task(status: TaskStatus, **more) -> TaskRecord:
    made = {"made_at": at(24), "due": date(2026, 11, 27)} | more
    return TaskRecord("cr1:1:o:x", "a-rule", "006", made.pop("episode", 1), status=status, **made)


def finding(n: int = 1, held: HeldBack | None = None) -> dict:
    return {"a-rule": SimpleNamespace(episode=episode(n), held_back=held)}


OPEN = (episode(),)


def look(*tasks, episodes=OPEN, findings=None, zone=UTC) -> Look:
    return Look(None, Past(episodes, tasks), Baseline(), NOW, zone, tasks, findings)


def lines(found: Look, rule=LIVE, *, fires: bool = True) -> list[str]:
    return list(became.lines(found, rule, fires=fires))


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (task(TaskStatus.OPEN), "task made 24 November, due 27 November: open"),
        (
            task(TaskStatus.SNOOZED, due=date(2027, 1, 3)),
            "task made 24 November: snoozed until 3 January 2027",
        ),
        (
            task(TaskStatus.COMPLETED, ended_at=at(30), answer=Answer.DONE),
            "task made 24 November, due 27 November: completed 30 November",
        ),
        (
            task(TaskStatus.COMPLETED, ended_at=at(30), answer=Answer.NOT_USEFUL),
            "task made 24 November, due 27 November: completed 30 November, answered: not useful",
        ),
        (
            task(TaskStatus.OPEN, answer=Answer.DONE_OTHERWISE),
            "task made 24 November, due 27 November: open, answered: done otherwise",
        ),
        (
            task(TaskStatus.DELETED, ended_at=at(30), answer=Answer.DELETED),
            "task made 24 November, due 27 November: deleted",
        ),
        (
            task(TaskStatus.WITHDRAWN, made_at=None, due=None, ended_at=at(30)),
            "task: withdrawn by us",
        ),
    ],
    ids=lambda one: one.status if isinstance(one, TaskRecord) else "",
)
def test_a_task_is_told_in_one_line_and_nothing_is_held_back_beside_it(made, line):
    assert lines(look(made, findings=finding(held=HeldBack.SNOOZED))) == [SINCE, line]


def test_the_managers_copy_stands_below_the_owners_task_and_days_are_local():
    copy = task(TaskStatus.OPEN, addressee="m", made_at=at(30), due=None)
    found = look(copy, task(TaskStatus.OPEN, due=None), zone=ZoneInfo("Asia/Tokyo"))
    assert lines(found)[1:] == [
        "task made 25 November: open",
        "manager's copy made 1 December: open",
    ]
    assert became.data(found, "a-rule")["task"]["made_at"] == "2026-11-24T23:00:00Z"


@pytest.mark.parametrize("held", HeldBack)
def test_without_a_task_the_reason_stands_there_in_the_words_of_plan(held):
    wanted = task(TaskStatus.WANTED)  # decided, and not in the CRM: no task yet
    found = look(wanted, findings=finding(held=held))
    assert lines(found) == [SINCE, f"held back: {IN_WORDS[held]}"]
    assert became.data(found, "a-rule") == {"task": None, "held_back": str(held)}


def test_what_has_begun_anew_is_not_told_by_the_task_of_its_last_episode():
    ended = episode(1, EpisodeStatus.ENDED)
    done = task(TaskStatus.COMPLETED, ended_at=at(30))
    found = look(done, episodes=(ended,), findings=finding(2, HeldBack.PENDING))
    assert lines(found)[0] == "episode 1: ended since 2026-11-23"
    assert lines(found)[2:] == ["held back: waits until it has settled"]
    assert became.data(found, "a-rule") == {"task": None, "held_back": "pending"}


def test_a_task_found_after_a_lost_state_is_told_without_its_episode():
    found = look(task(TaskStatus.OPEN), episodes=(), findings=finding())
    assert lines(found) == ["task made 24 November, due 27 November: open"]


@pytest.mark.parametrize(
    ("findings", "mode", "line"),
    [
        (finding(), Mode.LIVE, "would ask now, unless its owner has enough tasks"),
        ({}, Mode.LIVE, "no task: this episode is over"),
        ({}, Mode.DISABLED, "no task: its rule is disabled"),
        (None, Mode.LIVE, "no task: a sync does not judge this opportunity any more"),
    ],
)
def test_what_fires_and_is_not_held_back_says_what_else_there_is(findings, mode, line):
    rule = SimpleNamespace(id="a-rule", mode=mode)
    [_, told] = lines(look(findings=findings), rule)
    assert told.startswith(line)
    assert lines(look(findings=findings), rule, fires=False) == [SINCE]
