"""The stored rows of one organization in memory, judged by any rule set without a call to the CRM.

It is the next sync on the rows that the last one stored, with the CRM unchanged since: the same
signals, engine, planner and caps. Only what a changed rule can move is planned again; the rest is
taken from the plan of the current rules, since an opportunity's part hangs on no other one.

Loading reads everything once (all opportunities stay in memory) and waits for no run; afterwards
the store is not asked again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from crmrules import decide, signals
from crmrules.connector import Remembering
from crmrules.decide import Ground, Job
from crmrules.demotion import Outlook as Standings
from crmrules.errors import UsageError
from crmrules.evaluate import opportunities, view
from crmrules.findings import TaskRecord, TaskStatus
from crmrules.guards import Exceeded, JudgedBefore, exceeded, judged_before
from crmrules.leftover import leftovers
from crmrules.model import Opportunity, OurTask
from crmrules.outcome import Report
from crmrules.plan import OpportunityPlan, Part, Past, missing_flags
from crmrules.preview.bench import Bench, Case, Verdicts
from crmrules.preview.compare import compare
from crmrules.preview.effect import Effect
from crmrules.preview.ours import Ours
from crmrules.preview.outlook import Outlook
from crmrules.preview.slim import Shared, slim
from crmrules.preview.touched import touched
from crmrules.remembered import Remembered, remembered
from crmrules.rule import Rule
from crmrules.state import Transaction
from crmrules.state.types import UNSETTLED, IntentState
from crmrules.unlisted import UnlistedTasks, missed_by


@dataclass(frozen=True, slots=True)
class _Kept:
    """What of the state a plan needs besides the cases; read once."""

    left: Remembered
    ground: Ground
    standings: Standings
    before: JudgedBefore
    elsewhere: Sequence[TaskRecord]
    leftover: OpportunityPlan
    unlisted: Sequence[tuple[TaskRecord, OurTask]]
    missed: Collection[str]  # keys of tasks that the next sync looks up, since it pulls everything
    unsettled: int


@dataclass(frozen=True, slots=True)
class _Planned:
    """One rule set, planned whole."""

    outlook: Outlook
    verdicts: Verdicts
    shown: Sequence[Opportunity]
    parts: Sequence[Part]


class Snapshot:
    """The last snapshot of one organization. ``job.rules`` are the rules to compare with."""

    def __init__(self, job: Job, cases: Sequence[Case], kept: _Kept) -> None:
        self._job, self._kept = job, kept
        self._bench = Bench(cases)
        self._base = self._plan(job.rules, job.rules_hash, None)

    @classmethod
    def load(cls, job: Job, organization: str | None = None) -> Snapshot:
        """Read it from the state store; ``organization``: which, where the store has several.

        Raises UsageError where there is none: no sync has finished pulling yet.
        """
        with job.store.for_org(_chosen(job, organization)).reading() as tx:
            left = _left(tx)
            now = job.now + left.ahead if job.by_crm else job.now
            job = replace(job, now=now, policy=left.standing_in(job.policy))
            _recall(job, left)
            return cls(job, *_read(job, tx, left))

    @property
    def as_of(self) -> datetime:
        """The moment it judges by."""
        return self._job.now

    @property
    def before(self) -> Outlook:
        """What the next sync makes of the current rules."""
        return self._base.outlook

    @cached_property  # a page asks for one name after the other
    def names(self) -> dict[str, str | None]:
        """The names of the judged opportunities by id, for a page on this machine."""
        return {case.opportunity.id: case.opportunity.name for case in self._bench.cases}

    @cached_property
    def people(self) -> dict[str, str | None]:
        """The names of our people by id, as far as the snapshot tells them."""
        users = (user for case in self._bench.cases for user in case.opportunity.users or ())
        return {user.id: user.name for user in users}

    def effect(self, rules: Sequence[Rule], rules_hash: str = "") -> Effect:
        """Return what changes where these rules (all but the disabled ones) replace the current."""
        planned = self._plan(rules, rules_hash, self._base)
        kept = self._kept
        return compare(
            self._base.outlook,
            planned.outlook,
            flags={c.opportunity.id: c.opportunity.our_fields.flags for c in self._bench.cases},
            synced_at=kept.left.as_of,
            unsettled=kept.unsettled,
        )

    def _plan(self, rules: Sequence[Rule], rules_hash: str, base: _Planned | None) -> _Planned:
        job, kept, cases = self._job, self._kept, self._bench.cases
        verdicts = self._bench.verdicts(rules)
        shown = list(self._joined(rules))
        fresh = kept.before.newcomers(rules, rules_hash)
        planner = decide.planner(
            job,
            rules,
            kept.ground,
            demoted=kept.standings.demoted(rules),
            unseen=fresh.unseen,
        )
        again = range(len(cases)) if base is None else self._touched(base, rules, verdicts, shown)
        parts = [] if base is None else list(base.parts)
        for place in again:
            case = cases[place]
            part = planner.consider(verdicts.judged(case, place, shown[place]), case.past)
            if base is None:
                parts.append(part)
            else:
                parts[place] = part
        for part in parts:
            planner.take(part)
        planner.count(kept.elsewhere)
        outlook = self._outlook(rules, fresh.unseen)
        outlook.add([*(part.plan for part in parts), planner.finish(), kept.leftover])
        outlook.report.flagged, outlook.report.rules_changed = planner.flagged, fresh.changed
        outlook.stops = self._stops(outlook)
        return _Planned(outlook, verdicts, shown, parts)

    def _touched(
        self,
        base: _Planned,
        rules: Sequence[Rule],
        verdicts: Verdicts,
        shown: Sequence[Opportunity],
    ) -> Sequence[int]:
        found = touched(
            self._bench.cases, base.outlook.rules, base.verdicts, {r.id: r for r in rules}, verdicts
        )
        joined = zip(base.shown, shown, strict=True)
        found |= {n for n, (old, new) in enumerate(joined) if old.our_tasks != new.our_tasks}
        return sorted(found)

    def _outlook(self, rules: Sequence[Rule], unseen: frozenset[str]) -> Outlook:
        kept, usage = self._kept, self._job.connector.usage
        report = Report(self._job.now, kept.left.connector, kept.ground.organization, usage)
        report.opportunities = len(self._bench.cases)
        report.open = sum(case.opportunity.is_open for case in self._bench.cases)
        waits = unseen if self._job.policy.settle else frozenset[str]()
        return Outlook({rule.id: rule for rule in rules}, report, waits)

    def _stops(self, outlook: Outlook) -> list[Exceeded]:
        missing = missing_flags(outlook.rules.values(), self._kept.ground.capabilities)
        found = [Exceeded(problem.what, problem.remedy) for problem in missing]
        return found + exceeded(outlook.report, self._job.guards)

    def _joined(self, rules: Sequence[Rule]) -> Iterator[Opportunity]:
        """Yield the cases' opportunities with the tasks of private rules among ours."""
        private = [rule.id for rule in rules if rule.private]
        known: dict[str, list[OurTask]] = {}
        for record, task in self._kept.unlisted:
            if record.rule in private or record.key in self._kept.missed:
                known.setdefault(record.opportunity, []).append(task)
        unlisted = UnlistedTasks(self._kept.ground.organization.id, private, known)
        return unlisted.join(case.opportunity for case in self._bench.cases)


