"""The figures of the past: counted once, by week, and never of what is private."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from report_kit import BOOK, LATER, PRIVATE, RULES, URGENT, one, report

from crmrules.connector import CreateTask, Outcome, Result, TaskFields
from crmrules.findings import Answer, Episode, EpisodeStatus, TaskRecord, TaskStatus
from crmrules.report.figures import MINUTES, figures, look_at, look_back
from crmrules.report.paper import WEEKS, Paperwork, weeks
from crmrules.signals import fix_for
from crmrules.state import Answer as AnswerOf
from crmrules.state import Intent, IntentState, Store
from crmrules.state.lookback import Lookback, monday
from signals.build import NOW, ago, call, change, mail, meeting

SINCE = NOW - timedelta(weeks=WEEKS)
THIS_WEEK = monday(NOW)


def paper(*shown):
    made = Paperwork()
    for each in shown:
        made.add(each, NOW, SINCE)
    return made.rows(weeks(NOW))


def test_weeks_begin_on_monday_and_the_last_one_is_not_over():
    assert monday(datetime(2026, 6, 15, 0, tzinfo=UTC)) == date(2026, 6, 15)
    assert monday(datetime(2026, 6, 21, 23, tzinfo=UTC)) == date(2026, 6, 15)
    shown = weeks(NOW)
    assert (len(shown), shown[-1]) == (WEEKS, date(2026, 6, 15))


def test_an_edit_is_one_save_whatever_it_changed():
    saves = (
        change("stage", 2, by="005A"),
        change("phase", 2, by="005A"),
        change("amount", 2, by="005A"),
        change("amount", 2, by="005B"),
        change("amount", 1, by="005A"),
        change("amount", 200, by="005A"),
    )
    assert paper(one("A", changes=saves))[-1].edits == 3
    assert sum(week.edits for week in paper(one("A", changes=saves))) == 3


def test_a_contact_needs_the_customer_and_what_nobody_recorded_is_told_apart():
    talks = (
        meeting(2),
        call(2, held=False),
        mail(1),
        meeting(1.5, held=None),
        meeting(-3),
        meeting(300),
    )
    [week] = [row for row in paper(one("A", activities=talks)) if row.start == THIS_WEEK]
    assert (week.contacts, week.unsure) == (2, 1)


def test_a_conversation_on_the_account_counts_once_for_all_its_opportunities():
    shared = (meeting(1, on_account=True),)
    assert paper(one("A", activities=shared), one("B", activities=shared))[-1].contacts == 1


def test_without_contacts_there_is_no_ratio():
    assert paper(one("A", changes=(change("amount", 1, by="x"),)))[-1].ratio is None
    found = figures(report(), [LATER], Paperwork(), {}, Lookback())
    assert (found.ratio, found.paper_chart) == (None, None)


@pytest.fixture
def org(tmp_path):
    with Store(f"sqlite:///{tmp_path / 'state.db'}", clock=lambda: NOW) as store:
        yield store.for_org("00D")


def episode(rule, opportunity, since):
    return Episode(rule.id, opportunity, 1, EpisodeStatus.OPEN, since, NOW)


def task(rule, opportunity, owner, status=TaskStatus.OPEN, made=None, answer=None):
    key = f"{rule.id} {opportunity}"
    return TaskRecord(
        key, rule.id, opportunity, 1, "o", status, None, owner, None, made or ago(1), answer=answer
    )


def test_findings_and_loads_are_counted_of_rules_that_may_be_told(org):
    with org.transaction() as tx:
        tx.save(
            [
                episode(URGENT, "A", ago(1)),
                episode(URGENT, "B", ago(8)),
                episode(LATER, "A", ago(400)),
                episode(PRIVATE, "A", ago(1)),
            ],
            [
                task(URGENT, "A", "005A"),
                task(URGENT, "B", "005A", TaskStatus.COMPLETED, ago(3)),
                task(LATER, "A", "005A", TaskStatus.SNOOZED, ago(60)),
                task(LATER, "B", "005B", TaskStatus.WANTED),
                task(PRIVATE, "A", "005A"),
                task(LATER, "C", None, TaskStatus.DELETED, answer=Answer.NOT_TRUE),
                task(PRIVATE, "C", None, TaskStatus.DELETED, answer=Answer.NOT_TRUE),
            ],
        )
    found = look_back(org, RULES, NOW)
    assert found.found == {
        (URGENT.id, THIS_WEEK): 1,
        (URGENT.id, THIS_WEEK - timedelta(weeks=1)): 1,
    }
    assert found.waiting == {"005A": 2}
    assert found.denied == {(LATER.id, "C", 1)}
    assert found.asked == {"005A": 2}
    assert {place: made.status for place, made in found.tasks.items()} == {
        (URGENT.id, "A", 1): TaskStatus.OPEN,
        (URGENT.id, "B", 1): TaskStatus.COMPLETED,
        (LATER.id, "A", 1): TaskStatus.SNOOZED,
    }
    shown = figures(report(), [URGENT, LATER], Paperwork(), {"005A": "Olga"}, found)
    [load] = shown.loads
    assert (load.name, load.waiting, load.asked) == ("Olga", 2, 2)
    assert load.minutes == round(2 * MINUTES / 4)
    [row] = shown.weekly
    assert (row.id, row.found, row.made) == (URGENT.id, 2, 0)


def test_a_finding_has_the_task_that_its_owner_got_in_the_episode_that_goes_on(org):
    ended = replace(episode(LATER, "A", ago(9)), status=EpisodeStatus.ENDED, ended_at=ago(2))
    copy = replace(task(URGENT, "B", "005M"), addressee="m", key="copy")
    second = replace(task(URGENT, "A", "005A"), episode=2, key="second")
    coming = episode(LATER, "C", ago(1))
    with org.transaction() as tx:
        tx.save(
            [
                replace(episode(URGENT, "A", ago(1)), n=2),
                episode(URGENT, "B", ago(1)),
                coming,
                ended,
            ],
            [
                task(URGENT, "A", "005A", TaskStatus.COMPLETED),
                *(second, copy, task(LATER, "A", None)),
                task(LATER, "C", "005A", TaskStatus.WANTED),
            ],
        )
    assert look_back(org, RULES, NOW).tasks == {(URGENT.id, "A", 2): second}


def test_where_tasks_stand_is_told_as_the_plan_of_this_moment_sees_it(org):
    with org.transaction() as tx:
        tx.save([episode(URGENT, "A", ago(1))], [task(URGENT, "A", "005A")])
    with org.dry_run() as tx:
        tx.save(
            [episode(LATER, "A", NOW)],
            [task(URGENT, "A", "005A", TaskStatus.DELETED, answer=Answer.NOT_TRUE)],
        )
        today = look_at(tx, RULES, NOW)
    found = look_back(org, RULES, NOW, today)
    assert (found.waiting, found.denied) == ({}, {(URGENT.id, "A", 1)})
    assert found.tasks[URGENT.id, "A", 1].status is TaskStatus.DELETED
    assert found.found == {(URGENT.id, THIS_WEEK): 1}  # history is what was committed
    assert look_back(org, RULES, NOW).waiting == {"005A": 1}


def test_tasks_made_are_those_that_reached_the_crm(org):
    results = [(URGENT, Result.DONE), (LATER, Result.REJECTED), (PRIVATE, Result.DONE)]
    with org.run(NOW, "hash") as run, org.transaction() as tx:
        for place, (rule, result) in enumerate(results):
            fields = TaskFields("Call", "Why", NOW.date(), "005A", "A", rule.id, not rule.private)
            write = CreateTask(f"k{place}", fields)
            sent = Intent(place, run.id, IntentState.DONE, "create_task", write, "A", rule.id)
            answers = [AnswerOf(sent, Outcome(result, "00T"))]
            tx.history.record(answers, run=run.id, now=ago(8))
    assert look_back(org, RULES, NOW).made == {(URGENT.id, THIS_WEEK - timedelta(weeks=1)): 1}


def test_a_store_without_a_past_tells_of_none(org):
    found = look_back(org, RULES, NOW)
    assert found == Lookback()


def test_runs_are_counted_by_day_and_those_that_did_not_end_well_told(org):
    with org.run(NOW, "hash") as run:
        run.finish({}, exit_code=0, calls=6, floor=4)
    with org.run(NOW, "hash") as run:
        run.finish({}, exit_code=4, calls=7, floor=5)
    with org.run(NOW, "hash", "plan") as run:
        run.finish({}, exit_code=0, calls=9, floor=9)
    found = look_back(org, RULES, NOW)
    assert (found.syncs, found.failed) == (2, 1)
    assert (found.calls, found.floor) == ({NOW.date(): 13}, {NOW.date(): 9})


def test_what_would_help_most_stands_first_with_the_rules_it_helps():
    told = report()
    no_roles, no_amount = "no contact has a role", "it has no amount"
    told.reasons = {"a": Counter({no_roles: 5}), "b": Counter({no_amount: 5})}
    assert all(fix_for(why, "salesforce") for why in (no_roles, no_amount))
    told.missing = Counter({(URGENT.id, "a"): 2, (LATER.id, "b"): 3, (URGENT.id, "b"): 4})
    told.missing[PRIVATE.id, "a"] = 1000
    first, second = figures(told, [URGENT, LATER], Paperwork(), {}, Lookback()).fixes
    assert (first.what, first.judgements, first.rules) == (fix_for(no_amount, "salesforce"), 7, 2)
    assert (second.judgements, second.rules) == (2, 1)


def test_a_rule_of_every_chapter_has_its_chapter_s_name():
    from crmrules.chapters import CHAPTERS

    assert {rule.id.partition("-")[0] for rule in BOOK.rules} == set(CHAPTERS)
