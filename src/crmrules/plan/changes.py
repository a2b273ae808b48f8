"""What becomes of the tasks we made: ended where nobody needs them, handed to who owns them now.

A task that a person edited, completed, deleted or gave to somebody else is never changed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crmrules.findings import Episode, TaskRecord
from crmrules.findings.life import Cleared
from crmrules.model import OurTask
from crmrules.plan import tasks
from crmrules.plan.types import Judged, PlannedWrite, Policy
from crmrules.plan.who import Staff
from crmrules.rule import Rule


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of one opportunity's tasks. ``episodes``: by rule, as they are now.

    ``rules``: those that are live or in shadow; what another one asked is asked no more.
    """

    rules: Mapping[str, Rule]
    judged: Judged
    episodes: Mapping[str, Episode]
    records: Sequence[TaskRecord]
    policy: Policy
    now: datetime

    def wanted(self) -> Iterator[tuple[TaskRecord, PlannedWrite]]:
        """Yield the unfinished tasks that have to change, each with its write."""
        present = {task.key: task for task in self.judged.opportunity.our_tasks or ()}
        staff = Staff.around(self.judged.opportunity, self.policy)
        for record in [record for record in self.records if record.status.unfinished]:
            episode, task = self.episodes.get(record.rule), present.get(record.key)
            if task is None:
                continue
            if record.rule not in self.rules:
                private = task.rule is None  # it does not stand on a private one
                why = tasks.BECAUSE[Cleared.STOPPED]
                write = tasks.withdraw(record, task, self.policy, why, done=False, private=private)
            elif episode is None:
                continue
            elif _over(record, episode):
                write = self._withdrawn(record, episode, task)
            elif record.addressee == "o":
                write = self._handed_over(record, task, staff)
            else:
                write = self._copys(record, task, staff)
            if write is not None:
                yield record, write

    def _withdrawn(
        self, record: TaskRecord, episode: Episode, task: OurTask
    ) -> PlannedWrite | None:
        """End a task whose episode is over: cancelled, not completed, when it just went away."""
        rule = self.rules[record.rule]
        if record.episode < episode.n:  # it had come about; of that episode no more is known
            episode = replace(episode, reason=Cleared.CLEARED)
        done = episode.reason in (Cleared.CLEARED, Cleared.EXPIRED)
        why = tasks.because(episode, rule, self.judged)
        return tasks.withdraw(record, task, self.policy, why, done=done, private=rule.private)

    def _handed_over(self, record: TaskRecord, task: OurTask, staff: Staff) -> PlannedWrite | None:
        rule = self.rules[record.rule]
        owner = staff.owner(rule)
        calendar = staff.calendar(task.owner or owner or "")
        due = tasks.moved_due(rule, task, self.judged.readings, self.now, calendar)
        return tasks.hand_over(record, task, owner, due, private=rule.private)

    def _copys(self, record: TaskRecord, task: OurTask, staff: Staff) -> PlannedWrite | None:
        """Let a manager's copy end with the owner's task, and follow the owner's manager.

        It ends as well where the owner's task is, or is about to be, of whom the copy is with.
        """
        twins = (r for r in self.records if r.rule == record.rule and r.episode == record.episode)
        owners = next((twin for twin in twins if twin.addressee == "o"), None)
        if owners is None or owners.owner is None:
            return None
        if not owners.status.unfinished:
            why, done = tasks.ANSWERED, True
        else:
            asked = owners.owner if owners.edited else staff.owner(self.rules[record.rule])
            if asked is None or asked != task.owner:
                return tasks.hand_over(record, task, staff.manager(asked or owners.owner))
            why, done = tasks.ASKED_ITSELF, False
        return tasks.withdraw(record, task, self.policy, why, done=done, private=False)


def _over(record: TaskRecord, episode: Episode) -> bool:
    """Whether a task asks about something that has ended.

    Also where the next episode has begun already: a run that ended the task's own one was killed
    before it closed the task, and the finding came back before the next.
    """
    return record.episode < episode.n or (record.episode == episode.n and not episode.active)
