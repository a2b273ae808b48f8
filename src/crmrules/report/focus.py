"""Which opportunities the page tells one by one, the most urgent first, and what it says of each.

Those with findings that people see in the CRM come first. Where there is none yet, because every
rule is in shadow or all is still settling, those are told that the rules would point at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crmrules.errors import UsageError
from crmrules.findings.hold import SILENT, HeldBack
from crmrules.model import Opportunity
from crmrules.plan import Finding, Judged
from crmrules.plan.tasks import SUBJECT_LENGTH
from crmrules.report import draw, timeline
from crmrules.report.fate import Fates
from crmrules.report.story import Story, tell
from crmrules.report.words import URGENCY, day, evidence, money
from crmrules.rule import Mode, Rule, Severity
from crmrules.texts import render, safe
from crmrules.values import text_values

_HIDDEN = SILENT | {HeldBack.SUPPRESSED}  # as in the CRM: ``plan.fields``


@dataclass(slots=True)
class Candidate:
    """An opportunity that may be told: how urgent it looks, and what its tasks would ask."""

    weight: tuple[float, ...]
    subjects: dict[str, str]  # rule -> the first line of its task, as it would be made now
    story: Story
    made: dict[str, str] = field(default_factory=dict)  # key -> the first line of a task there is


@dataclass(frozen=True, slots=True)
class Shown:
    """One finding as the page tells it."""

    rule: Rule
    urgency: str
    since: str
    ask: str  # the subject of the task
    why: str  # the first sentence of why the rule matters
    seen: list[tuple[str, str]]  # (signal, value) in words
    becomes: str


@dataclass(frozen=True, slots=True)
class Told:
    """One opportunity as the page tells it."""

    story: Story
    amount: str
    closes: str  # when it is to close, or was won
    findings: list[Shown]
    chart: draw.Picture | None
    lines: list[tuple[str, str]]

    @property
    def critical(self) -> bool:
        """Whether one of its findings is for the next two days."""
        return any(one.rule.severity is Severity.P1 for one in self.findings)


@dataclass(slots=True)
class Focus:
    """All that is told one by one. ``shadow``: nothing asks yet, so it is what would."""

    told: list[Told] = field(default_factory=list)
    of: int = 0  # how many there are in all
    critical: int = 0
    attention: int = 0
    flagged: set[str] = field(default_factory=set)
    shadow: bool = False


def weight_of(one: Opportunity, fires: Sequence[Rule]) -> tuple[float, ...]:
    """Return how urgent an opportunity looks: by live rules that fire, then all, then its size."""
    live = [rule for rule in fires if rule.mode is Mode.LIVE]
    return (*_severities(live), *_severities(fires), one.amount or 0.0)


def candidate(judged: Judged, fires: Sequence[Rule], now: datetime) -> Candidate:
    """Return what these firing rules would ask of an opportunity, and its story."""
    subjects = {}
    for rule in fires:
        values = text_values(judged.opportunity, judged.readings, rule)
        try:
            subjects[rule.id] = render(rule.then.task.subject, values, SUBJECT_LENGTH)
        except UsageError:  # `rules check` says so; a rule in shadow writes no task that could fail
            subjects[rule.id] = rule.title
    made = {task.key: task.subject for task in judged.opportunity.our_tasks or () if task.subject}
    return Candidate(weight_of(judged.opportunity, fires), subjects, tell(judged, now), made)


def _severities(rules: Sequence[Rule]) -> tuple[int, int]:
    return sum(rule.severity is Severity.P1 for rule in rules), len(rules)


def opportunities(
    findings: Sequence[Finding],
    candidates: Mapping[str, Candidate],
    fates: Fates,
    most: int,
    denied: Collection[tuple[str, str, int]] = (),
) -> Focus:
    """Return what is told of whom, and how many of each kind there are.

    ``denied``: (rule, opportunity, episode) of what a rep called not true; it is not told first.
    """
    visible: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        key = (finding.rule.id, finding.opportunity, finding.episode.n)
        if finding.held_back not in _HIDDEN and key not in denied:
            visible[finding.opportunity].append(finding)
    focus = Focus(flagged=set(visible))
    focus.critical = sum(_urgent(found) for found in visible.values())
    focus.attention = len(visible) - focus.critical
    if not visible:
        focus.shadow = True
        for finding in findings:
            visible[finding.opportunity].append(finding)
    focus.of = len(visible)
    ranked = sorted(visible, key=lambda id_: _place(visible[id_], candidates.get(id_), id_))
    for id_ in [id_ for id_ in ranked if id_ in candidates][:most]:
        focus.told.append(_told(visible[id_], candidates[id_], fates))
    return focus


def _urgent(findings: Sequence[Finding]) -> bool:
    return any(finding.rule.severity is Severity.P1 for finding in findings)


def _place(
    findings: Sequence[Finding], candidate: Candidate | None, id_: str
) -> tuple[object, ...]:
    urgent = sum(finding.rule.severity is Severity.P1 for finding in findings)
    amount = candidate.weight[-1] if candidate else 0.0
    return (-urgent, -len(findings), -amount, id_)


def _told(findings: Sequence[Finding], candidate: Candidate, fates: Fates) -> Told:
    story = candidate.story
    order = sorted(findings, key=lambda f: (f.rule.severity, f.episode.since, f.rule.id))
    spec = timeline.spec(story, [finding.episode.since for finding in order])
    return Told(
        story,
        money(story.amount, story.currency),
        f"Won on {day(story.won)}" if story.won else f"Closes on {day(story.close_date)}",
        [_shown(finding, candidate, fates) for finding in order],
        draw.draw(spec, f"Timeline of {story.name}. {story.in_words}"),
        [(day(at), text) for at, text in timeline.table(story)],
    )


def _shown(finding: Finding, candidate: Candidate, fates: Fates) -> Shown:
    rule, fate = finding.rule, fates.of(finding)
    if fate.task is not None:
        ask = candidate.made.get(fate.task.key)
    else:
        ask = fates.planned.get((finding.opportunity, rule.id))
    return Shown(
        rule,
        URGENCY[rule.severity],
        day(finding.episode.since),
        safe(ask or candidate.subjects.get(rule.id, ""), SUBJECT_LENGTH),
        " ".join(rule.why.split()).split(". ")[0].rstrip(".") + ".",
        evidence(finding),
        fate.sentence,
    )
