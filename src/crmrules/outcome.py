"""What a run found, planned and did: counted for reports, streamed to whoever shows it.

Findings and writes pass through one by one and are never all in memory. The keeper stores what
planning changed in the same transaction; it decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmrules.baseline import Baseline
from crmrules.connector import Connector, Organization, Preflight, Problem, Usage
from crmrules.demotion import Review
from crmrules.model import Opportunity
from crmrules.plan import Finding, Judged, OpportunityPlan, PlannedWrite
from crmrules.rule import Mode, Rule, Verdict
from crmrules.signals import Known, Unknown, fix_for
from crmrules.state import Transaction
from crmrules.writeback import Failure

_EXAMPLES = 5  # places shown for each author and suggestion


def _ignore(_: Any) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class Show:
    """Where judged opportunities, findings and writes go, one by one, while a run decides."""

    judged: Callable[[Judged], None] = _ignore
    finding: Callable[[Finding], None] = _ignore
    write: Callable[[PlannedWrite], None] = _ignore
    settled_write: Callable[[PlannedWrite], None] = _ignore
    stopped: Callable[[Report], None] = _ignore
    """Gets the report of a run that a guard stops before its first write."""
    begun: Callable[[Report], None] = _ignore
    """Gets the report before anything is counted in it: the moment and the organization."""


@dataclass(slots=True)
class Unreadable:
    """What one author typed that could not be read and one suggestion would mend.

    Neither the line nor a part of it is kept: it is the rep's own note, and ``explain`` shows it.
    """

    author: str  # a name where the CRM tells one, else the id
    suggestion: str
    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)  # (record, why)


class UnreadTags:
    """Tagged lines that could not be read, by author and suggestion; each line counts once."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._found: dict[tuple[str | None, str], Unreadable] = {}

    def add(self, opportunity: Opportunity) -> None:
        """Count an opportunity's lines; one on the account comes with each of its opportunities."""
        names = {user.id: user.name for user in opportunity.users or ()}
        for piece in opportunity.unread:
            mark = hash((piece.record, piece.line))
            if mark in self._seen:
                continue
            self._seen.add(mark)
            name = names.get(piece.author or "") or piece.author or "author not known"
            key = (piece.author, piece.suggestion)
            found = self._found.setdefault(key, Unreadable(name, piece.suggestion))
            found.count += 1
            if len(found.examples) < _EXAMPLES:
                found.examples.append((piece.record, piece.why.partition(" '")[0]))

    def all(self) -> list[Unreadable]:
        """Return what was found, by author, the most frequent first."""
        return sorted(self._found.values(), key=lambda one: (one.author, -one.count))


def _may_be_about(rule: Rule, judged: Judged) -> bool:
    """Return whether it is in the rule's phases, and major where asked, as far as anybody knows."""
    phase, major = judged.readings.get("phase"), judged.readings.get("is_major")
    elsewhere = isinstance(phase, Known) and phase.value not in rule.phases
    minor = rule.majors_only and isinstance(major, Known) and not major.value
    return not (elsewhere or minor)


