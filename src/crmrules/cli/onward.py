"""What to do next: the last line of each step from ``init`` to ``run``.

It looks at what the step found, so that a newcomer never has to guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crmrules.rule import Mode, Rule

PROMOTE = "set rules you want to {mode: live} in the overlay, then crmrules plan"


def after_plan(report: Any, rules: Iterable[Rule], *, stopped: bool) -> str:
    """Return what follows a plan; ``stopped``: a guard would stop the sync."""
    if _wrong(report):
        return "Next: crmrules doctor"
    if report.read_only:
        return "Next: crmrules report, or crmrules init for the CRM itself (docs/install.md)"
    if not _live(rules):
        return f"No rule is live: a sync only counts. Next: {PROMOTE}; or crmrules sync"
    if stopped:
        return "Next: do what the guard's line says, then crmrules plan"
    return "Next: crmrules sync"


def after_report(report: Any, rules: Iterable[Rule]) -> str:
    """Return what follows a page."""
    if _wrong(report):
        return "Next: crmrules doctor"
    if report.read_only:
        return "Next: open it in a browser; crmrules init for the CRM itself (docs/install.md)"
    if not _live(rules):
        return f"Next: open it in a browser; {PROMOTE}"
    return "Next: open it in a browser; crmrules plan lists what the next sync writes"


def after_sync(report: Any, rules: Iterable[Rule]) -> str:
    """Return what follows a sync."""
    if report.failed or report.left:
        return "Next: crmrules sync, once what failed is mended; what can be tried again is"
    if not _live(rules):
        return f"Next: {PROMOTE}"
    return "Next: crmrules run"


def _wrong(report: Any) -> bool:
    return any(problem.level == "error" for problem in report.problems)


def _live(rules: Iterable[Rule]) -> bool:
    return any(rule.mode is Mode.LIVE for rule in rules)
