"""A self-contained HTML page of one run: who needs attention and why, and how well the rules do.

It works offline: no script, no font, no picture from anywhere; its own policy forbids the browser
to fetch anything. Everything that came from the CRM is escaped by the template, and nothing of
private rules reaches it. It decides nothing; ``Page`` collects what a run shows it.

Charts need the extra ``report``; without it every figure is a table.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from crmrules.letters import shown
from crmrules.model import Opportunity, Phase
from crmrules.outcome import Report, Show
from crmrules.plan import Finding, Judged, PlannedWrite
from crmrules.report import draw
from crmrules.report.fate import Fates
from crmrules.report.figures import figures
from crmrules.report.focus import Candidate, candidate, opportunities, weight_of
from crmrules.report.grouped import by_rule
from crmrules.report.paper import WEEKS, Paperwork
from crmrules.report.reps import answers
from crmrules.report.template import render
from crmrules.report.words import day, named
from crmrules.rule import Mode, Rule, Verdict
from crmrules.signals import Known
from crmrules.state.lookback import Lookback

TIMELINES = 25  # opportunities told one by one, unless asked otherwise
_NEVER = datetime.max.replace(tzinfo=UTC)  # until a run says by which moment it judges
_KEPT = 400  # candidates in memory while a run goes on; which are told is known at its end


@dataclass(slots=True)
class Page:
    """Collects what a run shows. ``timelines``: how many opportunities are told one by one.

    ``rules``: those of the run; private and disabled ones are left out here.
    """

    title: str
    rules: Iterable[Rule] = ()
    timelines: int = TIMELINES
    findings: list[Finding] = field(default_factory=list)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    writes: list[PlannedWrite] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    paper: Paperwork = field(default_factory=Paperwork)
    _now: datetime = _NEVER
    _heap: list[tuple[tuple[float, ...], str, Candidate]] = field(default_factory=list)
    _judgeable: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Keep the rules that may be spoken of."""
        told = [r for r in self.rules if not r.private and r.mode is not Mode.DISABLED]
        self.rules = told

    def show(self) -> Show:
        """Return the receiver to hand to a run."""
        return Show(
            judged=self._judged, finding=self._finding, write=self._write, begun=self._begun
        )

    def _begun(self, report: Report) -> None:
        self._now = report.as_of

    def _write(self, write: PlannedWrite) -> None:
        if not write.private:
            self.writes.append(write)

    def _finding(self, finding: Finding) -> None:
        if not finding.rule.private:
            self.findings.append(finding)

    def _judged(self, judged: Judged) -> None:
        one = judged.opportunity
        for user in one.users or ():
            self.users[user.id] = named(user.name, user.id)
        self.paper.add(one, self._now, self._now - timedelta(weeks=WEEKS))
        verdicts = [(rule, judged.judgements[rule.id].verdict) for rule in self.rules]
        if _has_phase(judged) and any(verdict is not Verdict.UNKNOWN for _, verdict in verdicts):
            self._judgeable.add(one.id)
        fires = [rule for rule, verdict in verdicts if verdict is Verdict.FIRES]
        if fires or one.our_tasks:
            account = one.account.name if one.account else None
            self.names[one.id] = (named(one.name, one.id), named(account, "no account"))
        if fires and self.timelines:
            self._keep(one, judged, fires)

    def _keep(self, one: Opportunity, judged: Judged, fires: list[Rule]) -> None:
        """Keep an opportunity for a timeline, while it is among the most urgent."""
        place = (weight_of(one, fires), one.id)
        full = len(self._heap) >= max(_KEPT, 2 * self.timelines)  # 500 may be asked for
        if full and place < self._heap[0][:2]:
            return
        entry = (*place, candidate(judged, fires, self._now))
        (heapq.heapreplace if full else heapq.heappush)(self._heap, entry)

    def html(self, report: Report, past: Lookback | None = None) -> str:
        """Return the page of a run; ``past``: what the state store tells of earlier ones."""
        candidates = {id_: found for _, id_, found in self._heap}
        past = past or Lookback()
        fates = Fates.told(past.tasks, self.writes)
        focus = opportunities(self.findings, candidates, fates, self.timelines, past.denied)
        titles = {rule.id: rule.title for rule in self.rules}
        page = render(
            title=self.title,
            notes=self.notes,
            report=report,
            as_of=f"{day(report.as_of)}, {report.as_of:%H:%M} UTC",
            organization=named(report.organization.name, report.organization.id),
            focus=focus,
            fine=len(self._judgeable - focus.flagged),
            unseen=max(0, report.opportunities - len(self._judgeable | focus.flagged)),
            live=any(rule.mode is Mode.LIVE for rule in self.rules),
            rules=by_rule(self.findings, self.names, fates),
            answers=answers(report.reps, titles),
            figures=figures(report, list(self.rules), self.paper, self.users, past),
            problems=[p for p in report.problems if p not in report.reps.problems],
            charts=draw.able(),
        )
        # Whoever reads the page's source in a terminal is as safe as who reads the page.
        return shown(page)


def _has_phase(judged: Judged) -> bool:
    reading = judged.readings.get("phase")
    return isinstance(reading, Known) and reading.value in set(Phase)


__all__ = ["TIMELINES", "Page"]
