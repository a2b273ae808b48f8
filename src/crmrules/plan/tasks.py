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
from crmrules.plan.types import Finding, Judged, PlannedWrite, Policy
from crmrules.rule import Rule
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


def create(
    finding: Finding, judged: Judged, owner: str, organization: str, now: datetime, policy: Policy
) -> PlannedWrite:
    """Return the write that makes the task of a finding's episode."""
    rule, opportunity = finding.rule, judged.opportunity
    key = task_key(organization, opportunity.id, rule.id, finding.episode.n)
    values = text_values(opportunity, judged.readings, rule)
    task = TaskFields(
        subject=render(rule.then.task.subject, values)[:SUBJECT_LENGTH],
        body=_body(finding, values),
        due=due_date(now, rule.then.task.due_in_days, policy),
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
    record: TaskRecord, task: OurTask, owner: str | None, *, private: bool = False
) -> PlannedWrite | None:
    """Return the write that moves an untouched open task to the person who owns the matter now."""
    untouched = not (record.edited or task.edited or task.closed or task.deleted)
    if not untouched or owner is None or task.owner is None or task.owner == owner:
        return None
    return PlannedWrite(
        "update_task",
        ChangeTask(record.key, task.id, {"owner": owner}, private),
        record.opportunity,
        record.rule,
        owner,
        before={"owner": task.owner},
    )


def unfinished(records: Sequence[TaskRecord]) -> Iterator[TaskRecord]:
    """Yield the tasks that still ask something of somebody."""
    return (record for record in records if record.status.unfinished)
