"""What a sync keeps so that somebody can look back: the rules, what was missing, and each week.

All of it is part of the sync's own transaction: a run that fails or is stopped leaves none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from crmrules import __version__
from crmrules.connector import Problem
from crmrules.difference import recorded
from crmrules.outcome import Report
from crmrules.rule import Rule
from crmrules.state import Transaction

BACKDATED = timedelta(days=1)  # judged by an earlier moment, today's records are not of that week
READINESS = "readiness"  # a note: what each rule could tell at the last sync


def keep(tx: Transaction, report: Report, pack: Sequence[Rule]) -> None:
    """Keep which pack ran, and what its rules could not tell here, and why."""
    if pack:
        tx.packs.used(*recorded(pack), __version__, report.as_of)
    rules = {rule: _told(report, rule) for rule in sorted(report.in_scope)}
    values = {"as_of": report.as_of.isoformat(), "opportunities": report.opportunities}
    tx.history.set(READINESS, values | {"rules": rules})


def upgraded(tx: Transaction, pack: Sequence[Rule]) -> tuple[Problem, ...]:
    """Return a warning where these are not the rules, the overlay aside, that ran last.

    A changed threshold of a live rule acts at the next sync, and no guard looks at it.
    """
    before = tx.packs.all()[:1] if pack else []
    if all(row.hash == recorded(pack)[0] for row in before):
        return ()
    what = f"the rule files are not those that ran last (crmrules {before[0].version})"
    remedy = "Run 'crmrules rules diff' before the next sync: it says what they do otherwise."
    return (Problem(what, remedy),)


def _told(report: Report, rule: str) -> dict[str, Any]:
    missing = {
        signal: {"times": n, "why": report.why(signal), "fix": report.fix(signal)}
        for signal, n in report.missing_for(rule)
    }
    return {
        "in_scope": report.in_scope[rule],
        "fires": report.fires[rule],
        "unknown": report.unknown[rule],
        "missing": missing,
    }


def keep_week(
    tx: Transaction, local: datetime, told: datetime | None, won_since: date, weeks: int
) -> None:
    """Keep the records as they are, where this is the first sync of a week.

    ``local``: the moment judged by, in the organization's time; ``told``: the CRM's own, where it
    tells one. Nothing is kept of a run that judges by the past, and nothing where ``weeks`` is 0.
    """
    backdated = told is not None and told - local > BACKDATED
    if weeks and not backdated and tx.snapshots.due(local):
        tx.snapshots.take(local, won_since)
