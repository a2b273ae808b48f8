"""From verdicts to writes: what is wanted, minus what is present.

``Planner.add`` takes one opportunity at a time and gives back what it settles by itself: episodes,
findings that wait, field changes, tasks no longer needed. Who gets a new task can only be said when
all are known, because the caps count per owner: ``finish`` ranks the candidates.

Every run has two columns. *Next sync* is what is written; *once settled* is what would be if every
pending finding had settled. It writes nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crmrules.findings import (
    Episode,
    EpisodeStatus,
    TaskRecord,
    TaskStatus,
    adopt,
    hold_on_opportunity,
    observe,
)
from crmrules.findings.hold import Gates, held_out, not_true
from crmrules.findings.tasks import accept, awaits_evidence
from crmrules.model import OurTask
from crmrules.plan import fields
from crmrules.plan.changes import Changes
from crmrules.plan.course import Course
from crmrules.plan.digest import Digest
from crmrules.plan.evidence import evidence_of, rests_on
from crmrules.plan.queue import Candidate, Part, Queue
from crmrules.plan.types import Finding, Judged, OpportunityPlan, PlannedWrite, Policy
from crmrules.rule import Mode, Rule


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier runs left about one opportunity."""

    episodes: Sequence[Episode] = ()
    tasks: Sequence[TaskRecord] = ()


