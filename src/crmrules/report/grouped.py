"""All findings, rule by rule: how many ask, how many wait, how many are only counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crmrules.findings.hold import SILENT
from crmrules.plan import Finding
from crmrules.report import draw
from crmrules.report.words import becomes, day, evidence
from crmrules.rule import Rule

MANY = 500  # findings listed; the JSON of `plan` has all of them
_BARS = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. ``seen``: (signal, value) in words."""

    opportunity: str
    id: str
    account: str
    seen: list[tuple[str, str]]
    since: str
    becomes: str


@dataclass(slots=True)
class Group:
    """The findings of one rule."""

    rule: Rule
    asks: int = 0  # a task is made, or there already
    waits: int = 0  # open and live, held back for a reason that passes
    silent: int = 0  # counted only
    lines: list[Line] = field(default_factory=list)

    @property
    def open(self) -> int:
        """Findings that are live: they ask, or wait for a reason that passes."""
        return self.asks + self.waits

    @property
    def told(self) -> str:
        """The three numbers in words, without those that are nothing."""
        pairs = ((self.asks, "ask"), (self.waits, "wait"), (self.silent, "only counted"))
        return ", ".join(f"{n} {word}" for n, word in pairs if n)


@dataclass(frozen=True, slots=True)
class ByRule:
    """All groups, those that ask most first. ``left_out``: findings that are not listed."""

    groups: list[Group]
    left_out: int
    chart: draw.Picture | None
    caption: str
    why: list[tuple[str, int]]  # what becomes of findings, in words, and of how many


def by_rule(findings: Sequence[Finding], names: Mapping[str, tuple[str, str]]) -> ByRule:
    """Return the findings by rule."""
    groups: dict[str, Group] = {}
    fates: Counter[str] = Counter()
    waiting: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        group = groups.setdefault(finding.rule.id, Group(finding.rule))
        held = finding.held_back
        group.asks += held is None
        group.waits += held is not None and held not in SILENT
        group.silent += held in SILENT
        fates[becomes(finding)] += 1
        waiting[finding.rule.id].append(finding)
    ranked = sorted(groups.values(), key=lambda g: (-g.open, -g.silent, g.rule.severity, g.rule.id))
    room = MANY
    for group in ranked:
        ordered = sorted(waiting[group.rule.id], key=lambda f: (f.held_back or "", f.opportunity))
        group.lines = [_line(finding, names) for finding in ordered[:room]]
        room -= len(group.lines)
    chart, caption = _chart(ranked)
    return ByRule(ranked, max(0, len(findings) - MANY), chart, caption, fates.most_common())


def _chart(ranked: Sequence[Group]) -> tuple[draw.Picture | None, str]:
    """Return the rules with the most open findings; with the most counted ones, where none is."""
    top = [(group.rule.title, float(group.open)) for group in ranked if group.open]
    caption = "Open findings, those that ask and those that wait, by rule."
    if not top:
        top = [(group.rule.title, float(group.silent)) for group in ranked]
        caption = "Findings that are only counted, by rule."
    if not top:
        return None, caption
    told = "; ".join(f"{title}: {total:.0f}" for title, total in top[:_BARS])
    spec = draw.bars(top[:_BARS], "", long=True)
    return draw.draw(spec, f"{caption} {told}."), caption


def _line(finding: Finding, names: Mapping[str, tuple[str, str]]) -> Line:
    name, account = names.get(finding.opportunity, (finding.opportunity, "no account"))
    return Line(
        name,
        finding.opportunity,
        account,
        evidence(finding),
        day(finding.episode.since),
        becomes(finding),
    )


__all__ = ["MANY", "ByRule", "Group", "Line", "by_rule"]
