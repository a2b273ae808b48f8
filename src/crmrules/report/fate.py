"""What becomes of each finding: by its task where there is one, else by what the next sync does.

A finding is told by the task of its own episode. Only one whose task is open, or made by the next
sync, asks anything of anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from crmrules.connector import CreateTask
from crmrules.findings import TaskRecord, TaskStatus
from crmrules.findings.hold import IN_WORDS, SILENT
from crmrules.findings.tasks import SAID
from crmrules.plan import Finding, PlannedWrite
from crmrules.report.words import day
from crmrules.rule import Verdict
from crmrules.state.lookback import Place


class Kind(StrEnum):
    """What a finding does, as the page counts it; in the order of its lists."""

    ASKS = "ask"  # its task is open, or the next sync makes it
    WAITS = "wait"  # open and live, without a task for a reason that passes
    ANSWERED = "answered"  # a person answered, finished or deleted its task
    SILENT = "only counted"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one finding. ``short``: in words that many findings share.

    ``task``: its own, where one was made and says more than why there is none now.
    """

    kind: Kind
    short: str
    words: str  # the same with its day
    task: TaskRecord | None = None
    none: bool = False  # there is no task, and the next sync makes none

    @property
    def sentence(self) -> str:
        """The words as they stand alone, without a full stop."""
        return f"No task: {self.words}" if self.none else self.words[0].upper() + self.words[1:]


@dataclass(frozen=True, slots=True)
class Fates:
    """What a run and the state store know of the tasks of its findings.

    ``tasks``: those that were made, by the finding they were made for.
    ``planned``: (opportunity, rule) -> the subject of the task that the next sync makes.
    """

    tasks: Mapping[Place, TaskRecord] = field(default_factory=dict)
    planned: Mapping[tuple[str, str | None], str] = field(default_factory=dict)

    @classmethod
    def told(cls, tasks: Mapping[Place, TaskRecord], writes: Iterable[PlannedWrite]) -> Fates:
        """Return what is known by these records and by what the next sync writes."""
        planned = {
            (write.opportunity, write.rule): write.write.task.subject
            for write in writes
            if isinstance(write.write, CreateTask)
        }
        return cls(tasks, planned)

    def of(self, finding: Finding) -> Fate:
        """Return what becomes of a finding."""
        held = finding.held_back
        task = self.tasks.get((finding.rule.id, finding.opportunity, finding.episode.n))
        if task is not None and (held is None or task.status.unfinished):
            fate = _of_task(task)
            if held not in SILENT:
                return fate
            # It was made before its rule fell silent, and still asks.
            return Fate(fate.kind, fate.short, f"{fate.words}; {IN_WORDS[held]}", task)
        if held is not None:
            kind = Kind.SILENT if held in SILENT else Kind.WAITS
            return Fate(kind, IN_WORDS[held], IN_WORDS[held], none=True)
        if (finding.opportunity, finding.rule.id) in self.planned:
            return Fate(Kind.ASKS, "the next sync asks", "the next sync asks")
        if finding.verdict is not Verdict.FIRES:
            words = "waits until its signals are known again"
            return Fate(Kind.WAITS, words, words, none=True)
        words = "no tasks of ours can be made here"
        return Fate(Kind.SILENT, words, words, none=True)


_OVER = {
    TaskStatus.COMPLETED: "task done; nothing new to ask",
    TaskStatus.DELETED: "task deleted by a person",
    TaskStatus.WITHDRAWN: "task closed by us; nothing new to ask",
}


def _of_task(task: TaskRecord) -> Fate:
    if task.answer in SAID:
        said = f"answered: {SAID[task.answer]}"
        left = "; its task is still open" if task.status.unfinished else ""
        return Fate(Kind.ANSWERED, said, said + left, task)
    if task.status is TaskStatus.SNOOZED:
        until = "" if task.due is None else f" until {day(task.due)}"
        return Fate(Kind.WAITS, "put off", f"put off{until}", task)
    if task.status is TaskStatus.OPEN:
        due = "" if task.due is None else f", due {day(task.due)}"
        return Fate(Kind.ASKS, "task open", f"task open{due}", task)
    words = _OVER[task.status]
    return Fate(Kind.ANSWERED, words, words, task)


__all__ = ["Fate", "Fates", "Kind"]
