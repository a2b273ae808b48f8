"""A self-contained HTML page of one run: findings, what is held back, and which rules are blind.

It works offline: no script, no font, no picture from anywhere. Everything that came from the CRM is
escaped. It decides nothing; ``Page`` collects what ``sync`` shows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

from crmrules.letters import shown
from crmrules.outcome import Report, Show
from crmrules.plan import Finding, Judged, PlannedWrite
from crmrules.report.reps import section
from crmrules.report.style import STYLE
from crmrules.texts import in_words, safe

_MANY = 500  # findings shown; the JSON of `plan` has all of them
_LONGEST = 200  # UTF-16 code units of a name
_HELD = {
    None: "task made, or there already",
    "pending": "waits until it has settled",
    "shadow": "rule is in shadow: counted only",
    "coverage_gate": "winners here do not fill this in either",
    "suppressed": "another finding asks first",
    "cooldown": "asked recently",
    "snoozed": "snoozed by its owner",
    "cap_opportunity": "enough open tasks on this opportunity",
    "cap_owner": "enough tasks for this owner",
    "digest": "for the weekly digest",
    "no_owner": "nobody active to ask",
    "demoted": "rule was demoted to shadow",
    "working_hours": "made when its owner is at work",
    "holdout": "left alone, to compare with",
}


@dataclass(slots=True)
class Page:
    """Collects what a run shows, for the page."""

    title: str
    findings: list[Finding] = field(default_factory=list)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    writes: list[PlannedWrite] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def show(self) -> Show:
        """Return the receiver to hand to a run."""
        return Show(finding=self._finding, write=self._write, judged=self._judged)

    def _write(self, write: PlannedWrite) -> None:
        if not write.private:
            self.writes.append(write)

    def _finding(self, finding: Finding) -> None:
        if not finding.rule.private:
            self.findings.append(finding)

    def _judged(self, judged: Judged) -> None:
        opportunity = judged.opportunity
        account = opportunity.account.name if opportunity.account else ""
        if any(j.verdict == "fires" for j in judged.judgements.values()) or opportunity.our_tasks:
            name = safe(opportunity.name or "", _LONGEST) or opportunity.id
            self.names[opportunity.id] = (name, safe(account or "", _LONGEST))

    def html(self, report: Report, rules: list[Any]) -> str:
        """Return the page."""
        parts = [
            f"<h1>{escape(self.title)}</h1>",
            _facts(report, self),
            *(f"<p>{escape(note)}</p>" for note in self.notes),
            "<h2>What was found</h2>",
            self._findings(),
            "<h2>Which rules can see here</h2>",
            self._readiness(report, rules),
            section(report.reps, {rule.id: rule.title for rule in rules}),
            _unread(report),
            _problems(report),
        ]
        # Whoever reads the page's source in a terminal is as safe as who reads the page.
        return shown(
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{escape(self.title)}</title><style>{STYLE}</style></head>"
            f"<body><main>{''.join(parts)}</main></body></html>\n"
        )

    def _findings(self) -> str:
        order = sorted(self.findings, key=lambda f: (f.held_back or "", f.rule.severity, f.rule.id))
        rows = "".join(self._finding_row(finding) for finding in order[:_MANY])
        more = len(order) - _MANY
        tail = f"<p>… and {more} more: see <code>crmrules plan --format json</code>.</p>"
        if not rows:
            return "<p>Nothing: no rule fires on any opportunity.</p>"
        head = "<th>Opportunity<th>Rule<th>Seen<th>Since<th>What becomes of it"
        return f"<table><thead><tr>{head}<tbody>{rows}</table>" + (tail if more > 0 else "")

    def _finding_row(self, finding: Finding) -> str:
        name, account = self.names.get(finding.opportunity, (finding.opportunity, ""))
        seen = "<br>".join(
            f"{escape(str(p['signal']).replace('_', ' '))}: <b>{escape(in_words(p['value']))}</b>"
            for p in finding.evidence
        )
        held = None if finding.held_back is None else str(finding.held_back)
        state = "held" if held else "asked"
        return (
            f"<tr><td>{escape(name)}<br><small>{escape(account)} · "
            f"{escape(finding.opportunity)}</small>"
            f"<td><span class={finding.rule.severity}>{finding.rule.severity}</span> "
            f"{escape(finding.rule.title)}<br><small>{escape(finding.rule.id)}</small>"
            f"<td>{seen}<td>{finding.episode.since:%d %b %Y}"
            f"<td class={state}>{escape(_HELD.get(held, held or ''))}"
        )

    def _readiness(self, report: Report, rules: list[Any]) -> str:
        rows = []
        for rule in rules:
            if rule.private:
                continue
            missing = report.missing_for(rule.id)[:3]
            reason = "; ".join(
                f"{name.replace('_', ' ')} ({n}): {report.why(name)}" for name, n in missing
            )
            fixes = dict.fromkeys(fix for name, _ in missing if (fix := report.fix(name)))
            rows.append(
                f"<tr><td>{escape(rule.title)}<br><small>{escape(rule.id)}</small><td>{rule.mode}"
                f"<td class=n>{report.fires[rule.id]}<td class=n>{report.blind_percent(rule.id)} %"
                f"<td>{escape(reason)}<td>{'<br>'.join(map(escape, fixes))}"
            )
        head = (
            "<th>Rule<th>Mode<th>Fires on<th>Cannot tell on<th>Because this is missing"
            "<th>What would help"
        )
        return f"<table><thead><tr>{head}<tbody>{''.join(rows)}</table>"


def _facts(report: Report, page: Page) -> str:
    usage = report.usage
    quota = f" of {usage.quota_limit} a day" if usage.quota_limit else ""
    cells = {
        "as of": f"{report.as_of:%d %b %Y %H:%M} UTC",
        "opportunities judged": report.opportunities,
        "findings": len(page.findings),
        "writes": sum(report.writes.values()),
        "once settled": sum(report.settled_writes.values()),
        "calls used": f"{usage.calls} (floor {usage.floor}{quota})",
    }
    items = "".join(f"<div><b>{escape(str(v))}</b><span>{k}</span></div>" for k, v in cells.items())
    return f"<section class=facts>{items}</section>"


def _unread(report: Report) -> str:
    """Tags that nobody could read; never the line, which is its author's own note."""
    rows = "".join(
        f"<tr><td>{escape(one.author)}<td class=n>{one.count}<td>{escape(one.suggestion)}<td>"
        + "<br>".join(f"{escape(record)}: {escape(why)}" for record, why in one.examples)
        for one in report.unread.all()
    )
    head = "<th>Author<th>Lines<th>What would help<th>Where"
    table = f"<table><thead><tr>{head}<tbody>{rows}</table>"
    return f"<h2>Tags that could not be read</h2>{table}" if rows else ""


def _problems(report: Report) -> str:
    told = [p for p in report.problems if p not in report.reps.problems]
    if not told:
        return ""
    items = "".join(f"<li>{escape(p.what)} <em>{escape(p.remedy)}</em></li>" for p in told)
    return f"<h2>What this organization does not show us</h2><ul>{items}</ul>"
