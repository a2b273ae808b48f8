"""Our tasks that no pull lists: they are found again by their keys.

Two kinds. Of an opportunity that was lost, a full pull reads no activities: a task that is still
open on it would pass for deleted, and stay open for ever. And a private task hangs on no
opportunity, because nobody but the rep may see what it is about: what we know to be open is read
back by key; after a lost state all tasks without an opportunity are listed once, and each belongs
where its key can be computed from (organization, opportunity, private rule).

It asks nothing of the CRM while no private rule is enabled and all open tasks were listed, and
decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crmrules.connector import Connector
from crmrules.findings import TaskKey, TaskRecord, TaskStatus, task_key
from crmrules.model import Opportunity, OurTask
from crmrules.rule import Rule
from crmrules.state import Transaction


@dataclass(frozen=True, slots=True)
class UnlistedTasks:
    """Such tasks, by the opportunity they are about or by what their keys were made from.

    ``rules``: the private ones.
    """

    organization: str
    rules: Sequence[str]
    known: Mapping[str, Sequence[OurTask]] = field(default_factory=dict)  # by opportunity
    loose: Mapping[str, Sequence[OurTask]] = field(default_factory=dict)  # by the key's digest

    @classmethod
    def read(
        cls,
        connector: Connector,
        tx: Transaction,
        rules: Iterable[Rule],
        organization: str,
        *,
        lost: bool,
        full: bool = False,
    ) -> UnlistedTasks:
        """Return those the CRM has; ``lost``: nothing is stored, so all are looked for.

        ``full``: the pull was one, so that an open task it has not brought is looked up.
        """
        private = [rule.id for rule in rules if rule.private]
        known: dict[str, list[OurTask]] = {}
        loose: dict[str, list[OurTask]] = {}
        if not private and not full:
            return cls(organization, ())
        unfinished = list(tx.ledger.load_tasks(TaskStatus.OPEN, TaskStatus.SNOOZED))
        missed = missed_by(tx, unfinished) if full else set()
        wanted = {t.key: t.opportunity for t in unfinished if t.rule in private or t.key in missed}
        for key, task in (connector.tasks_by_key(wanted) if wanted else {}).items():
            known.setdefault(wanted[key], []).append(task)
        for task in connector.unlinked_tasks() if lost and private else ():
            if (parts := TaskKey.parse(task.key)) is not None:
                loose.setdefault(parts.digest, []).append(task)
        return cls(organization, private, known, loose)

    def join(self, found: Iterable[Opportunity]) -> Iterator[Opportunity]:
        """Yield opportunities with these tasks among ours, each with its rule."""
        for opportunity in found:
            linked = opportunity.our_tasks
            if linked is None or not (self.known or self.loose or (self.rules and linked)):
                yield opportunity
                continue
            digests = self._digests(opportunity.id)
            lost = (task for digest in digests for task in self.loose.get(digest, ()))
            tasks = {task.key: task for task in (*self.known.get(opportunity.id, ()), *lost)}
            tasks |= {task.key: task for task in linked}
            ours = tuple(_named(task, digests) for task in tasks.values())
            yield opportunity.model_copy(update={"our_tasks": ours})

    def _digests(self, opportunity: str) -> dict[str, str]:
        """Return what the keys of tasks about an opportunity hold, and the rule that made it."""
        keys = {rule: task_key(self.organization, opportunity, rule, 1) for rule in self.rules}
        return {key.rpartition(":")[2]: rule for rule, key in keys.items()}


def missed_by(tx: Transaction, tasks: Iterable[TaskRecord]) -> set[str]:
    """Return the keys of tasks that are not stored though their opportunity is."""
    listed = [task for task in tasks if task.task_id is not None]
    ids = {task.opportunity for task in listed} | {str(task.task_id) for task in listed}
    stored = tx.mirror.stored(sorted(ids))
    return {t.key for t in listed if t.task_id not in stored and t.opportunity in stored}


def _named(task: OurTask, digests: Mapping[str, str]) -> OurTask:
    """Return a task with its rule: on a private one it does not stand, but it made the key."""
    parts = TaskKey.parse(task.key)
    if task.rule is not None or parts is None or parts.digest not in digests:
        return task
    return task.model_copy(update={"rule": digests[parts.digest]})
