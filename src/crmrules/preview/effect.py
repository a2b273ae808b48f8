"""What a changed rule set would do, told as the difference to the current one.

Two futures are compared as they are: neither is made from the other. A task that appears is made
under the changed rules alone, or stays open under them alone; one that goes is made under the
current rules alone, or ended under the changed ones alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmrules.findings import HeldBack
from crmrules.plan import PlannedWrite, stamp
from crmrules.preview.outlook import Outlook


@dataclass(frozen=True, slots=True)
class TaskChange:
    """One task that appears, goes or reads differently, and why.

    ``action``: the write that only one of the two rule sets makes.
    """

    rule: str
    opportunity: str | None  # None: it is about several, the digest
    owner: str | None
    key: str | None
    action: str
    reason: str
    private: bool = False

    def json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "rule": self.rule,
            "opportunity": self.opportunity,
            "owner": self.owner,
            "key": self.key,
            "action": self.action,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class ColumnEffect:
    """What one column gains and loses. ``reads_differently``: in both, with other values."""

    appear: Sequence[TaskChange]
    go: Sequence[TaskChange]
    reads_differently: Sequence[TaskChange]

    def json(self, *, private: bool) -> dict[str, Any]:
        """Return it for programs."""
        return {
            name: [one.json() for one in getattr(self, name) if private or not one.private]
            for name in ("appear", "go", "reads_differently")
        }


@dataclass(frozen=True, slots=True)
class RuleChange:
    """How one rule differs. ``settings`` and ``mode``: before and after; None: it is not there."""

    rule: str
    mode: tuple[str | None, str | None]
    settings: Mapping[str, tuple[Any, Any]]
    texts: bool  # what reps read differs
    counted_first: bool  # the next sync only counts it, whatever its mode
    private: bool = False

    def json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "rule": self.rule,
            "mode": list(self.mode),
            "settings": {name: list(values) for name, values in self.settings.items()},
            "texts": self.texts,
            "counted_first": self.counted_first,
        }


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding that appears (``before`` None), goes (``after`` None) or is held back otherwise.

    Each of the two: why it makes no task, or "" where nothing holds it back.
    """

    rule: str
    opportunity: str
    before: str | None
    after: str | None
    private: bool = False

    def json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "rule": self.rule,
            "opportunity": self.opportunity,
            "before": _held(self.before),
            "after": _held(self.after),
        }


@dataclass(frozen=True, slots=True)
class FlagChange:
    """Flags of an opportunity after the next sync, by the current and by the changed rules."""

    opportunity: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "opportunity": self.opportunity,
            "before": list(self.before),
            "after": list(self.after),
        }


@dataclass(frozen=True, slots=True)
class Effect:
    """The difference, and under ``after`` all that the next sync would write."""

    before: Outlook
    after: Outlook
    synced_at: datetime
    unsettled: int  # writes of the last sync that nobody knows the outcome of: taken as not made
    rules: Sequence[RuleChange]
    next_sync: ColumnEffect
    once_settled: ColumnEffect
    findings: Sequence[FindingChange]
    flags: Sequence[FlagChange]

    def json(self, *, include_private: bool = False) -> dict[str, Any]:
        """Return all of it for programs; what private rules do only where asked for."""
        report = self.after.report

        def shown(changes: Iterable[Any]) -> list[dict[str, Any]]:
            return [one.json() for one in changes if include_private or not one.private]

        def writes(found: Iterable[PlannedWrite]) -> list[dict[str, Any]]:
            return [write.json() for write in found if include_private or not write.private]

        return {
            "as_of": stamp(report.as_of),
            "connector": report.connector,
            "organization": report.organization.id,
            "opportunities": report.opportunities,
            "synced_at": stamp(self.synced_at),
            "unsettled": self.unsettled,
            "rules": shown(self.rules),
            "next_sync": self.next_sync.json(private=include_private),
            "once_settled": self.once_settled.json(private=include_private),
            "by_rule": self.counted("rule", include_private=include_private),
            "by_owner": self.counted("owner", include_private=include_private),
            "opportunities_most_affected": self.affected(include_private=include_private),
            "findings": shown(self.findings),
            "held_back": {
                "before": _counts(self.before.report.held_back),
                "after": _counts(report.held_back),
            },
            "flags": [one.json() for one in self.flags],
            "over_cap": self.over_cap(include_private=include_private),
            "stops": [{"what": one.what, "remedy": one.remedy} for one in self.after.stops],
            "writes": writes(self.after.next_sync.writes),
            "writes_once_settled": writes(self.after.once_settled.writes),
        }

    def counted(self, name: str, *, include_private: bool = False) -> list[dict[str, Any]]:
        """Return how many tasks appear and go by ``rule`` or ``owner``, in both columns."""
        found: dict[str, dict[str, int]] = {}
        for title, column in (("next_sync", self.next_sync), ("once_settled", self.once_settled)):
            for what in ("appear", "go"):
                for one in getattr(column, what):
                    if include_private or not one.private:
                        row = found.setdefault(getattr(one, name) or "", {})
                        row[f"{title}_{what}"] = row.get(f"{title}_{what}", 0) + 1
        columns = [f"{c}_{w}" for c in ("next_sync", "once_settled") for w in ("appear", "go")]
        rows = [{name: k or None} | {c: v.get(c, 0) for c in columns} for k, v in found.items()]
        return sorted(rows, key=lambda row: (-sum(row[c] for c in columns), row[name] or ""))

    def affected(self, *, include_private: bool = False) -> list[dict[str, Any]]:
        """Return how much changes on each opportunity, the most first: tasks, findings, flags."""
        counted: Counter[str] = Counter(one.opportunity for one in self.flags)
        for column in (self.next_sync, self.once_settled):
            for one in (*column.appear, *column.go, *column.reads_differently):
                if one.opportunity and (include_private or not one.private):
                    counted[one.opportunity] += 1
        for finding in self.findings:
            counted[finding.opportunity] += include_private or not finding.private
        rows = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        return [{"opportunity": name, "changes": n} for name, n in rows if n]

    def over_cap(self, *, include_private: bool = False) -> list[dict[str, Any]]:
        """Return owners whose findings wait because of a cap, once settled: before and after."""
        counts = [_capped(outlook, include_private) for outlook in (self.before, self.after)]
        owners = sorted(counts[0].keys() | counts[1].keys())
        return [{"owner": one, "before": counts[0][one], "after": counts[1][one]} for one in owners]


def _capped(outlook: Outlook, include_private: bool) -> Counter[str]:
    """Count, by owner, the findings that wait because too much is asked of somebody."""
    counted: Counter[str] = Counter()
    for finding in outlook.once_settled.findings:
        if finding.held_back is HeldBack.CAP_OWNER and (
            include_private or not finding.rule.private
        ):
            counted[finding.owner or ""] += 1
    return counted


def _held(reason: str | None) -> Any:
    """Return null: there is no such finding; "none": nothing holds it back; else the reason."""
    return reason if reason is None else reason or "none"


def _counts(held: Counter[str]) -> dict[str, int]:
    return {reason: n for reason, n in sorted(held.items()) if reason and n}
