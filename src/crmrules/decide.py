"""What ``plan``, ``sync``, ``explain`` and ``preview`` decide alike: a job, its judge, its planner.

One path, so that what one of them says is what another does. It pulls nothing and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from crmrules.baseline import Baseline
from crmrules.batch import Batch
from crmrules.connector import Capabilities, Connector, Directory, Organization, Problem
from crmrules.engine import Engine
from crmrules.evaluate import Evaluator, Stored, measure, opportunities, uncovered
from crmrules.findings import TaskRecord
from crmrules.findings.hold import Gates
from crmrules.guards import Guards
from crmrules.plan import Planner, Policy
from crmrules.raw import zone
from crmrules.rule import Rule
from crmrules.state import Retention, Store, Transaction
from crmrules.stopping import Stop
from crmrules.text import Reader

RECONCILE_EVERY = timedelta(days=7)  # between two pulls of everything
FULL_PULL = "full_pull_at"  # the note that holds the moment of the last one
WON_FOR = timedelta(days=365)  # won opportunities are judged this long (decisions, 12)


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
    pack: Sequence[Rule] = ()  # the rules without the overlay, to tell an upgrade from
    keep: Retention = field(default_factory=Retention)


def full_pull_due(tx: Transaction, now: datetime) -> bool:
    """Whether a sync at this moment pulls everything, unasked."""
    last = tx.history.get(FULL_PULL)
    return last is None or now - datetime.fromisoformat(last) >= RECONCILE_EVERY


def measured(job: Job, tx: Transaction) -> Baseline:
    """Return what is normal in the organization: of all stored rows."""
    found = opportunities(tx.mirror.opportunities(), job.connector.normalize, job.now)
    return measure(
        found,
        job.now,
        major_amount=job.major_amount,
        standard_allowance=job.standard_allowance,
    )


def evaluator(job: Job, baseline: Baseline) -> Evaluator:
    """Return what judges by the job's rules and engine."""
    return Evaluator(job.engine, job.rules, baseline, job.now, job.reader)


def to_judge(tx: Transaction, now: datetime) -> Stored:
    """Return the rows of the opportunities that are judged: open, won of late, or still watched."""
    won_since = (now - WON_FOR).date()
    return tx.mirror.opportunities(judged_ids=tx.watched(), won_since=won_since)


def is_judged(tx: Transaction, opportunity: str, now: datetime) -> bool:
    """Whether an opportunity is one of those ``to_judge``."""
    won_since = (now - WON_FOR).date()
    return tx.mirror.among(opportunity, judged_ids=tx.watched(), won_since=won_since)


def asked_elsewhere(tx: Transaction, now: datetime, seen: set[str]) -> Iterable[TaskRecord]:
    """Return what was asked today about opportunities that are judged no more: it counts too."""
    return tx.ledger.load_asked(now - timedelta(days=1), without=seen)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a plan rests on besides rules and verdicts. ``digests``: records of earlier ones."""

    organization: Organization
    capabilities: Capabilities
    baseline: Baseline
    digests: Sequence[TaskRecord] = ()


def planner(
    job: Job,
    rules: Sequence[Rule],
    ground: Ground,
    *,
    demoted: frozenset[str],
    unseen: frozenset[str],
) -> Planner:
    """Return what turns verdicts of these rules into writes.

    ``demoted``: the rules that reps voted down. ``unseen``: those that no run has counted yet.
    """
    able = ground.capabilities
    return Planner(
        rules,
        organization=ground.organization.id,
        now=job.now,
        policy=local(job.policy, ground.organization),
        gates=Gates(
            demoted=demoted,
            uncovered=uncovered(rules, ground.baseline),
            unseen=unseen if job.policy.settle else frozenset(),  # 0 hours: nothing is to wait
            cool_downs=job.policy.cool_downs,
        ),
        writable=able.flags,
        can_write_tasks=able.tasks,
        digests=ground.digests,
    )


def standing_in(job: Job) -> tuple[Job, tuple[Problem, ...]]:
    """Return the job with the id of whom ``[tasks] fallback_owner`` names by address.

    Where no single active user has the address nobody stands in, and the problem says so.
    """
    address, crm = job.policy.fallback_address, job.connector
    if address is None:
        return job, ()
    found = crm.colleagues(address) if isinstance(crm, Directory) else ()
    if len(found) == 1:
        return replace(job, policy=replace(job.policy, fallback_owner=found[0])), ()
    who = f"{len(found)} active users have" if found else "no active user has"
    what = f"{who} the address {address}, so nobody stands in for those who left"
    return job, (Problem(what, "Correct [tasks] fallback_owner, or write the user's id there."),)


def local(policy: Policy, organization: Organization) -> Policy:
    """Return the policy in the organization's own time, where the configuration names none."""
    told = zone(organization.time_zone) if policy.time_zone is UTC else None
    return policy if told is None else replace(policy, time_zone=told)
