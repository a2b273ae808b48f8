"""Send what was decided, and never twice.

An intent is durable before its call leaves. The answer decides what comes next: done and already
there are recorded; a definite no is reported and planned again by a later run; an uncertain one is
resolved by reading the key back, and nothing is sent again before that. What a person did meanwhile
wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from crmrules.connector import (
    Capabilities,
    ChangeTask,
    Connector,
    CreateTask,
    Outcome,
    Result,
    SetFields,
    is_private,
)
from crmrules.errors import CrmRulesError
from crmrules.findings import TaskKey, TaskRecord, TaskStatus
from crmrules.model import OurTask
from crmrules.plan import OpportunityPlan
from crmrules.state import Answer, Fence, Intent, IntentState, OrgStore, Transaction
from crmrules.stopping import Stop

BATCH = 1000  # writes handed to the connector together: what one Salesforce call can carry
PASSES = 3  # how often a definite "not now" is tried in one run
# Without a unique key in the CRM, a create may still arrive this long after we gave up on it
# (reliability.md, N4: Salesforce ends a request after ten minutes).
SETTLE = timedelta(minutes=15)
Clock = Callable[[], datetime]  # the store's, which stamps attempts; never the moment judged by
_GOOD = (Result.DONE, Result.ALREADY)
_UNSETTLED = Outcome(Result.UNCERTAIN, error="nobody can tell yet whether an earlier run made it")
_LATER = (Result.RETRY, Result.DEFERRED, Result.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Failure:
    """A write that did not happen, and whether a later run tries it again."""

    action: str
    opportunity: str
    error: str
    remedy: str
    retry: bool
    permission: bool = False
    private: bool = False  # of a private rule: the opportunity is named to nobody

    def json(self) -> dict[str, Any]:
        """Return the contract's shape."""
        return {
            "action": self.action,
            "opportunity": None if self.private else self.opportunity,
            "error": self.error,
            "remedy": self.remedy,
            "retry": self.retry,
        }


@dataclass(slots=True)
class Sent:
    """What became of a run's writes."""

    done: int = 0
    private: int = 0  # done, of private rules
    left: int = 0  # planned, but the run was asked to stop before they were sent
    failed: list[Failure] = field(default_factory=list)


def reconcile(
    connector: Connector,
    tx: Transaction,
    capabilities: Capabilities,
    run: str,
    now: datetime,
    clock: Clock,
) -> None:
    """Find out what became of writes that an earlier run could not be sure of.

    Afterwards nothing old waits to be sent: this run decides anew from what the CRM shows, with the
    same keys. In query mode a young uncertain create stays uncertain until it has settled.
    """
    tx.outbox.recover()
    unknown = tx.outbox.unknown()
    if unknown:
        _settle(tx, _resolved(connector, unknown, capabilities, clock), run, now)
    tx.outbox.supersede(run)


def unless_there(connector: Connector, plan: OpportunityPlan) -> OpportunityPlan:
    """Return a plan without the digests that the CRM has already, though we do not know of them.

    No pull shows a task that hangs on no opportunity, so a lost state would make it again where
    nothing keeps the key unique.
    """
    creates = (w.write for w in plan.writes if isinstance(w.write, CreateTask))
    digests = {write.key: "" for write in creates if write.task.opportunity is None}
    there = connector.tasks_by_key(digests) if digests else {}
    if not there:
        return plan
    told = [replace(t, status=TaskStatus.TOLD) if t.key in there else t for t in plan.tasks]
    left = [w for w in plan.writes if w.key not in there]
    settled = [w for w in plan.settled_writes if w.key not in there]
    return replace(plan, writes=left, settled_writes=settled, tasks=told)


def drain(
    connector: Connector,
    org: OrgStore,
    fence: Fence,
    *,
    run: str,
    capabilities: Capabilities,
    now: datetime,
    clock: Clock,
    stop: Stop,
) -> Sent:
    """Send every planned intent, at most a few times, and record every answer.

    ``now`` is the moment the run judges by; ``clock`` is the one that stamps what is sent. ``stop``
    is asked between batches.
    """
    sent = Sent()
    last: dict[int, Answer] = {}
    for _ in range(PASSES):
        after, again = 0, False
        while not stop.asked and (intents := org.take(fence, BATCH, after=after)):
            after = intents[-1].id
            answers = _send(connector, org, fence, intents, run, now)
            answers = _cleared_up(connector, org, fence, answers, capabilities, run, now, clock)
            last |= {answer.intent.id: answer for answer in answers}
            again = again or any(a.outcome.result is Result.RETRY for a in answers)
        if stop.asked or not again:
            break
    with org.reading() as tx:
        if stop.asked:
            sent.left = tx.outbox.counts().get(IntentState.PLANNED, 0)
        unsettled = [intent for intent in tx.outbox.unknown() if intent.id not in last]
    _count([*(Answer(intent, _UNSETTLED) for intent in unsettled), *last.values()], sent)
    return sent


def _count(answers: Sequence[Answer], sent: Sent) -> None:
    for answer in answers:
        if answer.outcome.result in _GOOD:
            hidden = is_private(answer.intent.write)
            sent.private += hidden
            sent.done += not hidden
        elif answer.outcome.result is not Result.MOOT:
            sent.failed.append(_failure(answer))


