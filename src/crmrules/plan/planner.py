"""From verdicts to writes: what is wanted, minus what is present.

``Planner.add`` takes one opportunity at a time and gives back what it settles by itself: episodes,
findings that wait, field changes, tasks no longer needed. Who gets a new task can only be said when
all are known, because the caps count per owner: ``finish`` ranks the candidates.

Every run has two columns. *Next sync* is what is written; *once settled* is what would be if every
pending finding had settled. It writes nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from crmrules.findings import (
    Episode,
    Ranked,
    TaskRecord,
    TaskStatus,
    adopt,
    advance,
    hold_on_opportunity,
    observe,
    rank_and_cap,
)
from crmrules.findings.hold import Gates, Load, asked, not_true
from crmrules.model import OurTask
from crmrules.plan import fields, tasks
from crmrules.plan.evidence import evidence_of
from crmrules.plan.types import Finding, Judged, OpportunityPlan, PlannedWrite, Policy
from crmrules.rule import Rule, Verdict


@dataclass(slots=True)
class _Column:
    """The candidates of one column, and how much is asked of people already."""

    settled: bool
    candidates: list[tuple[Ranked, Finding, PlannedWrite | None]] = field(default_factory=list)
    load: Load = field(default_factory=Load)


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier runs left about one opportunity."""

    episodes: Sequence[Episode] = ()
    tasks: Sequence[TaskRecord] = ()


