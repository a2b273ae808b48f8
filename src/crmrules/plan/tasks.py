"""Task writes: a new one, a manager's copy, one no longer needed, one whose owner changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from crmrules.connector import ChangeTask, CreateTask, TaskFields
from crmrules.findings import Episode, TaskKey, TaskRecord, task_key
from crmrules.findings.calendar import Calendar
from crmrules.findings.life import Cleared
from crmrules.findings.tasks import ANSWER_HINT
from crmrules.model import OurTask
from crmrules.plan.evidence import rests_on, seen, what_changed
from crmrules.plan.types import Finding, Judged, PlannedWrite, Policy, Readings
from crmrules.plan.who import Staff
from crmrules.rule import Rule
from crmrules.signals import Known
from crmrules.texts import cut, render
from crmrules.values import text_values

SUBJECT_LENGTH = 255  # Task.Subject, salesforce.md 2.8
BECAUSE = {
    Cleared.CLEARED: "what this task asked about has changed",
    Cleared.CLOSED: "the opportunity was closed",
    Cleared.EXPIRED: "it is too old to be useful",
    Cleared.GONE: "the opportunity was deleted",
    Cleared.STOPPED: "the rule that asked this was switched off",
}
ANSWERED = "the owner of the opportunity has answered"
ASKED_ITSELF = "you are asked this yourself now"  # the manager, of a copy
COPY_AFTER = 5  # business days that an owner has before the manager gets a copy


def event_of(rule: Rule, readings: Readings, now: datetime, zone: tzinfo) -> datetime | None:
    """Return when the event of ``due_before`` is, in local time; None: not known."""
    name = rule.then.task.due_before
    reading = readings.get(name) if name is not None else None
    if not isinstance(reading, Known):
        return None
    # Whole seconds: a day is told as a fraction, and midnight is a second away from another day.
    return (now + timedelta(seconds=round(reading.value * 86_400))).astimezone(zone)


def due_before(event: datetime, now: datetime, calendar: Calendar) -> date:
    """Return the business day before an event, or today where that is over."""
    return max(calendar.before(event.date()), calendar.day(now))


def create(
    finding: Finding, judged: Judged, owner: str, organization: str, now: datetime, staff: Staff
) -> PlannedWrite:
    """Return the write that makes the task of a finding's episode."""
    rule, opportunity = finding.rule, judged.opportunity
    calendar = staff.calendar(owner)
    values = text_values(opportunity, judged.readings, rule)
    event = event_of(rule, judged.readings, now, calendar.zone)
    due = calendar.after(calendar.day(now), rule.then.task.due_in_days)
    if event is not None:
        values["event_day"] = f"{event:%A}, {event.day} {event:%B}"
        due = due_before(event, now, calendar)
    task = TaskFields(
        subject=render(rule.then.task.subject, values, SUBJECT_LENGTH),
        body=_body(finding, values),
        due=due,
        owner=owner,
        opportunity=opportunity.id,
        rule=rule.id,
        link=not rule.private,
    )
    key = task_key(organization, opportunity.id, rule.id, finding.episode.n)
    return PlannedWrite("create_task", CreateTask(key, task), opportunity.id, rule.id, owner)


def copy_for_manager(
    write: PlannedWrite, asked: TaskRecord, manager: str, organization: str, staff: Staff
) -> PlannedWrite:
    """Return a manager's copy of a task (``write`` as it would be made now) that waits too long."""
    if not isinstance(write.write, CreateTask):
        raise TypeError(f"there is no copy of a {write.action}")
    task, rule = write.write.task, str(write.rule)
    who = (staff.name(asked.owner) if asked.owner else None) or "The owner"
    since = ""
    if asked.made_at is not None:
        made = asked.made_at.astimezone(staff.calendar(asked.owner or "").zone)
        since = f" on {made.day} {made:%B}"
    copied = replace(
        task,
        subject=cut(f"Still open: {task.subject}", SUBJECT_LENGTH),
        body=f"{who} was asked this{since}, and the task is still open.\n{task.body}",
        owner=manager,
    )
    key = task_key(organization, write.opportunity, rule, asked.episode, "m")
    return replace(write, write=CreateTask(key, copied), owner=manager)


def wish(write: PlannedWrite, finding: Finding, judged: Judged, since: datetime) -> TaskRecord:
    """Return the record of a task that is about to be made; ``since``: when it was first wanted."""
    key = str(write.key)
    episode, parts = finding.episode, TaskKey.parse(key)
    return TaskRecord(
        key,
        episode.rule,
        episode.opportunity,
        episode.n,
        "o" if parts is None else parts.addressee,
        owner=write.owner,
        made_at=since,
        evidence=tuple(sorted(rests_on(finding.rule, judged))),
    )


def _body(finding: Finding, values: Mapping[str, Any]) -> str:
    lines = [render(line, values) for line in finding.rule.then.task.body]
    # Whoever may read tasks may read this one: of a private rule it does not say what was seen.
    told = "" if finding.rule.private else seen(finding.evidence)
    return "\n".join((*lines, "", *([told] if told else []), ANSWER_HINT)).strip()


def because(episode: Episode, rule: Rule, judged: Judged) -> str:
    """Return why nobody needs a task of an ended episode any more, for its first line."""
    told = "" if rule.private else what_changed(rule, judged)
    cleared = episode.reason is Cleared.CLEARED
    return told if cleared and told else BECAUSE[episode.reason or Cleared.CLEARED]


def withdraw(
    record: TaskRecord, task: OurTask, policy: Policy, because: str, *, done: bool, private: bool
) -> PlannedWrite | None:
    """Return the write that closes a task nobody needs any more; None if people touched it.

    ``done``: what it asked has come about; else it is cancelled.
    """
    if record.edited or task.edited or task.closed or task.deleted:
        return None
    status = policy.completed_status if done else policy.cancelled_status
    values = {"status": status, "body": f"No longer needed: {because}.\n{task.body or ''}".strip()}
    return PlannedWrite(
        "complete_task" if done else "cancel_task",
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
    rule: Rule, task: OurTask, readings: Readings, now: datetime, calendar: Calendar
) -> date | None:
    """Return the day a task is due now that its event has moved; None: it is fine as it is.

    A day that has come is left alone: an overdue task stays overdue.
    """
    event = event_of(rule, readings, now, calendar.zone)
    if event is None or task.due is None:
        return None
    due, today = due_before(event, now, calendar), calendar.day(now)
    return None if due == today >= task.due else due