def _send(
    connector: Connector,
    org: OrgStore,
    fence: Fence,
    intents: Sequence[Intent],
    run: str,
    now: datetime,
) -> list[Answer]:
    try:
        outcomes = connector.write([intent.write for intent in intents])
    except CrmRulesError as error:
        # Some of it may have happened: say so durably, then stop the way the error wants.
        lost = Outcome(Result.UNCERTAIN, error=error.message, remedy=error.remedy)
        with org.transaction(fence) as tx:
            _settle(tx, [Answer(intent, lost) for intent in intents], run, now)
        raise
    answers = [Answer(i, o) for i, o in zip(intents, outcomes, strict=True)]
    with org.transaction(fence) as tx:
        _settle(tx, answers, run, now)
    return answers


def _cleared_up(
    connector: Connector,
    org: OrgStore,
    fence: Fence,
    answers: Sequence[Answer],
    capabilities: Capabilities,
    run: str,
    now: datetime,
    clock: Clock,
) -> list[Answer]:
    """Resolve the uncertain ones at once, by reading their keys back."""
    unsure = [a.intent for a in answers if a.outcome.result is Result.UNCERTAIN]
    if not unsure:
        return list(answers)
    resolved = _resolved(connector, unsure, capabilities, clock)
    with org.transaction(fence) as tx:
        _settle(tx, resolved, run, now)
    better = {answer.intent.id: answer for answer in resolved}
    return [better.get(answer.intent.id, answer) for answer in answers]


def _resolved(
    connector: Connector, intents: Sequence[Intent], capabilities: Capabilities, clock: Clock
) -> list[Answer]:
    wanted = {intent.key: intent.opportunity for intent in intents if intent.key is not None}
    found = connector.tasks_by_key(wanted) if wanted else {}
    answers = []
    for intent in intents:
        outcome = _verdict(intent, found.get(intent.key or ""), capabilities, clock())
        if outcome is not None:
            answers.append(Answer(intent, outcome))
    return answers


def _verdict(
    intent: Intent, task: OurTask | None, capabilities: Capabilities, now: datetime
) -> Outcome | None:
    """Return what happened to an uncertain write; None: nobody can tell yet."""
    write = intent.write
    if isinstance(write, SetFields):
        return Outcome(Result.RETRY)  # by id, and only our own fields: the same again is the same
    if isinstance(write, ChangeTask):
        untouched = task is not None and not (task.edited or task.deleted)
        return Outcome(Result.RETRY if untouched else Result.MOOT)
    if task is not None:
        return Outcome(Result.ALREADY, id=task.id)
    young = intent.last_attempt is not None and now - intent.last_attempt < SETTLE
    return None if young and not capabilities.unique_key else Outcome(Result.RETRY)


def _settle(tx: Transaction, answers: Sequence[Answer], run: str, now: datetime) -> None:
    """Record answers, and what they mean for our tasks, in one transaction."""
    tx.outbox.settle(answers, run=run, now=now)
    good = [a for a in answers if a.intent.key is not None and a.outcome.result in _GOOD]
    known = tx.ledger.tasks([a.intent.key for a in good if a.intent.key is not None])
    tx.save(tasks=[record for a in good if (record := _record(known, a, now)) is not None])


def _record(known: Mapping[str, TaskRecord], answer: Answer, now: datetime) -> TaskRecord | None:
    """Return what a task has become by an answer that is good; None: nothing new."""
    write, outcome = answer.intent.write, answer.outcome
    if isinstance(write, SetFields):
        return None
    record = known.get(write.key) or _lost(answer)
    if record is None:
        return None
    if isinstance(write, CreateTask):
        if record.status is not TaskStatus.WANTED:
            return None
        told = write.task.opportunity is None  # a digest: nobody follows what becomes of it
        return replace(
            record,
            status=TaskStatus.TOLD if told else TaskStatus.OPEN,
            task_id=outcome.id,
            owner=write.task.owner,
            made_at=now,
            ended_at=now if told else None,
        )
    if "status" in write.values:
        return replace(record, status=TaskStatus.WITHDRAWN, ended_at=now)
    return replace(record, owner=write.values.get("owner", record.owner))


def _lost(answer: Answer) -> TaskRecord | None:
    """Return the record of a task whose record was lost with an older state."""
    intent, write = answer.intent, answer.intent.write
    key = TaskKey.parse(getattr(write, "key", None))
    if key is None or intent.rule is None or not isinstance(write, CreateTask):
        return None
    return TaskRecord(write.key, intent.rule, intent.opportunity, key.episode, key.addressee)


def _failure(answer: Answer) -> Failure:
    intent, outcome = answer.intent, answer.outcome
    return Failure(
        intent.action,
        intent.opportunity,
        outcome.error or "no answer that can be trusted",
        outcome.remedy or "Nothing to do: the next sync tries again.",
        retry=outcome.result in _LATER,
        permission=outcome.result is Result.CONFIG,
        private=is_private(intent.write),
    )