def _chosen(job: Job, organization: str | None) -> str:
    """Return the organization asked for, or the only one that this connector has a snapshot of."""
    stored = job.store.organizations()
    if stored and organization is not None and organization not in stored:
        raise UsageError(
            f"the state store has no organization '{organization}'",
            remedy=f"It has: {', '.join(stored)}. Run 'crmrules sync' once for a new one.",
        )
    asked = [one for one in stored if organization in (None, one)]
    found = []
    for one in asked:
        with job.store.for_org(one).reading() as tx:
            left = remembered(tx)
            if left is not None and left.connector == job.connector.name:
                found.append(one)
    if not found:
        raise UsageError(
            f"there is no snapshot of {job.connector.name} in the state store yet",
            where="[state] url",
            remedy="Run 'crmrules sync' once; put all rules in shadow where nothing is to be "
            "written. 'crmrules plan' shows the same with calls to the CRM.",
        )
    if len(found) > 1:
        raise UsageError(
            f"the state store holds {len(found)} organizations: {', '.join(found)}",
            where="[state] url",
            remedy=f"Say which: --organization {found[0]}",
        )
    return found[0]


def _left(tx: Transaction) -> Remembered:
    left = remembered(tx)
    if left is None:  # it was there a moment ago
        raise UsageError("the snapshot has gone", remedy="Run 'crmrules sync' once.")
    return left


def _recall(job: Job, left: Remembered) -> None:
    """Make the connector ready to translate rows as the last sync did."""
    connector = job.connector
    if left.memory is None or not isinstance(connector, Remembering):
        raise UsageError(
            f"the {connector.name} connector cannot translate stored rows without its CRM",
            remedy="Use 'crmrules plan': it shows the same, with calls to the CRM.",
        )
    try:
        connector.recall(left.memory, job.now)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"the snapshot was stored by another version of the {connector.name} connector",
            remedy="Run 'crmrules sync' once; it stores a new one.",
        ) from error


def _read(job: Job, tx: Transaction, left: Remembered) -> tuple[list[Case], _Kept]:
    """Read the rows, measure, read the signals, and take what else a plan needs."""
    ours = Ours.of(tx.outbox.intents(IntentState.DONE, run=left.run), left.as_of)
    baseline = decide.measured(job, tx)
    normalize = ours.over(job.connector.normalize)
    cases, shared = [], Shared()
    for one in opportunities(decide.to_judge(tx, job.now), normalize, job.now):
        readings = shared.of(signals.read(view(one, job.now, baseline, job.reader)))
        past = Past(*tx.past(one.id))
        cases.append(Case(slim(one), readings, signals.facts(readings), past))
    seen = {case.opportunity.id for case in cases}
    known = {task.key: task for tasks in left.unlisted.values() for task in tasks}
    open_ = tx.ledger.load_tasks(TaskStatus.OPEN, TaskStatus.SNOOZED)
    unlisted = [(record, ours.by_key(record, known)) for record in open_]
    read_back = {record.key: task for record, task in unlisted}
    digests = tx.past("")[1]
    counts = tx.outbox.counts()
    kept = _Kept(
        left,
        Ground(left.organization, left.capabilities, baseline, digests),
        Standings.read(tx, job.now),
        judged_before(tx) or JudgedBefore(frozenset(), ""),
        list(decide.asked_elsewhere(tx, job.now, seen)),
        leftovers(lambda wanted: {k: read_back[k] for k in wanted}, tx, job.policy, seen, job.now),
        unlisted,
        missed_by(tx, (record for record, _ in unlisted))
        if decide.full_pull_due(tx, job.now)
        else (),
        sum(counts.get(state, 0) for state in UNSETTLED),
    )
    return cases, kept