class Planner:
    """Plans one run. ``writable``: which of our fields the CRM, as configured, takes.

    ``digests``: the records of digests that earlier runs made.
    """

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
        digests: Sequence[TaskRecord] = (),
    ) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self._organization, self._now, self._policy = organization, now, policy
        self._gates, self._writable, self._tasks_on = gates, writable, can_write_tasks
        self._anybody = any(r.mode is Mode.LIVE and not r.private for r in self.rules.values())
        any_hour = replace(policy, hours=None)
        self._next, self._settled = (
            Queue(organization, now, how, can_write_tasks, Digest(now, how, digests), settled)
            for how, settled in ((policy, False), (any_hour, True))
        )
        self.flagged = 0  # open opportunities with something open and live

    def add(self, judged: Judged, past: Past) -> OpportunityPlan:
        """Plan what one opportunity decides by itself; keep its candidates for ``finish``."""
        part = self.consider(judged, past)
        self.take(part)
        return part.plan

    def consider(self, judged: Judged, past: Past) -> Part:
        """Return what one opportunity adds, and keep nothing of it."""
        plan, flagged = OpportunityPlan(), False
        episodes, records = self._remember(judged, past, plan)
        course = Course(self.rules, judged, records, self._now, self._policy.settle, plan)
        current = course.run(episodes)
        records = self._accepted(judged, records, current, plan)
        by_rule: dict[str, list[TaskRecord]] = {}
        for record in records:
            by_rule.setdefault(record.rule, []).append(record)
        self._close(judged, current, records, plan)
        asked: list[list[Candidate]] = []
        for queue in (self._next, self._settled):
            findings = self._hold(judged, current, by_rule, settled=queue.settled)
            visible = self._fields(judged, findings, by_rule, plan.column(settled=queue.settled))
            flagged |= bool(visible) and not queue.settled
            decided, candidates = queue.sort(findings, judged, by_rule)
            (plan.settled_findings if queue.settled else plan.findings).extend(decided)
            asked.append(candidates)
        plan.settled_writes += [w for w in plan.writes if w.action != "set_flags"]
        flagged = flagged and judged.opportunity.is_open
        return Part(plan, judged.opportunity, records, tuple(asked), flagged)

    def take(self, part: Part) -> None:
        """Keep what one opportunity adds for ``finish``, as ``consider`` or an earlier run gave it.

        That of an earlier run holds while nothing differs that concerns the opportunity.
        """
        self.flagged += part.flagged
        for place, queue in enumerate((self._next, self._settled)):
            queue.take(part, place)
            if self._anybody and self._tasks_on:
                queue.digest.read(part.opportunity)

    def count(self, records: Iterable[TaskRecord]) -> None:
        """Add the tasks of opportunities that are not planned to what is asked of people."""
        found = list(records)
        for queue in (self._next, self._settled):
            queue.count(found)

    def finish(self) -> OpportunityPlan:
        """Rank all candidates, apply the caps, and return the findings and tasks that decides."""
        plan = OpportunityPlan()
        for queue in (self._next, self._settled):
            writes = plan.column(settled=queue.settled)
            findings = plan.settled_findings if queue.settled else plan.findings
            for candidate, reason in queue.decide():
                if reason is None and candidate.write is not None:
                    writes.append(candidate.write)
                if not candidate.place.copy:  # of a copy, the finding itself asked before
                    owner = candidate.place.owner
                    findings.append(replace(candidate.finding, held_back=reason, owner=owner))
                if candidate.wish is not None and not queue.settled:
                    plan.tasks.append(candidate.wish)
            for write, record in queue.digest.make():
                writes += [] if write is None else [write]
                plan.tasks += [] if queue.settled else [record]
        return plan

    def _remember(
        self, judged: Judged, past: Past, plan: OpportunityPlan
    ) -> tuple[dict[str, Episode], list[TaskRecord]]:
        """Bring what we knew up to date with what the CRM shows of our tasks."""
        now, opportunity = self._now, judged.opportunity
        present = {task.key: task for task in opportunity.our_tasks or ()}
        known = {record.key for record in past.tasks}
        episodes = {episode.rule: episode for episode in past.episodes}
        lost = [task for key, task in present.items() if key not in known]
        adopted, found = adopt(opportunity.id, lost, now)
        for episode in found:
            mine = episodes.get(episode.rule)
            # A task proves that its episode opened; a state lost and begun again by the past may
            # have it pending still.
            opened = mine is not None and mine.status is not EpisodeStatus.PENDING
            if mine is None or mine.n < episode.n or (mine.n == episode.n and not opened):
                episodes[episode.rule] = episode
                plan.episodes.append(episode)
        # Of the past nobody knows the tasks, and of what is lost none are read any more.
        kept = opportunity.our_tasks is None or opportunity.won is False
        records = [self._observed(r, present.get(r.key), kept=kept) for r in past.tasks]
        plan.tasks += adopted
        plan.tasks += [new for old, new in zip(past.tasks, records, strict=True) if new != old]
        return episodes, [*records, *adopted]

    def _observed(self, record: TaskRecord, task: OurTask | None, *, kept: bool) -> TaskRecord:
        if task is not None:
            today = self._now.astimezone(self._policy.time_zone).date()
            return observe(record, task, self._now, today=today)
        if record.status.unfinished and record.rule in self.rules and not kept:
            # Somebody deleted it. (A private task is looked for only while its rule is on.)
            return replace(record, status=TaskStatus.DELETED, ended_at=self._now)
        return record

    def _accepted(
        self,
        judged: Judged,
        records: Sequence[TaskRecord],
        episodes: Mapping[str, Episode],
        plan: OpportunityPlan,
    ) -> list[TaskRecord]:
        """Mark the completed tasks that new evidence followed."""
        found = []
        for record in records:
            after = record
            if record.rule in self.rules and awaits_evidence(record, self._now):
                ids = rests_on(self.rules[record.rule], judged)
                after = accept(record, episodes.get(record.rule), ids, self._now)
            if after != record:
                plan.tasks = [t for t in plan.tasks if t.key != after.key] + [after]
            found.append(after)
        return found

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
        changes = Changes(self.rules, judged, episodes, records, self._policy, self._now)
        for record, write in changes.wanted():
            plan.writes.append(write)
            if write.action != "update_task":
                records.remove(record)
                records.append(replace(record, status=TaskStatus.WITHDRAWN))

    def _hold(
        self,
        judged: Judged,
        episodes: Mapping[str, Episode],
        by_rule: Mapping[str, Sequence[TaskRecord]],
        *,
        settled: bool,
    ) -> list[Finding]:
        active = [episode for episode in episodes.values() if episode.active]
        if not active:
            return []
        evidence = {e.rule: evidence_of(self.rules[e.rule], judged) for e in active}
        held = hold_on_opportunity(
            active,
            self.rules,
            by_rule,
            replace(self._gates, held_out=self._held_out(judged)),
            self._now,
            settled=settled,
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
    ) -> Sequence[Finding]:
        """Plan what our fields should say, and return the findings that people see there."""
        denied = frozenset(
            f.rule.id for f in findings if not_true(f.episode, by_rule.get(f.rule.id, ()))
        )
        visible = fields.shown(findings, denied)
        shown = () if self._held_out(judged) else self.rules.values()
        wanted = fields.wanted_fields(judged, shown, visible)
        write = fields.write_of(judged.opportunity, wanted, self._writable, self._now)
        if write is not None:
            writes.append(write)
        return visible

    def _held_out(self, judged: Judged) -> bool:
        return held_out(self._organization, judged.opportunity.id, self._policy.holdout)
