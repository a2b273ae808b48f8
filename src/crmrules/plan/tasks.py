"""Task writes: a new one, one that is no longer needed, one whose owner changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from crmrules.connector import ChangeTask, CreateTask, TaskFields
from crmrules.findings import Episode, TaskRecord, task_key
from crmrules.findings.life import Cleared
from crmrules.findings.tasks import ANSWER_HINT
from crmrules.model import Opportunity, OurTask
from crmrules.plan.fields import seen
from crmrules.plan.types import Finding, Judged, PlannedWrite, Policy, Readings
from crmrules.rule import Rule
from crmrules.signals import Known
from crmrules.texts import render
from crmrules.values import text_values

SUBJECT_LENGTH = 255  # Task.Subject, salesforce.md 2.8
_BECAUSE = {
    Cleared.CLEARED: "what this task asked about has changed",
    Cleared.CLOSED: "the opportunity was closed",
    Cleared.EXPIRED: "it is too old to be useful",
    Cleared.GONE: "the opportunity was deleted",
}


def owner_of(opportunity: Opportunity, rule: Rule, policy: Policy) -> str | None:
    """Return whom to ask: active owner, else account owner, else manager, else the queue.

    Somebody whose record cannot be read counts as active: the CRM refuses the task if not.
    """
    users = {user.id: user for user in opportunity.users or ()}
    account_owner = opportunity.account.owner if opportunity.account else None
    first, second = opportunity.owner, account_owner
    if rule.to == "account_owner":
        first, second = second or first, first
    managers = (users[u].manager for u in (first, second) if u in users)
    for user in (first, second, *managers, policy.fallback_owner):
        if user and (user not in users or users[user].active is not False):
            return user
    return None


def due_date(now: datetime, business_days: int, policy: Policy) -> date:
    """Return the day that many business days (Monday to Friday) after today."""
    day = now.astimezone(policy.time_zone).date()
    while business_days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5:
            business_days -= 1
    return day


def event_of(rule: Rule, readings: Readings, now: datetime, policy: Policy) -> datetime | None:
    """Return when the event of ``due_before`` is, in the organization's time; None: not known."""
    name = rule.then.task.due_before
    reading = readings.get(name) if name is not None else None
    if not isinstance(reading, Known):
        return None
    # Whole seconds: a day is told as a fraction, and midnight is a second away from another day.
    return (now + timedelta(seconds=round(reading.value * 86_400))).astimezone(policy.time_zone)


def due_before(event: datetime, now: datetime, policy: Policy) -> date:
    """Return the business day before an event, or today where that is over."""
    day = event.date() - timedelta(days=1)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    return max(day, now.astimezone(policy.time_zone).date())


def create(
    finding: Finding, judged: Judged, owner: str, organization: str, now: datetime, policy: Policy
) -> PlannedWrite:
    """Return the write that makes the task of a finding's episode."""
    rule, opportunity = finding.rule, judged.opportunity
    key = task_key(organization, opportunity.id, rule.id, finding.episode.n)
    values = text_values(opportunity, judged.readings, rule)
    event = event_of(rule, judged.readings, now, policy)
    due = due_date(now, rule.then.task.due_in_days, policy)
    if event is not None:
        values["event_day"] = f"{event:%A}, {event.day} {event:%B}"
        due = due_before(event, now, policy)
    task = TaskFields(
        subject=render(rule.then.task.subject, values)[:SUBJECT_LENGTH],
        body=_body(finding, values),
        due=due,
        owner=owner,
        opportunity=opportunity.id,
        rule=rule.id,
        link=not rule.private,
    )
    return PlannedWrite("create_task", CreateTask(key, task), opportunity.id, rule.id, owner)


def wish(write: PlannedWrite, finding: Finding, now: datetime) -> TaskRecord:
    """Return the record of a task that is about to be made."""
    key = write.json()["key"]
    episode = finding.episode
    return TaskRecord(
        key, episode.rule, episode.opportunity, episode.n, owner=write.owner, made_at=now
    )


def _body(finding: Finding, values: Mapping[str, Any]) -> str:
    lines = [render(line, values) for line in finding.rule.then.task.body]
    # Whoever may read tasks may read this one: of a private rule it does not say what was seen.
    told = "" if finding.rule.private else seen(finding.evidence)
    return "\n".join((*lines, "", *([told] if told else []), ANSWER_HINT)).strip()


def withdraw(
    record: TaskRecord,
    episode: Episode,
    task: OurTask,
    policy: Policy,
    *,
    private: bool = False,
) -> PlannedWrite | None:
    """Return the write that closes a task nobody needs any more; None if people touched it."""
    if record.edited or task.edited or task.closed or task.deleted or episode.reason is None:
        return None
    cleared = episode.reason in (Cleared.CLEARED, Cleared.EXPIRED)
    status = policy.completed_status if cleared else policy.cancelled_status
    note = f"No longer needed: {_BECAUSE[episode.reason]}."
    values = {"status": status, "body": f"{note}\n{task.body or ''}".strip()}
    return PlannedWrite(
        "complete_task" if cleared else "cancel_task",
        ChangeTask(record.key, task.id, values, private),
        record.opportunity,
        record.rule,
        record.owner,
        before={"status": task.status, "body": task.body},
    )


def hand_over(
    record: TaskRecord,
    task: OurTask,
    owner: str | None,
    due: date | None = None,
    *,
    private: bool = False,
) -> PlannedWrite | None:
    """Return the write that gives an untouched open task to who owns the matter now, in time.

    ``due``: the day it should be due because its event has moved; None: it stays.
    """
    if record.edited or task.edited or task.closed or task.deleted:
        return None
    changed: dict[str, Any] = {}
    if owner is not None and task.owner is not None and task.owner != owner:
        changed["owner"] = owner
    if due is not None and task.due is not None and task.due != due:
        changed["due"] = due
    if not changed:
        return None
    return PlannedWrite(
        "update_task",
        ChangeTask(record.key, task.id, changed, private),
        record.opportunity,
        record.rule,
        owner or task.owner,
        before={name: getattr(task, name) for name in changed},
    )


def moved_due(
    rule: Rule, task: OurTask, readings: Readings, now: datetime, policy: Policy
) -> date | None:
    """Return the day a task is due now that its event has moved; None: it is fine as it is.

    A day that has come is left alone: an overdue task stays overdue.
    """
    event = event_of(rule, readings, now, policy)
    if event is None or task.due is None:
        return None
    due, today = due_before(event, now, policy), now.astimezone(policy.time_zone).date()
    return None if due == today >= task.due else due


def unfinished(records: Sequence[TaskRecord]) -> Iterator[TaskRecord]:
    """Yield the tasks that still ask something of somebody."""
    return (record for record in records if record.status.unfinished)
