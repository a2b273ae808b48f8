"""The product, top to bottom: pull, judge, plan, write back.

Everything is decided in one transaction before anything is written. ``sync`` commits it and sends
the intents; ``plan`` rolls it back, so what it lists is what the next sync writes. Both hold the
organization's lease, so they never overlap.

No clock is read here: ``Job.now`` is the moment a run judges by. Where nobody asked for one it is
the CRM's own time, so that a wrong clock of this machine changes no finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog

from crmrules.baseline import Baseline
from crmrules.batch import Batch, claim, holder
from crmrules.connector import Connector, Organization, Preflight, Problem
from crmrules.demotion import Review, review
from crmrules.engine import Engine
from crmrules.errors import AccessError, GuardError
from crmrules.evaluate import Evaluator, measure, opportunities, uncovered
from crmrules.findings.hold import Gates
from crmrules.guards import Guards, Newcomers, guard, newcomers
from crmrules.leftover import leftovers
from crmrules.outcome import Keeper, Report, Show
from crmrules.plan import Judged, Past, Planner, Policy, missing_flags
from crmrules.raw import zone
from crmrules.rule import Rule
from crmrules.state import Store, Transaction
from crmrules.stopping import Stop
from crmrules.text import Reader
from crmrules.unlisted import UnlistedTasks
from crmrules.writeback import drain, reconcile, unless_there

RECONCILE_EVERY = timedelta(days=7)
_FULL_PULL = "full_pull_at"
WON_FOR = timedelta(days=365)  # won opportunities are judged this long (decisions, 12)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """All a run needs, put together by the command line."""

    connector: Connector
    store: Store
    rules: Sequence[Rule]
    rules_hash: str
    engine: Engine
    now: datetime
    by_crm: bool = False  # nobody asked for a moment: the CRM's own time counts where it is told
    policy: Policy = field(default_factory=Policy)
    guards: Guards = field(default_factory=Guards)
    major_amount: float | None = None
    standard_allowance: float = 0.0
    reader: Reader | None = None  # of texts; None: text signals are off
    stop: Stop = field(default_factory=Stop)
    batch: Batch | None = None  # of configurations that are synced together


def plan(job: Job, *, full: bool = False, show: Show | None = None) -> Report:
    """Decide what a sync would write now, and commit nothing."""
    preflight = job.connector.check()
    job = _timed(job, preflight)
    org = job.store.for_org(preflight.organization.id)
    with org.lease("plan") as fence, org.dry_run(fence) as tx:
        return _decide(job, preflight, tx, Keeper(job.now, show or Show()), full=full)


def sync(job: Job, *, full: bool = False, show: Show | None = None) -> Report:
    """Decide, commit the decision, and write it into the CRM.

    Raises AccessError where the CRM or its fields do not let us write, and GuardError where a guard
    says stop; both before the first write, with nothing committed. ``show.stopped`` gets the report
    of what a guard stopped: all of it was planned and shown.
    """
    preflight = job.connector.check()
    job = _timed(job, preflight)
    _admit((*preflight.problems, *missing_flags(job.rules, preflight.capabilities)))
    org = job.store.for_org(preflight.organization.id)
    with org.lease(holder(job.batch)) as fence, org.run(job.now, job.rules_hash) as run:
        keeper = Keeper(job.now, show or Show(), commits=True)
        with org.transaction(fence) as tx:
            claim(job.batch, tx)
            report = _decide(job, preflight, tx, keeper, full=full, run=run.id)
            _admit(report.problems)
            _guard(report, job.guards, show)
            if report.pending:
                _admit(job.connector.may_write())
        _tell(report.reps)
        job.stop.begin_writing()
        sent = drain(
            job.connector,
            org,
            fence,
            run=run.id,
            capabilities=preflight.capabilities,
            now=job.now,
            clock=job.store.clock,
            stop=job.stop,
        )
        report.done, report.private_done, report.failed = sent.done, sent.private, sent.failed
        report.left = sent.left
        usage = job.connector.usage
        run.finish(
            report.counts(), exit_code=report.exit_code, calls=usage.calls, floor=usage.floor
        )
        org.prune(job.now)
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
    job = _timed(job, preflight)
    org = job.store.for_org(preflight.organization.id)
    with org.lease("explain") as fence, org.dry_run(fence) as tx:
        pull(job.connector, tx, full=False, run="explain", now=job.now)
        baseline = _measured(job, tx)
        judge = _evaluator(job, baseline).judge
        stored = [(opportunity, tx.mirror.rows_of(opportunity))]
        for judged in judge(opportunities(stored, job.connector.normalize, job.now)):
            return Look(judged, Past(*tx.past(opportunity)), baseline)
    return None


def _guard(report: Report, guards: Guards, show: Show | None) -> None:
    try:
        guard(report, guards)
    except GuardError:
        (show or Show()).stopped(report)
        raise


def _timed(job: Job, preflight: Preflight) -> Job:
    told = preflight.now if job.by_crm else None
    return job if told is None else replace(job, now=told)


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
    report.reps = review(tx, job.rules, job.now)
    report.problems += report.reps.problems
    report.baseline = _measured(job, tx)
    judge = _evaluator(job, report.baseline).judge
    pulled = tx.history.get(_FULL_PULL) == job.now.isoformat()
    unlisted = UnlistedTasks.read(
        job.connector, tx, job.rules, preflight.organization.id, lost=lost, full=pulled
    )
    new = _newcomers(job, tx, unlisted)
    report.rules_changed = new.changed
    planner = _planner(job, preflight, tx, report.baseline, new.unseen)
    won_since = (job.now - WON_FOR).date()
    stored = tx.mirror.opportunities(judged_ids=tx.watched(), won_since=won_since)
    found = unlisted.join(opportunities(stored, job.connector.normalize, job.now))
    for judged in judge(found):
        keeper.judged(judged)
        past = Past(*tx.past(judged.opportunity.id))
        keeper.keep(planner.add(judged, past), tx, run)
    # What was asked today about opportunities that are judged no more counts too.
    planner.count(tx.ledger.load_asked(job.now - timedelta(days=1), without=keeper.seen))
    keeper.keep(unless_there(job.connector, planner.finish()), tx, run)
    keeper.keep(leftovers(job.connector, tx, job.policy, keeper.seen, job.now), tx, run)
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


def _tell(reps: Review) -> None:
    """Log, once it is decided, which rules reps have voted down and which somebody brought back."""
    for one in reps.fell:
        log.warning("demoted", rule=one.rule, reps=str(one))
    for rule in reps.rose:
        log.info("no longer demoted", rule=rule)


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


def _newcomers(job: Job, tx: Transaction, unlisted: UnlistedTasks) -> Newcomers:
    all_ = opportunities(tx.mirror.opportunities(), job.connector.normalize, job.now)
    return newcomers(tx, job.rules, job.rules_hash, unlisted.join(all_))


def _planner(
    job: Job,
    preflight: Preflight,
    tx: Transaction,
    baseline: Baseline,
    unseen: frozenset[str],
) -> Planner:
    capabilities = preflight.capabilities
    return Planner(
        job.rules,
        organization=preflight.organization.id,
        now=job.now,
        policy=_local(job.policy, preflight.organization),
        gates=Gates(
            demoted=frozenset(tx.history.demotions()),
            uncovered=uncovered(job.rules, baseline),
            unseen=unseen if job.policy.settle else frozenset(),  # 0 hours: nothing is to wait
            cool_downs=job.policy.cool_downs,
        ),
        writable=capabilities.flags,
        can_write_tasks=capabilities.tasks,
        digests=tx.past("")[1],  # they hang on no opportunity
    )


def _local(policy: Policy, organization: Organization) -> Policy:
    """Return the policy in the organization's own time, where the configuration names none."""
    told = zone(organization.time_zone) if policy.time_zone is UTC else None
    return policy if told is None else replace(policy, time_zone=told)
