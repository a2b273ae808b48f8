"""What became of a finding: its task, or why it has none, for ``crmrules explain``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from crmrules.findings import TaskRecord, TaskStatus
from crmrules.findings.hold import IN_WORDS
from crmrules.findings.tasks import SAID
from crmrules.plan import stamp
from crmrules.rule import Mode, Rule
from crmrules.sync import Look


def lines(found: Look, rule: Rule, *, fires: bool) -> Iterator[str]:
    """Yield the rule's episodes with their tasks and, where it fires, why it asks nobody."""
    episodes = {one.n: one for one in found.past.episodes if one.rule == rule.id}
    made = _made(found, rule.id)
    for n in sorted(episodes.keys() | {task.episode for task in made}):
        if n in episodes:
            yield f"episode {n}: {episodes[n].status} since {episodes[n].since:%Y-%m-%d}"
        yield from (_task(task, found) for task in made if task.episode == n)
    if fires and _current(found, rule.id, made) is None:
        yield _why_none(found, rule)


def data(found: Look, rule: str) -> dict[str, Any]:
    """Return the same of the rule's last episode, for JSON."""
    task = _current(found, rule, _made(found, rule))
    finding = (found.findings or {}).get(rule)
    held = None if finding is None else finding.held_back
    return {
        "task": None if task is None else _plain(task),
        "held_back": None if held is None else str(held),
    }


def _made(found: Look, rule: str) -> list[TaskRecord]:
    """Return the rule's tasks, the owner's before the manager's copy; none that is only wanted."""
    mine = [t for t in found.tasks if t.rule == rule and t.status is not TaskStatus.WANTED]
    return sorted(mine, key=lambda task: (task.episode, task.addressee != "o"))


def _current(found: Look, rule: str, made: Sequence[TaskRecord]) -> TaskRecord | None:
    """Return the owner's task of the finding's episode, or of the last where it has ended."""
    finding = (found.findings or {}).get(rule)
    known = [one.n for one in found.past.episodes if one.rule == rule]
    last = max([*known, *(task.episode for task in made)], default=0)
    n = last if finding is None else finding.episode.n
    return next((task for task in made if task.episode == n and task.addressee == "o"), None)


def _why_none(found: Look, rule: Rule) -> str:
    if rule.mode is Mode.DISABLED:
        return "no task: its rule is disabled"
    if found.findings is None:
        return "no task: a sync does not judge this opportunity any more"
    finding = found.findings.get(rule.id)
    if finding is None:  # it is too old to be useful, or a later run has ended it
        return "no task: this episode is over"
    if finding.held_back is None:
        return "would ask now, unless its owner has enough tasks (crmrules plan tells)"
    return f"held back: {IN_WORDS[finding.held_back]}"


def _task(task: TaskRecord, found: Look) -> str:
    whose = "task" if task.addressee == "o" else "manager's copy"
    made = "" if task.made_at is None else f" made {_day(task.made_at, found)}"
    put_off = task.status is TaskStatus.SNOOZED
    due = "" if task.due is None or put_off else f", due {_day(task.due, found)}"
    said = "" if task.answer not in SAID else f", answered: {SAID[task.answer]}"
    return f"{whose}{made}{due}: {_stands(task, found)}{said}"


def _stands(task: TaskRecord, found: Look) -> str:
    if task.status is TaskStatus.SNOOZED and task.due is not None:
        return f"snoozed until {_day(task.due, found)}"
    if task.status is TaskStatus.COMPLETED and task.ended_at is not None:
        return f"completed {_day(task.ended_at, found)}"
    return "withdrawn by us" if task.status is TaskStatus.WITHDRAWN else str(task.status)


def _day(when: date | datetime, found: Look) -> str:
    """Return a day where the organization is, with its year only where it is another one."""
    day = when.astimezone(found.zone) if isinstance(when, datetime) else when
    told = f"{day.day} {day:%B}"
    return told if day.year == found.now.astimezone(found.zone).year else f"{told} {day.year}"


def _plain(task: TaskRecord) -> dict[str, Any]:
    return {
        "key": task.key,
        "status": str(task.status),
        "answer": None if task.answer is None else str(task.answer),
        "made_at": None if task.made_at is None else stamp(task.made_at),
        "due": None if task.due is None else task.due.isoformat(),
        "ended_at": None if task.ended_at is None else stamp(task.ended_at),
    }
