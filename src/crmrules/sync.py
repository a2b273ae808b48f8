"""The product, top to bottom: pull, judge, plan, write back.

Everything is decided in one transaction before anything is written. ``sync`` commits it and sends
the intents; ``plan`` rolls it back, so what it lists is what the next sync writes. Both hold the
organization's lease, so they never overlap.

No clock is read here: ``Job.now`` is the moment a run judges by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from crmrules.baseline import Baseline
from crmrules.connector import Connector, Preflight, Problem
from crmrules.engine import Engine
from crmrules.errors import AccessError, GuardError
from crmrules.evaluate import Evaluator, measure, opportunities, uncovered
from crmrules.findings import EpisodeStatus
from crmrules.findings.hold import Gates
from crmrules.findings.life import gone
from crmrules.outcome import Keeper, Report, Show
from crmrules.plan import Judged, Past, Planner, Policy, missing_flags
from crmrules.private import PrivateTasks
from crmrules.rule import Rule
from crmrules.state import Store, Transaction
from crmrules.text import Reader
from crmrules.writeback import drain, reconcile

RECONCILE_EVERY = timedelta(days=7)
_FULL_PULL = "full_pull_at"
WON_FOR = timedelta(days=365)  # won opportunities are judged this long (decisions, 12)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Guards:
    """What stops a run before its first write.

    ``max_writes`` counts task writes and status changes; the first fill of our fields is counted
    apart and needs ``initial`` above the same number. ``max_share_flagged`` is the share of open
    opportunities that may have something open: above it, a rule is probably wrong.
    """

    max_writes: int = 500
    max_share_flagged: float = 0.3
    initial: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """All a run needs, put together by the command line."""

    connector: Connector
    store: Store
    rules: Sequence[Rule]
    rules_hash: str
    engine: Engine
    now: datetime
    policy: Policy = field(default_factory=Policy)
    guards: Guards = field(default_factory=Guards)
    major_amount: float | None = None
    standard_allowance: float = 0.0
    reader: Reader | None = None  # of texts; None: text signals are off


def plan(job: Job, *, full: bool = False, show: Show | None = None) -> Report:
    """Decide what a sync would write now, and commit nothing."""
    preflight = job.connector.check()
    org = job.store.for_org(preflight.organization.id)
    with org.lease("plan") as fence, org.dry_run(fence) as tx:
        return _decide(job, preflight, tx, Keeper(job.now, show or Show()), full=full)


def sync(job: Job, *, full: bool = False, show: Show | None = None) -> Report:
    """Decide, commit the decision, and write it into the CRM.

    Raises AccessError where the CRM or its fields do not let us write, and GuardError where a guard
    says stop; both before the first write, with nothing committed.
    """
    preflight = job.connector.check()
    _admit((*preflight.problems, *missing_flags(job.rules, preflight.capabilities)))
    org = job.store.for_org(preflight.organization.id)
    with org.lease("sync") as fence, org.run(job.now, job.rules_hash) as run:
        keeper = Keeper(job.now, show or Show(), commits=True)
        with org.transaction(fence) as tx:
            report = _decide(job, preflight, tx, keeper, full=full, run=run.id)
            _admit(report.problems)
            guard(report, job.guards)
            if report.pending:
                _admit(job.connector.may_write())
        sent = drain(
            job.connector,
            org,
            fence,
            run=run.id,
            capabilities=preflight.capabilities,
            now=job.now,
            clock=job.store.clock,
        )
        report.done, report.private_done, report.failed = sent.done, sent.private, sent.failed
        usage = job.connector.usage
        run.finish(
            report.counts(), exit_code=report.exit_code, calls=usage.calls, floor=usage.floor
        )
    log.info("sync", organization=preflight.organization.id, run=run.id, **report.counts())
    return report


@dataclass(frozen=True, slots=True)
class Look:
    """One opportunity, judged now, with what earlier runs left about it."""

    judged: Judged
    past: Past
    baseline: Baseline


def look(job: Job, opportunity: str) -> Look | None:
    """Judge one opportunity as the next sync would, and commit nothing; None: it is not there."""
    preflight = job.connector.check()
    org = job.store.for_org(preflight.organization.id)
    with org.lease("explain") as fence, org.dry_run(fence) as tx:
        pull(job.connector, tx, full=False, run="explain", now=job.now)
        baseline = _measured(job, tx)
        judge = _evaluator(job, baseline).judge
        stored = [(opportunity, tx.mirror.rows_of(opportunity))]
        for judged in judge(opportunities(stored, job.connector.normalize, job.now)):
            return Look(judged, Past(*tx.past(opportunity)), baseline)
    return None


def _admit(problems: Sequence[Problem]) -> None:
    errors = [problem for problem in problems if problem.level == "error"]
    if errors:
        lines = "\n".join(f"  {problem.what}\n    -> {problem.remedy}" for problem in errors)
        raise AccessError(
            f"nothing was written: {len(errors)} problem(s)\n{lines}",
            remedy="Mend these, then run 'crmrules doctor'.",
        )


def _decide(
    job: Job,
    preflight: Preflight,
    tx: Transaction,
    keeper: Keeper,
    *,
    full: bool,
    run: str = "plan",
) -> Report:
    """Pull, judge and plan inside the transaction; it counts only if somebody commits."""
    report = keeper.begin(job.connector, preflight, job.rules)
    lost = tx.history.get(_FULL_PULL) is None
    clock = job.store.clock
    reconcile(job.connector, tx, preflight.capabilities, run, job.now, clock)
    report.problems += pull(job.connector, tx, full=full, run=run, now=job.now)
    report.baseline = _measured(job, tx)
    judge = _evaluator(job, report.baseline).judge
    planner = _planner(job, preflight, tx, report.baseline)
    won_since = (job.now - WON_FOR).date()
    stored = tx.mirror.opportunities(judged_ids=tx.watched(), won_since=won_since)
    pulled = tx.history.get(_FULL_PULL) == job.now.isoformat()
    private = PrivateTasks.read(
        job.connector, tx, job.rules, preflight.organization.id, lost=lost, full=pulled
    )
    found = private.join(opportunities(stored, job.connector.normalize, job.now))
    for judged in judge(found):
        keeper.judged(judged)
        past = Past(*tx.past(judged.opportunity.id))
        keeper.keep(planner.add(judged, past), tx, run)
    keeper.keep(planner.finish(), tx, run)
    _end_gone(tx, keeper, job.now)
    report.flagged = planner.flagged
    return report


def pull(
    connector: Connector, tx: Transaction, *, full: bool, run: str, now: datetime
) -> tuple[Problem, ...]:
    """Bring the stored rows up to date; return what could not be read.

    What changed since the watermarks, or everything: at the first run, when asked, and
    once a week, since some deletions leave no trace that an incremental pull could see
    (salesforce.md, 2.6).
    """
    last = tx.history.get(_FULL_PULL)
    due = last is None or now - datetime.fromisoformat(last) >= RECONCILE_EVERY
    stored = None if full or due or not tx.mirror.marks() else tx.mirror
    problems: dict[Problem, None] = {}
    for batch in connector.pull(stored):
        problems |= dict.fromkeys(batch.problems)
        tx.mirror.put(batch.rows, run)
        for kind in batch.complete:
            tx.mirror.complete(kind, run)
        tx.mirror.set_marks(batch.marks)
    if stored is None:
        tx.history.set(_FULL_PULL, now.isoformat())
    return tuple(problems)


def _evaluator(job: Job, baseline: Baseline) -> Evaluator:
    return Evaluator(job.engine, job.rules, baseline, job.now, job.reader)


def _measured(job: Job, tx: Transaction) -> Baseline:
    found = opportunities(tx.mirror.opportunities(), job.connector.normalize, job.now)
    return measure(
        found,
        job.now,
        major_amount=job.major_amount,
        standard_allowance=job.standard_allowance,
    )


def _planner(job: Job, preflight: Preflight, tx: Transaction, baseline: Baseline) -> Planner:
    capabilities = preflight.capabilities
    return Planner(
        job.rules,
        organization=preflight.organization.id,
        now=job.now,
        policy=job.policy,
        gates=Gates(
            demoted=frozenset(tx.history.demotions()),
            uncovered=uncovered(job.rules, baseline),
            cool_downs=job.policy.cool_downs,
        ),
        writable=capabilities.flags,
        can_write_tasks=capabilities.tasks,
    )


def _end_gone(tx: Transaction, keeper: Keeper, now: datetime) -> None:
    """End the episodes of opportunities that the CRM no longer has.

    A run that judges by the past does not see one that is younger; it has not gone for that.
    """
    active = tx.ledger.load_episodes(EpisodeStatus.PENDING, EpisodeStatus.OPEN)
    lost = [e for e in active if e.opportunity not in keeper.seen and e.seen_at <= now]
    pending = [e for e in lost if e.status is EpisodeStatus.PENDING]
    ended = [after for e in lost if e not in pending and (after := gone(e, now)) is not None]
    tx.save(episodes=ended, dropped=[(e.rule, e.opportunity) for e in pending])


def guard(report: Report, guards: Guards) -> None:
    """Raise GuardError where this run would write more than somebody agreed to."""
    if report.guarded > guards.max_writes:
        raise GuardError(
            f"this run would make {report.guarded} writes; the limit is {guards.max_writes}",
            remedy="Look at them with 'crmrules plan'. If they are right, run once with "
            f"--max-writes {report.guarded}.",
        )
    if report.first_fill > guards.max_writes and not guards.initial:
        raise GuardError(
            f"this run would fill our fields on {report.first_fill} opportunities for the "
            "first time",
            remedy="Look at it with 'crmrules plan', then run 'crmrules sync --initial' once.",
        )
    if report.open and report.flagged / report.open > guards.max_share_flagged:
        raise GuardError(
            f"{report.flagged} of {report.open} open opportunities would carry a flag; the limit "
            f"is {guards.max_share_flagged:.0%}",
            remedy="A rule is probably too wide: look at 'crmrules plan', raise its threshold or "
            "put it in shadow; or raise [guard] max_share_flagged.",
        )
