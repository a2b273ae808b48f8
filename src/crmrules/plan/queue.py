"""Who gets a new task: candidates of all opportunities, ranked, capped, and in working hours.

An opportunity is not kept until the caps are known, so a candidate carries its write ready made.
There are two queues in a run, one for each column: *next sync*, and *once settled*, which counts
pending findings as settled and every hour as a working hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from crmrules.findings import HeldBack, Ranked, TaskRecord, TaskStatus, rank_and_cap
from crmrules.findings.calendar import PATIENCE, Calendar
from crmrules.findings.hold import Load, asked, asked_of
from crmrules.model import Opportunity
from crmrules.plan import tasks
from crmrules.plan.digest import Digest
from crmrules.plan.types import Finding, Judged, OpportunityPlan, PlannedWrite, Policy
from crmrules.plan.who import Staff
from crmrules.rule import Rule, Severity, Verdict


@dataclass(frozen=True, slots=True)
class Candidate:
    """A finding that could become a task, its write, and its record if it does.

    ``calendar`` is of whom it would be asked; ``about`` the opportunity's name, where it has one.
    """

    place: Ranked
    finding: Finding
    calendar: Calendar
    write: PlannedWrite | None = None
    wish: TaskRecord | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What one opportunity adds to a run: it hangs on no other opportunity.

    ``candidates``: of each column. ``records``: our tasks there, as they are now.
    """

    plan: OpportunityPlan
    opportunity: Opportunity
    records: Sequence[TaskRecord] = ()
    candidates: tuple[Sequence[Candidate], ...] = ()
    flagged: bool = False  # it is open, and something on it is open and live


@dataclass(slots=True)
class Queue:
    """The candidates of one column, and how much is asked of people already."""

    organization: str
    now: datetime
    policy: Policy
    tasks_on: bool
    digest: Digest
    settled: bool = False
    load: Load = field(default_factory=Load)
    _candidates: list[Candidate] = field(default_factory=list)

    def count(self, records: Iterable[TaskRecord]) -> None:
        """Add an opportunity's open tasks, and those made today, to the load."""
        zone = self.policy.time_zone
        today = self.now.astimezone(zone).date()
        for record in records:
            if record.status.unfinished and record.addressee == "o":
                self.load.per_opportunity[record.opportunity] += 1
            if record.owner is None:
                continue
            if record.status.unfinished:
                self.load.per_owner[record.owner] += 1
            made = None if record.status is TaskStatus.WANTED else record.made_at
            if made and made.astimezone(zone).date() == today:
                self.load.made_today[record.owner] += 1

    def take(self, part: Part, place: int) -> None:
        """Queue what one opportunity asks for in the column of this ``place``."""
        self._candidates += part.candidates[place]
        self.count(part.records)

    def sort(
        self,
        findings: Iterable[Finding],
        judged: Judged,
        by_rule: Mapping[str, Sequence[TaskRecord]],
    ) -> tuple[list[Finding], list[Candidate]]:
        """Return the findings that are decided already, and the candidates of all of them."""
        decided: list[Finding] = []
        asked: list[Candidate] = []
        for finding in findings:
            records = by_rule.get(finding.rule.id, ())
            offered = self._offer(finding, judged, records)
            if isinstance(offered, Candidate):
                asked.append(offered)
                continue
            decided.append(offered)
            copy = self._copy(offered, judged, records)
            asked += [] if copy is None else [copy]
        return decided, asked

    def _offer(
        self, finding: Finding, judged: Judged, records: Sequence[TaskRecord]
    ) -> Finding | Candidate:
        """Return the candidate that a finding is, or the finding where it is decided already."""
        done = finding.held_back is not None or asked(finding.episode, records)
        if done or finding.verdict is not Verdict.FIRES:
            return finding
        staff = Staff.around(judged.opportunity, self.policy)
        owner = staff.owner(finding.rule)
        write = None
        if owner is not None and self.tasks_on:
            write = tasks.create(finding, judged, owner, self.organization, self.now, staff)
            if finding.rule.severity is Severity.P3 and self.digest.knows(write):
                return replace(finding, held_back=HeldBack.DIGEST)
        return self._candidate(finding, judged, records, owner, write, staff)

    def _copy(
        self, finding: Finding, judged: Judged, records: Sequence[TaskRecord]
    ) -> Candidate | None:
        """Return the manager's copy of a task that its owner has left open for too long."""
        rule, episode = finding.rule, finding.episode
        if not rule.copy_manager or not self.tasks_on or finding.held_back is not None:
            return None
        open_ = (r for r in records if r.episode == episode.n and r.status is TaskStatus.OPEN)
        mine = next((record for record in open_ if record.addressee == "o"), None)
        if mine is None or mine.owner is None or mine.made_at is None:
            return None
        staff = Staff.around(judged.opportunity, self.policy)
        manager, calendar = staff.manager(mine.owner), staff.calendar(mine.owner)
        patient = calendar.after(calendar.day(mine.made_at), tasks.COPY_AFTER)
        early = calendar.day(self.now) <= patient
        if early or manager is None or asked_of(episode, records, "m"):
            return None
        asked_now = tasks.create(finding, judged, manager, self.organization, self.now, staff)
        write = tasks.copy_for_manager(asked_now, mine, manager, self.organization, staff)
        return self._candidate(finding, judged, records, manager, write, staff, copy=True)

    def _candidate(
        self,
        finding: Finding,
        judged: Judged,
        records: Sequence[TaskRecord],
        owner: str | None,
        write: PlannedWrite | None,
        staff: Staff,
        *,
        copy: bool = False,
    ) -> Candidate:
        rule, opportunity = finding.rule, judged.opportunity
        calendar, key = staff.calendar(owner or ""), None if write is None else write.key
        wanted = next((r.made_at for r in records if r.key == key and r.made_at), self.now)
        place = Ranked(
            rule.id,
            opportunity.id,
            rule.severity,
            owner,
            opportunity.amount,
            finding.episode.since,
            copy=copy,
            off_hours=self._off_hours(judged, rule, calendar, wanted),
        )
        wish = None if write is None else tasks.wish(write, finding, judged, wanted)
        return Candidate(place, finding, calendar, write, wish, opportunity.name)

    def _off_hours(self, judged: Judged, rule: Rule, calendar: Calendar, wanted: datetime) -> bool:
        """Return whether this is not the time to ask; what is about tomorrow cannot wait."""
        if not calendar.postpones(self.now, wanted):
            return False
        event = tasks.event_of(rule, judged.readings, self.now, calendar.zone)
        return event is None or event - self.now > PATIENCE

    def decide(self) -> Iterator[tuple[Candidate, HeldBack | None]]:
        """Yield the candidates in rank order, each with why it waits (None: it is asked now)."""
        found = sorted(self._candidates, key=lambda one: one.place.place)
        held = rank_and_cap([one.place for one in found], self.load, self.policy.limits)
        self._candidates = []
        for one in found:
            reason = held[one.place.rule, one.place.opportunity]
            if reason is HeldBack.DIGEST and one.write is not None:
                self.digest.tell(one.write, one.calendar, one.about)
            # What goes into a digest, or waits in the queue, has not been wished for yet.
            wished = reason in (None, HeldBack.WORKING_HOURS)
            yield (one if wished else replace(one, wish=None)), reason
