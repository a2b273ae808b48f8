"""What ``doctor`` looks at, in the order of a run. A failed step does not hide the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmrules import log, rulebook
from crmrules.budget import Budget, runs_a_day
from crmrules.cli.doctor import Finding
from crmrules.cli.targets import targets
from crmrules.cli.wire import connect, load_rules, make
from crmrules.connector import Preflight
from crmrules.cron import Cron
from crmrules.decide import Job
from crmrules.engine import build
from crmrules.errors import CrmRulesError
from crmrules.outcome import Report
from crmrules.plan import missing_flags
from crmrules.rule import Mode
from crmrules.settings import Settings, load
from crmrules.state import Transaction
from crmrules.sync import plan, pull


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found; per rule whether this organization can see it; and tags nobody could read."""

    found: list[Finding]
    readiness: list[dict[str, Any]] = field(default_factory=list)
    quota: Budget | None = None
    mail: dict[str, Any] | None = None  # share of open opportunities with inbound mail, and a hint
    unread: list[dict[str, Any]] = field(default_factory=list)


def checkup(config: Path | None, *, log_format: Any, verbose: int, quick: bool) -> Checkup:
    """Look at everything in turn."""
    log.configure(log_format, verbose=verbose)
    found: list[Finding] = []
    try:
        settings, base = load(config)
    except CrmRulesError as error:
        return Checkup([_error(error)])
    book = _step(found, lambda: load_rules(settings, base))
    if book is not None:
        _step(found, lambda: build(book.enabled, settings.engine))
        _modes(book, found)
    _step(found, lambda: targets(settings, base, config))
    connector = _step(found, lambda: connect(settings, base))
    if connector is None:
        return Checkup(found)
    try:
        preflight = _step(found, connector.check)
        meter = _Meter(connector.usage.calls)
        refused = () if preflight is None else _step(found, connector.may_write) or ()
        found += [_problem(problem) for problem in refused]
    finally:
        getattr(connector, "close", lambda: None)()
    if preflight is None:
        return Checkup(found)
    found += [_problem(problem) for problem in preflight.problems]
    if book is not None:
        missing = missing_flags(book.enabled, preflight.capabilities)
        found += [_problem(problem) for problem in missing]
    if quick or book is None:
        return Checkup(found)
    # What stops a sync does not stop a look: this is when an admin wants to know what it would see.
    return _with_data(settings, base, found, preflight, meter)


def _step(found: list[Finding], step: Any) -> Any:
    try:
        return step()
    except CrmRulesError as error:
        found.append(_error(error))
        return None


def _error(error: CrmRulesError) -> Finding:
    where = f"{error.where}: " if error.where else ""
    return Finding("error", log.scrub(f"{where}{error.message}"), error.remedy, error.exit_code)


def _problem(problem: Any) -> Finding:
    code = 3 if problem.level == "error" else 0
    return Finding(problem.level, problem.what, problem.remedy, code)


def _modes(book: rulebook.RuleBook, found: list[Finding]) -> None:
    if not any(rule.mode is Mode.LIVE for rule in book.rules):
        found.append(
            Finding(
                "warning",
                "no rule is live: a sync only counts",
                "Look at 'crmrules plan', then set {mode: live} for the rules you want in the "
                "overlay.",
            )
        )


def _with_data(
    settings: Settings, base: Path, found: list[Finding], preflight: Preflight, meter: _Meter
) -> Checkup:
    """Plan once, write nothing, and say per rule what is missing."""
    made = make(settings, base)
    try:
        report = _step(found, lambda: plan(made.job(), full=True, then=meter.pull_again))
        rules = list(made.book.enabled)
    finally:
        made.close()
    if report is None:
        return Checkup(found)
    known = {finding.what for finding in found}
    found += [_problem(problem) for problem in report.problems if problem.what not in known]
    quota = meter.budget(settings, report)
    found += [] if quota is None else [_problem(problem) for problem in quota.problems()]
    return Checkup(
        found,
        readiness=[_line(rule, report) for rule in rules if not rule.private],
        unread=[
            {"author": one.author, "count": one.count, "suggestion": one.suggestion}
            for one in report.unread.all()
        ],
        quota=quota,
        mail={
            "seen_percent": _percent(report.baseline.inbound_share),
            "why": preflight.unseen_mail,
        },
    )


@dataclass(slots=True)
class _Meter:
    """Counts the calls of a full sync, then those of one to which nothing has happened since.

    ``check``: what looking at the CRM took, which every sync begins with.
    """

    check: int
    full: int = 0
    again: int = 0

    def pull_again(self, job: Job, tx: Transaction) -> None:
        """Pull what changed since everything was pulled a moment ago."""
        self.full = job.connector.usage.calls
        pull(job.connector, tx, full=False, run="doctor", now=job.now)
        self.again = job.connector.usage.calls - self.full

    def budget(self, settings: Settings, report: Report) -> Budget | None:
        """Return what the schedule costs; None where nothing is called."""
        if not self.full:
            return None
        ceiling = report.usage.ceiling  # as the connector has it, also where nobody wrote one
        return Budget(
            idle=self.check + self.again,
            full=self.full,
            runs=runs_a_day(Cron(settings.schedule.cron)),
            ceiling=self.full if ceiling is None else ceiling,
            limit=report.usage.quota_limit,
        )


def _percent(share: float | None) -> int | None:
    return None if share is None else round(share * 100)


def _line(rule: Any, report: Report) -> dict[str, Any]:
    missing = [name for name, _ in report.missing_for(rule.id)[:3]]
    return {
        "rule": rule.id,
        "mode": str(rule.mode),
        "fires": report.fires[rule.id],
        "blind_percent": report.blind_percent(rule.id),
        "missing": missing,
        "why": {name: report.why(name) for name in missing},
        "fix": {name: fix for name in missing if (fix := report.fix(name))},
    }