@dataclass(slots=True)
class Report:
    """A run in numbers. ``settled_writes``: what would be written once pending findings settled.

    What private rules do stands apart, in ``private_*``, and enters no other count but the guard's.
    """

    as_of: datetime
    connector: str
    organization: Organization
    usage: Usage
    problems: tuple[Problem, ...] = ()
    opportunities: int = 0
    open: int = 0
    flagged: int = 0
    first_fill: int = 0
    guarded: int = 0  # writes that count for the ceiling
    findings: int = 0
    held_back: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    settled_writes: Counter[str] = field(default_factory=Counter)
    private_findings: int = 0
    private_writes: Counter[str] = field(default_factory=Counter)
    private_settled: Counter[str] = field(default_factory=Counter)
    private_done: int = 0
    fires: Counter[str] = field(default_factory=Counter)  # by rule
    unknown: Counter[str] = field(default_factory=Counter)  # by rule
    in_scope: Counter[str] = field(default_factory=Counter)  # by rule: how many it is about
    missing: Counter[tuple[str, str]] = field(default_factory=Counter)  # (rule, signal)
    unread: UnreadTags = field(default_factory=UnreadTags)
    reasons: dict[str, Counter[str]] = field(default_factory=dict)  # signal -> why it is unknown
    baseline: Baseline = field(default_factory=Baseline)
    reps: Review = field(default_factory=Review)  # what they made of the tasks, by rule
    rules_changed: bool = False  # since the last sync; False where there was none
    read_only: bool = False  # the CRM, as configured, takes no write of ours
    done: int = 0
    failed: list[Failure] = field(default_factory=list)
    left: int = 0  # not sent, because the run was asked to stop
    run: str | None = None  # its id in the state store; None: a plan

    def add(self, plan: OpportunityPlan) -> None:
        """Count the findings and writes of one part of the plan."""
        for finding in plan.findings:
            if finding.rule.private:
                self.private_findings += 1
            else:
                self.findings += 1
                self.held_back[str(finding.held_back or "")] += 1
        for write in plan.writes:
            (self.private_writes if write.private else self.writes)[write.action] += 1
            self.first_fill += write.first_fill
            self.guarded += _guarded(write)
        for write in plan.settled_writes:
            settled = self.private_settled if write.private else self.settled_writes
            settled[write.action] += 1

    @property
    def exit_code(self) -> int:
        """The contract's code: 3 where rights are missing, 4 where records are left."""
        if any(failure.permission for failure in self.failed):
            return 3
        return 4 if self.failed or self.left else 0

    def counts(self) -> dict[str, int]:
        """Return the numbers of the run's row and of its one log line."""
        return {
            "opportunities": self.opportunities,
            "findings": self.findings,
            "planned": sum(self.writes.values()),
            "done": self.done,
            "failed": sum(not failure.private for failure in self.failed),
            "calls": self.usage.calls,
        }

    @property
    def pending(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.writes or self.private_writes)

    def blind_percent(self, rule: str) -> int:
        """Return on what share of the opportunities that a rule is about it cannot tell."""
        return round(100 * self.unknown[rule] / max(self.in_scope[rule], 1))

    def why(self, signal: str) -> str:
        """Return the reason for which a signal was unknown most often; "" where it never was."""
        found = self.reasons.get(signal)
        return max(sorted(found), key=found.__getitem__) if found else ""

    def fix(self, signal: str) -> str:
        """Return the cheapest way to let a signal be known; "" where there is none."""
        return fix_for(self.why(signal), self.connector)

    def missing_for(self, rule: str) -> list[tuple[str, int]]:
        """Return the signals a rule lacks, the most often lacking first."""
        found = [(signal, n) for (of, signal), n in self.missing.items() if of == rule]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))


class Keeper:
    """Counts and stores what planning gives, and shows it."""

    def __init__(self, now: datetime, show: Show, *, commits: bool = False) -> None:
        self._now, self._show, self._commits = now, show, commits
        self._rules: Sequence[Rule] = ()
        self.seen: set[str] = set()
        self.report: Report

    def begin(self, connector: Connector, preflight: Preflight, rules: Sequence[Rule]) -> Report:
        """Start a report; the connector's usage goes on counting in it."""
        self._rules = [r for r in rules if r.mode is not Mode.DISABLED and not r.private]
        self.report = Report(
            self._now, connector.name, preflight.organization, connector.usage, preflight.problems
        )
        able = preflight.capabilities
        self.report.read_only = not (able.tasks or able.flags)
        self._show.begun(self.report)
        return self.report

    def judged(self, judged: Judged) -> None:
        """Count one judged opportunity, and what could not be told of it."""
        report = self.report
        report.opportunities += 1
        report.open += judged.opportunity.is_open
        self.seen.add(judged.opportunity.id)
        report.unread.add(judged.opportunity)
        for rule in self._rules:
            verdict = judged.judgements[rule.id].verdict
            report.in_scope[rule.id] += _may_be_about(rule, judged)
            if verdict is Verdict.FIRES:
                report.fires[rule.id] += 1
            elif verdict is Verdict.UNKNOWN:
                report.unknown[rule.id] += 1
                for clause in rule.condition.clauses():
                    reading = judged.readings.get(clause.signal)
                    if isinstance(reading, Unknown):
                        report.missing[rule.id, clause.signal] += 1
                        why = report.reasons.setdefault(clause.signal, Counter())
                        why[reading.reason] += 1
        self._show.judged(judged)

    def keep(self, plan: OpportunityPlan, tx: Transaction, run: str) -> None:
        """Store what changed, plan the intents, and show findings and writes."""
        tx.save(plan.episodes, plan.tasks, plan.dropped)
        if self._commits:
            tx.outbox.plan(plan.writes, run)
        self.report.add(plan)
        for finding in plan.findings:
            self._show.finding(finding)
        for write in plan.writes:
            self._show.write(write)
        for write in plan.settled_writes:
            self._show.settled_write(write)


def _guarded(write: PlannedWrite) -> bool:
    """Whether a write counts for the ceiling: task writes, and status changes after the first."""
    if write.action != "set_flags":
        return True
    return not write.first_fill and "status" in getattr(write.write, "values", {})
