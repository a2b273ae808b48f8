"""Wanted minus present: from verdicts to the exact writes of a run."""

from crmrules.plan.evidence import evidence_of, in_short
from crmrules.plan.fields import missing_flags
from crmrules.plan.planner import Past, Planner
from crmrules.plan.queue import Part
from crmrules.plan.types import (
    Colleague,
    Finding,
    Judged,
    OpportunityPlan,
    PlannedWrite,
    Policy,
    stamp,
)

__all__ = [
    "Colleague",
    "Finding",
    "Judged",
    "OpportunityPlan",
    "Part",
    "Past",
    "PlannedWrite",
    "Planner",
    "Policy",
    "evidence_of",
    "in_short",
    "missing_flags",
    "stamp",
]
