"""The product, top to bottom: pull, judge, plan, write back.

Everything is decided in one transaction before anything is written. ``sync`` commits it and sends
the intents; ``plan`` rolls it back, so what it lists is what the next sync writes. Both hold the
organization's lease, so they never overlap.

No clock is read here: ``Job.now`` is the moment a run judges by. Where nobody asked for one it is
the CRM's own time, so that a wrong clock of this machine changes no finding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

import structlog

from crmrules import decide, hindsight
from crmrules.baseline import Baseline
from crmrules.batch import claim, holder
from crmrules.connector import Connector, Preflight, Problem
from crmrules.decide import (
    FULL_PULL,
    Ground,
    Job,
    asked_elsewhere,
    evaluator,
    full_pull_due,
    measured,
    to_judge,
)
from crmrules.demotion import Review, review
from crmrules.errors import AccessError, GuardError
from crmrules.evaluate import opportunities
from crmrules.findings import TaskRecord
from crmrules.guards import Guards, guard, newcomers
from crmrules.leftover import leftovers
from crmrules.outcome import Keeper, Report, Show
from crmrules.plan import Finding, Judged, Past, Planner, missing_flags
from crmrules.remembered import remember
from crmrules.state import Transaction
from crmrules.unlisted import UnlistedTasks
from crmrules.writeback import drain, reconcile, unless_there

log = structlog.get_logger()


Then = Callable[[Job, Transaction], None]


def plan(
    job: Job, *, full: bool = False, show: Show | None = None, then: Then | None = None
) -> Report:
    """Decide what a sync would write now, and commit nothing; ``then`` looks at what was pulled."""
    job, preflight = _begun(job)
    org = job.store.for_org(preflight.organization.id)
    with org.lease("plan") as fence, org.dry_run(fence) as tx:
        report = _decide(job, preflight, tx, Keeper(job.now, show or Show()), full=full)
        if then is not None:
            then(job, tx)
        return report


def sync(job: Job, *, full: bool = False, show: Show | None = None) -> Report:
    """Decide, commit the decision, and write it into the CRM.

    Raises AccessError where the CRM or its fields do not let us write, and GuardError where a guard
    says stop; both before the first write, with nothing committed. ``show.stopped`` gets the report
    of what a guard stopped: all of it was planned and shown.
    """
    job, preflight = _begun(job)
    _admit((*preflight.problems, *missing_flags(job.rules, preflight.capabilities)))
    org = job.store.for_org(preflight.organization.id)
    with org.lease(holder(job.batch)) as fence, org.run(job.now, job.rules_hash) as run:
        keeper = Keeper(job.now, show or Show(), commits=True)
        with org.transaction(fence) as tx:
            claim(job.batch, tx)
            report = _decide(job, preflight, tx, keeper, full=full, run=run.id)
            report.run = run.id
            _admit(report.problems)
            _guard(report, job.guards, show)
            if report.pending:
                _admit(job.connector.may_write())
            _remember(job, preflight, tx, report)
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
        used = job.connector.usage
        run.finish(report.counts(), exit_code=report.exit_code, calls=used.calls, floor=used.floor)
        org.prune(job.now, job.keep)
    return report


@dataclass(frozen=True, slots=True)
class Look:
    """One opportunity, judged at a moment, with what earlier runs left about it.

    ``tasks``: ours there, as the CRM shows them. ``findings``: by rule, as the next sync has them
    but for what others ask of the same owners; None: a sync does not judge this opportunity.
    """

    judged: Judged
    past: Past
    baseline: Baseline
    now: datetime
    zone: tzinfo
    tasks: Sequence[TaskRecord]
    findings: Mapping[str, Finding] | None


def look(job: Job, opportunity: str) -> Look | None:
    """Judge one opportunity as the next sync would, and commit nothing; None: it is not there."""
    job, preflight = _begun(job)
    org = job.store.for_org(preflight.organization.id)
    with org.lease("explain") as fence, org.dry_run(fence) as tx:
        ready = _prepared(job, preflight, tx, full=False, run="explain")
        stored = [(opportunity, tx.mirror.rows_of(opportunity))]
        found = opportunities(stored, job.connector.normalize, job.now)
        for judged in evaluator(ready.job, ready.baseline).judge(ready.unlisted.join(found)):
            past = Past(*tx.past(opportunity))
            part = ready.planner.consider(judged, past)
            ready.planner.take(part)
            decided = [*part.plan.findings, *ready.planner.finish().findings]
            planned = decide.is_judged(tx, opportunity, job.now)
            return Look(
                judged,
                past,
                ready.baseline,
                job.now,
                decide.local(job.policy, preflight.organization).time_zone,
                list({task.key: task for task in (*past.tasks, *part.plan.tasks)}.values()),
                {finding.rule.id: finding for finding in decided} if planned else None,
            )
    return None


def _remember(job: Job, preflight: Preflight, tx: Transaction, report: Report) -> None:
    hindsight.keep(tx, report, job.pack)
    local = job.now.astimezone(decide.local(job.policy, preflight.organization).time_zone)
    won_since = (job.now - decide.WON_FOR).date()
    hindsight.keep_week(tx, local, preflight.now, won_since, job.keep.weeks)


def _guard(report: Report, guards: Guards, show: Show | None) -> None:
    try:
        guard(report, guards)
    except GuardError:
        (show or Show()).stopped(report)
        raise


def _begun(job: Job) -> tuple[Job, Preflight]:
    """Sign in, and take the CRM's own time where nobody asked for another moment."""
    preflight = job.connector.check()
    if not job.by_crm or preflight.now is None:
        return job, preflight
    return replace(job, now=preflight.now), replace(preflight, ahead=preflight.now - job.now)


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
    ready = _prepared(job, preflight, tx, full=full, run=run)
    job, planner = ready.job, ready.planner
    report.problems += ready.problems
    report.reps, report.baseline = ready.reps, ready.baseline
    report.rules_changed = ready.rules_changed
    found = opportunities(to_judge(tx, job.now), job.connector.normalize, job.now)
    for judged in evaluator(job, ready.baseline).judge(ready.unlisted.join(found)):
        keeper.judged(judged)
        past = Past(*tx.past(judged.opportunity.id))
        keeper.keep(planner.add(judged, past), tx, run)
    planner.count(asked_elsewhere(tx, job.now, keeper.seen))
    keeper.keep(unless_there(job.connector, planner.finish()), tx, run)
    read = job.connector.tasks_by_key
    left = leftovers(read, tx, job.policy, keeper.seen, job.now, full=ready.pulled)
    keeper.keep(left, tx, run)
    report.flagged = planner.flagged
    return report


