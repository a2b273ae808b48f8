"""What we have written since the last pull, laid over the rows that it brought.

A run pulls first and writes afterwards, so the stored rows do not show its own writes yet. The next
pull will, and a preview has to count on them: else every task of the last run would pass for one
that somebody deleted.

Writes whose outcome nobody knows are taken as not made; the next sync asks the CRM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmrules.connector import ChangeTask, CreateTask, Row, SetFields
from crmrules.findings import TaskRecord, TaskStatus
from crmrules.model import Opportunity, OurTask
from crmrules.state import Intent

Normalize = Callable[[str, Sequence[Row]], Opportunity | None]


@dataclass(slots=True)
class Ours:
    """Our latest writes. ``at``: the moment the run that made them judged by."""

    at: datetime
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)  # by opportunity
    made: dict[str, dict[str, OurTask]] = field(default_factory=dict)  # by opportunity and key
    unlinked: dict[str, OurTask] = field(default_factory=dict)  # private ones, by key
    changed: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # by key

    @classmethod
    def of(cls, intents: Iterable[Intent], at: datetime) -> Ours:
        """Return what the CRM has taken of a run's writes."""
        found = cls(at)
        for intent in intents:
            write = intent.write
            match write:
                case SetFields():
                    found.fields.setdefault(write.opportunity, {}).update(write.values)
                case ChangeTask():
                    found.changed[write.key] = write.values
                case CreateTask():
                    task = _made(write, intent.task_id or "", at)
                    linked = write.task.link and write.task.opportunity is not None
                    about = found.made.setdefault(intent.opportunity, {})
                    (about if linked else found.unlinked)[write.key] = task
        return found

    def over(self, normalize: Normalize) -> Normalize:
        """Return a normalizer whose opportunities show these writes."""

        def shown(opportunity: str, rows: Sequence[Row]) -> Opportunity | None:
            found = normalize(opportunity, rows)
            return None if found is None else self._shown(found)

        return shown

    def _shown(self, opportunity: Opportunity) -> Opportunity:
        update: dict[str, Any] = {}
        fields = self.fields.get(opportunity.id)
        if fields:
            values = {n: tuple(v) if isinstance(v, list) else v for n, v in fields.items()}
            update["our_fields"] = opportunity.our_fields.model_copy(update=values)
        made = self.made.get(opportunity.id, {})
        pulled = {task.key: task for task in opportunity.our_tasks or ()}
        if made or pulled.keys() & self.changed.keys():
            tasks = (made | pulled).values()
            update["our_tasks"] = tuple(self._changed(task) for task in tasks)
        return opportunity.model_copy(update=update) if update else opportunity

    def by_key(self, record: TaskRecord, known: Mapping[str, OurTask]) -> OurTask:
        """Return a task that no pull lists, as we know it. ``known``: what was read by key last."""
        task = self.unlinked.get(record.key) or known.get(record.key) or _recorded(record, self.at)
        return self._changed(task)

    def _changed(self, task: OurTask) -> OurTask:
        values = self.changed.get(task.key)
        if values is None:
            return task
        ended = {"closed": True} if "status" in values else {}
        return task.model_copy(update={**values, **ended})


def _made(write: CreateTask, task_id: str, at: datetime) -> OurTask:
    task = write.task
    return OurTask(
        record=task_id,
        known_at=at,
        key=write.key,
        id=task_id,
        rule=task.rule if task.link else None,
        owner=task.owner,
        subject=task.subject,
        body=task.body,
        due=task.due,
    )


def _recorded(record: TaskRecord, at: datetime) -> OurTask:
    """Return a task as its record tells it; its text is not among that."""
    return OurTask(
        record=record.task_id or "",
        known_at=record.made_at or at,
        key=record.key,
        id=record.task_id or "",
        owner=record.owner,
        due=record.due,
        snoozed=record.status is TaskStatus.SNOOZED,
        edited=record.edited,
    )
