"""What planning takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from crmrules.connector import ChangeTask, CreateTask, SetFields, Write, is_private
from crmrules.engine import Judgement
from crmrules.findings import Episode, HeldBack, Limits, TaskRecord
from crmrules.findings.calendar import Hours
from crmrules.findings.tasks import CoolDowns
from crmrules.model import Opportunity
from crmrules.rule import Rule, Verdict
from crmrules.signals import Known, Unknown

Readings = Mapping[str, Known[Any] | Unknown]


@dataclass(frozen=True, slots=True)
class Colleague:
    """What ``[owners]`` of the configuration says of one of our people; None: nothing."""

    time_zone: tzinfo | None = None
    country: str | None = None
    manager: str | None = None  # the manager's id


@dataclass(frozen=True, slots=True)
class Policy:
    """How findings become writes: ``[tasks]`` and ``[owners]`` of the configuration.

    ``time_zone``, ``country`` and ``hours`` are the organization's, for whom nothing better is
    known (``hours`` None: tasks are made at any time). ``owners``: by id, or by e-mail in lower
    case. ``holdout`` is the share of opportunities that are judged and left alone, to compare with.
    """

    settle: timedelta = timedelta(hours=12)
    limits: Limits = field(default_factory=Limits)
    cool_downs: CoolDowns = field(default_factory=CoolDowns)
    fallback_owner: str | None = None
    fallback_address: str | None = None  # what names them in the configuration, if no id does
    completed_status: str = "Completed"
    cancelled_status: str = "Completed"
    time_zone: tzinfo = UTC
    country: str | None = None
    hours: Hours | None = None
    owners: Mapping[str, Colleague] = field(default_factory=dict)
    holdout: float = 0.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One opportunity, its signals and what every rule said."""

    opportunity: Opportunity
    readings: Readings
    judgements: Mapping[str, Judgement]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fires on an opportunity, and what becomes of it."""

    rule: Rule
    opportunity: str
    verdict: Verdict
    episode: Episode
    evidence: tuple[Mapping[str, Any], ...]
    held_back: HeldBack | None
    owner: str | None = None  # of a candidate for a task: who would be asked

    def json(self) -> dict[str, Any]:
        """Return the contract's shape."""
        return {
            "rule": self.rule.id,
            "opportunity": self.opportunity,
            "verdict": str(self.verdict),
            "mode": str(self.rule.mode),
            "episode": self.episode.n,
            "since": stamp(self.episode.since),
            "severity": str(self.rule.severity),
            "flag": self.rule.then.flag,
            "evidence": [dict(piece) for piece in self.evidence],
            "held_back": None if self.held_back is None else str(self.held_back),
        }


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """One write, and what it replaces."""

    action: str  # create_task, update_task, complete_task, cancel_task, set_flags
    write: Write
    opportunity: str  # "": about several, the digest
    rule: str | None = None
    owner: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    first_fill: bool = False

    @property
    def key(self) -> str | None:
        """The task's key; None for a write that only sets fields."""
        return None if isinstance(self.write, SetFields) else self.write.key

    @property
    def private(self) -> bool:
        """Whether it is about a private rule's task."""
        return is_private(self.write)

    def json(self) -> dict[str, Any]:
        """Return the contract's shape."""
        return {
            "action": self.action,
            "rule": self.rule,
            "opportunity": self.opportunity or None,
            "owner": self.owner,
            "key": self.key,
            "fields": written_fields(self.write),
        }


@dataclass(slots=True)
class OpportunityPlan:
    """What one opportunity adds to the plan."""

    findings: list[Finding] = field(default_factory=list)
    writes: list[PlannedWrite] = field(default_factory=list)
    settled_writes: list[PlannedWrite] = field(default_factory=list)
    settled_findings: list[Finding] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)  # new or changed
    dropped: list[tuple[str, str]] = field(default_factory=list)  # (rule, opportunity)
    tasks: list[TaskRecord] = field(default_factory=list)  # new or changed

    def column(self, *, settled: bool) -> list[PlannedWrite]:
        """Return the writes of *once settled* or of *next sync*."""
        return self.settled_writes if settled else self.writes


def written_fields(write: Write) -> dict[str, Any]:
    """Return the values a write sets, ready for JSON."""
    if isinstance(write, CreateTask):
        task = write.task
        return {"subject": task.subject, "body": task.body, "due": task.due.isoformat()}
    return {name: _plain(value) for name, value in write.values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def stamp(moment: datetime) -> str:
    """Return a moment the way every JSON of ours writes it: UTC, seconds, Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


__all__ = [
    "ChangeTask",
    "Colleague",
    "Finding",
    "Judged",
    "OpportunityPlan",
    "PlannedWrite",
    "Policy",
    "Readings",
    "stamp",
    "written_fields",
]
