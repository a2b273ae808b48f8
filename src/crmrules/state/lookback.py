"""How much there was week by week and how much waits at whom, read for the report.

Only rules that are named are counted: whoever asks leaves out those that are nobody's business.
It reads episodes, tasks, the audit and the runs; it changes nothing and decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from crmrules.findings import Answer, TaskRecord, TaskStatus
from crmrules.state.episodes import Ledger
from crmrules.state.schema import audit, episode, run, task

RECENT = timedelta(days=28)
"""Tasks this young are what people were lately asked."""
Place = tuple[str, str, int]
"""A finding: rule, opportunity, number of the episode."""
_MADE = ("done", "already")  # results after which a task is in the CRM


@dataclass(slots=True)
class Lookback:
    """Counts of the past. Weeks are named by their Monday (UTC); owners are user ids."""

    found: Counter[tuple[str, date]] = field(default_factory=Counter)  # (rule, week): new episodes
    made: Counter[tuple[str, date]] = field(default_factory=Counter)  # (rule, week): new tasks
    waiting: Counter[str] = field(default_factory=Counter)  # owner -> open tasks
    asked: Counter[str] = field(default_factory=Counter)  # owner -> tasks of the last 28 days
    calls: Counter[date] = field(default_factory=Counter)  # day -> calls of our syncs
    floor: Counter[date] = field(default_factory=Counter)  # day -> the least that could have done
    syncs: int = 0
    denied: set[Place] = field(default_factory=set)
    """Every finding that a rep called not true."""
    tasks: dict[Place, TaskRecord] = field(default_factory=dict)
    """The owner's task of every finding that goes on, where it was made."""
    failed: int = 0  # syncs that did not end with exit code 0, killed ones included


def monday(moment: datetime) -> date:
    """Return the first day of a moment's week, in UTC."""
    day = moment.date()
    return day - timedelta(days=day.weekday())


def lookback(
    connection: Connection,
    org: str,
    rules: Collection[str],
    found: Lookback,
    *,
    weeks_since: datetime,
    days_since: datetime,
) -> None:
    """Add what there was of these rules since two moments; calls are counted of all syncs."""
    begun = select(episode.c.rule, episode.c.since).where(
        episode.c.org == org, episode.c.since >= weeks_since, episode.c.rule.in_(rules)
    )
    for rule, since in connection.execute(begun):
        found.found[rule, monday(since)] += 1
    made = select(audit.c.rule, audit.c.at).where(
        audit.c.org == org,
        audit.c.at >= weeks_since,
        audit.c.action == "create_task",
        audit.c.result.in_(_MADE),
        audit.c.rule.in_(rules),
    )
    for rule, at in connection.execute(made):
        found.made[rule, monday(at)] += 1
    _calls(connection, org, days_since, found)


def standing(connection: Connection, org: str, rules: Collection[str], now: datetime) -> Lookback:
    """Return where the tasks of these rules stand: of each owner, and of each finding."""
    found = Lookback()
    mine = select(task.c.owner, func.count()).where(
        task.c.org == org, task.c.owner.is_not(None), task.c.rule.in_(rules)
    )
    open_ = [str(status) for status in TaskStatus if status.unfinished]
    waiting = mine.where(task.c.status.in_(open_)).group_by(task.c.owner)
    there = task.c.status != str(TaskStatus.WANTED)
    asked = mine.where(there, task.c.made_at > now - RECENT).group_by(task.c.owner)
    for into, query in ((found.waiting, waiting), (found.asked, asked)):
        into.update({row.owner: row[1] for row in connection.execute(query)})
    denied = select(task.c.rule, task.c.opportunity, task.c.episode).where(
        task.c.org == org, task.c.rule.in_(rules), task.c.answer == str(Answer.NOT_TRUE)
    )
    found.denied.update((rule, one, n) for rule, one, n in connection.execute(denied))
    for made in Ledger(connection, org).load_of_going(rules):
        found.tasks[made.rule, made.opportunity, made.episode] = made
    return found


def _calls(connection: Connection, org: str, since: datetime, found: Lookback) -> None:
    query = select(run.c.started, run.c.exit, run.c.calls, run.c.floor).where(
        run.c.org == org, run.c.command == "sync", run.c.started >= since
    )
    for started, exit_code, calls, floor in connection.execute(query):
        found.syncs += 1
        found.failed += exit_code != 0
        found.calls[started.date()] += calls or 0
        found.floor[started.date()] += floor or 0
