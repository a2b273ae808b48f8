"""The metrics that stand in the state store, those of the schedule, and those of a run.

It only reads, and waits for nobody.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from crmrules.connector import Usage
from crmrules.errors import UsageError
from crmrules.observe.meters import Meters, Values
from crmrules.observe.targets import Targets
from crmrules.outcome import Report
from crmrules.state.journal import opened
from crmrules.state.types import IntentState, RunRow, Status
from crmrules.transport import watermark

MOST_RULES = 500  # labels; the shipped pack has sixty


def read(url: str, organization: str | None) -> Status | None:
    """Return what the store knows; None: nothing yet, or of several organizations none is ours."""
    with opened(url) as store:
        if store is None:
            return None
        there = store.organizations()
        ours = there[0] if organization is None and len(there) == 1 else organization
        return store.for_org(ours).status(limit=1) if ours in there else None


def of_store(meters: Meters, org: str, found: Status, told: Collection[str] | None) -> None:
    """Set what the store knows. ``told``: the rules that may be named; None: nobody knows which.

    Not those that may not: of a rule that has left its folder nobody knows whether it was private.
    """
    for name, row in (("success", found.last_success), ("complete", found.last_complete)):
        meters.set(f"last_{name}_timestamp_seconds", _ended(row), org)
    states: Values = {(str(state),): float(found.outbox.get(state, 0)) for state in IntentState}
    meters.replace("outbox", states, org)
    meters.set("outbox_oldest_timestamp_seconds", _stamp(found.waiting_since), org)
    meters.set("quarantine_oldest_timestamp_seconds", _stamp(found.refused_since), org)
    marks: Values = {}
    for kind, mark in found.marks.items():
        with suppress(UsageError):
            marks[(kind,)] = watermark(mark).timestamp()
    meters.replace("watermark_timestamp_seconds", marks, org)
    if told is not None:
        shown = {rule: n for rule, n in found.open_episodes.items() if rule in told}
        first = sorted(shown)[:MOST_RULES]
        meters.replace("findings_open", {(rule,): float(shown[rule]) for rule in first}, org)


def of_schedule(meters: Meters, targets: Targets, complete: datetime | None) -> None:
    """Set what the schedule wants. ``complete``: when a sync last came to its end, where known."""
    meters.set("schedule_period_seconds", targets.period.total_seconds(), targets.org)
    if complete is not None:  # else a text file may know it
        overdue = targets.overdue(complete)
        meters.set("last_complete_timestamp_seconds", complete.timestamp(), targets.org)
        meters.set("overdue_timestamp_seconds", overdue.timestamp(), targets.org)


def of_run(meters: Meters, org: str, report: Report | None, usage: Usage | None) -> None:
    """Set and count what a run did, as far as it came."""
    if usage is not None:
        for (part, status), n in usage.answers.items():
            meters.add("calls", n, org, part, status)
        limit, used = usage.quota_limit, usage.quota_used
        left = None if limit is None or used is None else max(0, limit - used)
        if left is not None:
            meters.set("budget_calls", limit, org)
            meters.set("budget_calls_left", left, org)
    if report is not None:
        meters.set("opportunities", report.opportunities, org)
        counts = report.counts()
        for result in ("done", "failed"):
            meters.add("writes", counts[result], org, result)


def _stamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _ended(row: RunRow | None) -> float | None:
    return None if row is None else _stamp(row.ended)
