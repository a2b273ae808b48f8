"""What the next sync would make of one rule set: both columns, and what would stop it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crmrules.guards import Exceeded
from crmrules.outcome import Report
from crmrules.plan import Finding, OpportunityPlan, PlannedWrite
from crmrules.rule import Rule


@dataclass(slots=True)
class Column:
    """One of the two: *next sync*, or *once settled*."""

    writes: list[PlannedWrite] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class Outlook:
    """One rule set's future. ``unseen``: its rules that the next sync would only count.

    ``stops``: what would keep the next sync from writing at all.
    """

    rules: Mapping[str, Rule]
    report: Report
    unseen: frozenset[str] = frozenset()
    next_sync: Column = field(default_factory=Column)
    once_settled: Column = field(default_factory=Column)
    stops: Sequence[Exceeded] = ()

    def add(self, plans: Iterable[OpportunityPlan]) -> None:
        """Take parts of the plan, in order."""
        for plan in plans:
            self.report.add(plan)
            self.next_sync.writes += plan.writes
            self.next_sync.findings += plan.findings
            self.once_settled.writes += plan.settled_writes
            self.once_settled.findings += plan.settled_findings