@dataclass(frozen=True, slots=True)
class _Ready:
    """What stands before the first opportunity is judged. ``pulled``: everything was."""

    job: Job
    planner: Planner
    baseline: Baseline
    unlisted: UnlistedTasks
    reps: Review
    problems: tuple[Problem, ...]
    rules_changed: bool
    pulled: bool


def _prepared(job: Job, preflight: Preflight, tx: Transaction, *, full: bool, run: str) -> _Ready:
    """Pull, and find out all that judging and planning rest on."""
    lost = tx.history.get(FULL_PULL) is None
    clock = job.store.clock
    reconcile(job.connector, tx, preflight.capabilities, run, job.now, clock)
    unread = pull(job.connector, tx, full=full, run=run, now=job.now)
    job, nobody = decide.standing_in(job)
    reps = review(tx, job.rules, job.now)
    baseline = measured(job, tx)
    pulled = tx.history.get(FULL_PULL) == job.now.isoformat()
    unlisted = UnlistedTasks.read(
        job.connector, tx, job.rules, preflight.organization.id, lost=lost, full=pulled
    )
    remember(tx, job.connector, preflight, job.policy, unlisted.known, job.now, run)
    whole = opportunities(tx.mirror.opportunities(), job.connector.normalize, job.now)
    new = newcomers(tx, job.rules, job.rules_hash, unlisted.join(whole))
    digests = tx.past("")[1]  # they hang on no opportunity
    ground = Ground(preflight.organization, preflight.capabilities, baseline, digests)
    demoted = frozenset(tx.history.demotions())
    planner = decide.planner(job, job.rules, ground, demoted=demoted, unseen=new.unseen)
    problems = (*unread, *hindsight.upgraded(tx, job.pack), *nobody, *reps.problems)
    return _Ready(job, planner, baseline, unlisted, reps, problems, new.changed, pulled)


def pull(
    connector: Connector, tx: Transaction, *, full: bool, run: str, now: datetime
) -> tuple[Problem, ...]:
    """Bring the stored rows up to date; return what could not be read.

    What changed since the watermarks, or everything: at the first run, when asked, and
    once a week, since some deletions leave no trace that an incremental pull could see
    (salesforce.md, 2.6).
    """
    everything = full or full_pull_due(tx, now) or not tx.mirror.marks()
    stored = None if everything else tx.mirror
    problems: dict[Problem, None] = {}
    for batch in connector.pull(stored):
        problems |= dict.fromkeys(batch.problems)
        tx.mirror.put(batch.rows, run)
        for kind in batch.complete:
            tx.mirror.complete(kind, run)
        tx.mirror.set_marks(batch.marks)
    if stored is None:
        tx.history.set(FULL_PULL, now.isoformat())
    return tuple(problems)


def _tell(reps: Review) -> None:
    """Log, once it is decided, which rules reps have voted down and which somebody brought back."""
    for one in reps.fell:
        log.warning("demoted", rule=one.rule, reps=str(one))
    for rule in reps.rose:
        log.info("no longer demoted", rule=rule)
