"""What is left of opportunities that the CRM no longer has: their episodes, and our open tasks.

No pull brings such a task, so it is looked up by its key. One that nobody has touched is cancelled;
one that a person has edited is theirs, and followed no further. Salesforce deletes the tasks of an
opportunity with it, HubSpot keeps them.

With every full pull the same is done for tasks that were sent and given up: a request that was lost
may have arrived after all, on an opportunity whose tasks are not read any more.

It asks nothing of the CRM where nothing is left, and writes nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime

from crmrules.findings import EpisodeStatus, TaskRecord, TaskStatus, observe
from crmrules.findings.life import Cleared, gone
from crmrules.model import OurTask
from crmrules.plan import OpportunityPlan, Policy
from crmrules.plan.tasks import BECAUSE, withdraw
from crmrules.state import Transaction

ByKey = Callable[[Mapping[str, str]], Mapping[str, OurTask]]


def leftovers(
    tasks_by_key: ByKey,
    tx: Transaction,
    policy: Policy,
    seen: Collection[str],
    now: datetime,
    *,
    full: bool = False,
) -> OpportunityPlan:
    """Return what ends with the opportunities that are not among ``seen``, those just judged.

    ``tasks_by_key``: the connector's, or what stands in for it. A run that judges by the past does
    not see one that is younger; it has not gone for that.
    """
    plan = OpportunityPlan()
    _end_episodes(tx, seen, now, plan)
    open_ = tx.ledger.load_tasks(TaskStatus.OPEN, TaskStatus.SNOOZED)
    left = [r for r in open_ if r.opportunity not in seen and (r.made_at or now) <= now]
    late = list(tx.ledger.load_given_up()) if full else []
    wanted = {record.key: record.opportunity for record in (*left, *late)}
    found = tasks_by_key(wanted) if wanted else {}
    for record in left:
        _end_task(record, found.get(record.key), policy, Cleared.GONE, now, plan)
    for record in late:
        if record.key in found:
            here = tx.mirror.rows_of(record.opportunity)
            why = Cleared.CLOSED if here else Cleared.GONE
            _end_task(record, found[record.key], policy, why, now, plan)
    return plan


def _end_episodes(
    tx: Transaction, seen: Collection[str], now: datetime, plan: OpportunityPlan
) -> None:
    for episode in tx.ledger.load_episodes(EpisodeStatus.PENDING, EpisodeStatus.OPEN):
        if episode.opportunity in seen or episode.seen_at > now:
            continue
        after = gone(episode, now)
        if episode.status is EpisodeStatus.PENDING:
            plan.dropped.append((episode.rule, episode.opportunity))
        elif after is not None:
            plan.episodes.append(after)


def _end_task(
    record: TaskRecord,
    task: OurTask | None,
    policy: Policy,
    why: Cleared,
    now: datetime,
    plan: OpportunityPlan,
) -> None:
    if task is None:
        plan.tasks.append(replace(record, status=TaskStatus.DELETED, ended_at=now))
        return
    seen = observe(record, task, now)
    if seen.status.unfinished:
        private = task.rule is None  # it does not stand on a private one
        write = withdraw(seen, task, policy, BECAUSE[why], done=False, private=private)
        if write is None:
            seen = replace(seen, status=TaskStatus.TOLD, ended_at=now)
        else:
            plan.writes.append(write)
    plan.tasks.append(seen)