class Planner:
    """Plans one run. ``writable``: which of our fields the CRM, as configured, takes."""

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        organization: str,
        now: datetime,
        policy: Policy,
        gates: Gates,
        writable: frozenset[str],
        can_write_tasks: bool,
    ) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self._organization, self._now, self._policy = organization, now, policy
        self._gates, self._writable, self._tasks_on = gates, writable, can_write_tasks
        self._next, self._settled = _Column(settled=False), _Column(settled=True)
        self.flagged = 0  # open opportunities with something open and live

    def add(self, judged: Judged, past: Past) -> OpportunityPlan:
        """Plan what one opportunity decides by itself; keep its candidates for ``finish``."""
        plan = OpportunityPlan()
        episodes, records = self._remember(judged, past, plan)
        current = self._advance(judged, episodes, plan)
        by_rule: dict[str, list[TaskRecord]] = {}
        for record in records:
            by_rule.setdefault(record.rule, []).append(record)
        self._close(judged, current, records, plan)
        for column in (self._next, self._settled):
            findings = self._hold(judged, current, by_rule, column)
            writes = plan.settled_writes if column.settled else plan.writes
            self._fields(judged, findings, by_rule, writes, count=not column.settled)
            waiting = self._queue(judged, findings, by_rule, column)
            plan.findings += [] if column.settled else waiting
        plan.settled_writes += [w for w in plan.writes if w.action != "set_flags"]
        self._count(records)
        return plan

    def finish(self) -> OpportunityPlan:
        """Rank all candidates, apply the caps, and return the findings and tasks that decides."""
        plan = OpportunityPlan()
        for column in (self._next, self._settled):
            ranked = [candidate for candidate, _, _ in column.candidates]
            held = rank_and_cap(ranked, column.load, self._policy.limits)
            for place, finding, write in sorted(column.candidates, key=lambda c: c[0].place):
                reason = held[place.rule, place.opportunity]
                made = [write] if write is not None and reason is None else []
                if column.settled:
                    plan.settled_writes += made
                    continue
                plan.findings.append(replace(finding, held_back=reason))
                plan.writes += made
                plan.tasks += [tasks.wish(new, finding, self._now) for new in made]
            column.candidates.clear()
        return plan

    def _remember(
        self, judged: Judged, past: Past, plan: OpportunityPlan
    ) -> tuple[dict[str, Episode], list[TaskRecord]]:
        """Bring what we knew up to date with what the CRM shows of our tasks."""
        now, opportunity = self._now, judged.opportunity
        present = {task.key: task for task in opportunity.our_tasks}
        known = {record.key for record in past.tasks}
        episodes = {episode.rule: episode for episode in past.episodes}
        lost = [task for key, task in present.items() if key not in known]
        adopted, found = adopt(opportunity.id, lost, now)
        for episode in found:
            mine = episodes.get(episode.rule)
            if mine is None or mine.n < episode.n:
                episodes[episode.rule] = episode
                plan.episodes.append(episode)
        kept = opportunity.won is False  # of what is lost, no tasks are read any more
        records = [self._observed(r, present.get(r.key), kept=kept) for r in past.tasks]
        plan.tasks += adopted
        plan.tasks += [new for old, new in zip(past.tasks, records, strict=True) if new != old]
        return episodes, [*records, *adopted]

    def _observed(self, record: TaskRecord, task: OurTask | None, *, kept: bool) -> TaskRecord:
        if task is not None:
            return observe(record, task, self._now)
        if record.status.unfinished and record.rule in self.rules and not kept:
            # Somebody deleted it. (A private task is looked for only while its rule is on.)
            return replace(record, status=TaskStatus.DELETED, ended_at=self._now)
        return record

    def _advance(
        self, judged: Judged, episodes: Mapping[str, Episode], plan: OpportunityPlan
    ) -> dict[str, Episode]:
        current: dict[str, Episode] = {}
        for rule in self.rules.values():
            before = episodes.get(rule.id)
            judgement = judged.judgements.get(rule.id)
            after = before
            if judgement is not None:
                after = advance(
                    before,
                    rule,
                    judged.opportunity.id,
                    judgement.verdict,
                    self._now,
                    settle=self._policy.settle,
                    closed=not judged.opportunity.is_open,
                )
            given_back = before is not None and (after is None or after.n < before.n)
            if given_back:
                plan.dropped.append((rule.id, judged.opportunity.id))
            if after is None:
                continue
            current[rule.id] = after
            if after != before and not given_back:
                plan.episodes = [e for e in plan.episodes if e.rule != rule.id] + [after]
        return current

    def _close(
        self,
        judged: Judged,
        episodes: Mapping[str, Episode],
        records: list[TaskRecord],
        plan: OpportunityPlan,
    ) -> None:
        """Plan the end of tasks nobody needs, and hand open ones to a new owner."""
        if not self._tasks_on:
            return
        present = {task.key: task for task in judged.opportunity.our_tasks}
        for record in list(tasks.unfinished(records)):
            episode, task = episodes.get(record.rule), present.get(record.key)
            if episode is None or task is None:
                continue
            write = self._ending(judged, record, episode, task)
            if write is not None:
                plan.writes.append(write)
                if write.action != "update_task":
                    records.remove(record)
                    records.append(replace(record, status=TaskStatus.WITHDRAWN))

    def _ending(
        self, judged: Judged, record: TaskRecord, episode: Episode, task: OurTask
    ) -> PlannedWrite | None:
        rule = self.rules[record.rule]
        if not episode.active and episode.n == record.episode:
            return tasks.withdraw(record, episode, task, self._policy, private=rule.private)
        owner = tasks.owner_of(judged.opportunity, rule, self._policy)
        due = tasks.moved_due(rule, task, judged.readings, self._now, self._policy)
        return tasks.hand_over(record, task, owner, due, private=rule.private)

    def _hold(
        self,
        judged: Judged,
        episodes: Mapping[str, Episode],
        by_rule: Mapping[str, Sequence[TaskRecord]],
        column: _Column,
    ) -> list[Finding]:
        active = [episode for episode in episodes.values() if episode.active]
        if not active:
            return []
        evidence = {e.rule: evidence_of(self.rules[e.rule], judged) for e in active}
        held = hold_on_opportunity(
            active,
            self.rules,
            by_rule,
            self._gates,
            self._now,
            settled=column.settled,
            evidence={
                rule: frozenset(i for piece in pieces for i in piece["records"])
                for rule, pieces in evidence.items()
            },
        )
        return [
            Finding(
                self.rules[e.rule],
                e.opportunity,
                judged.judgements[e.rule].verdict,
                e,
                evidence[e.rule],
                held[e.rule],
            )
            for e in active
            if e.rule in judged.judgements
        ]

    def _fields(
        self,
        judged: Judged,
        findings: Sequence[Finding],
        by_rule: Mapping[str, Sequence[TaskRecord]],
        writes: list[PlannedWrite],
        *,
        count: bool,
    ) -> None:
        denied = frozenset(
            f.rule.id for f in findings if not_true(f.episode, by_rule.get(f.rule.id, ()))
        )
        visible = fields.shown(findings, denied)
        if count and visible and judged.opportunity.is_open:
            self.flagged += 1
        wanted = fields.wanted_fields(judged, self.rules.values(), visible)
        write = fields.write_of(judged.opportunity, wanted, self._writable, self._now)
        if write is not None:
            writes.append(write)

    def _queue(
        self,
        judged: Judged,
        findings: Sequence[Finding],
        by_rule: Mapping[str, Sequence[TaskRecord]],
        column: _Column,
    ) -> list[Finding]:
        """Queue what could become a task; return the findings that are decided already."""
        decided = []
        for finding in findings:
            records = by_rule.get(finding.rule.id, ())
            done = finding.held_back is not None or asked(finding.episode, records)
            if done or finding.verdict is not Verdict.FIRES:
                decided.append(finding)
                continue
            column.candidates.append(self._candidate(finding, judged))
        return decided

    def _candidate(
        self, finding: Finding, judged: Judged
    ) -> tuple[Ranked, Finding, PlannedWrite | None]:
        """Render the task now: an opportunity is not kept until the caps are known."""
        rule, opportunity = finding.rule, judged.opportunity
        owner = tasks.owner_of(opportunity, rule, self._policy)
        place = Ranked(
            rule.id, opportunity.id, rule.severity, owner, opportunity.amount, finding.episode.since
        )
        if owner is None or not self._tasks_on:
            return place, finding, None
        organization, now, policy = self._organization, self._now, self._policy
        return place, finding, tasks.create(finding, judged, owner, organization, now, policy)

    def _count(self, records: Iterable[TaskRecord]) -> None:
        """Add this opportunity's open tasks, and those made today, to both columns' load."""
        today = self._now.astimezone(self._policy.time_zone).date()
        for record in records:
            for column in (self._next, self._settled):
                if record.status.unfinished:
                    column.load.per_opportunity[record.opportunity] += 1
                if record.owner is None:
                    continue
                if record.status.unfinished:
                    column.load.per_owner[record.owner] += 1
                made = None if record.status is TaskStatus.WANTED else record.made_at
                if made and made.astimezone(self._policy.time_zone).date() == today:
                    column.load.made_today[record.owner] += 1
