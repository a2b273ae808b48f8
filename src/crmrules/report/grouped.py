"""All findings, rule by rule: how many ask, wait, are answered, are only counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crmrules.plan import Finding
from crmrules.report import draw
from crmrules.report.fate import Fate, Fates, Kind
from crmrules.report.words import day, evidence
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
    kinds: Counter[Kind] = field(default_factory=Counter)
    lines: list[Line] = field(default_factory=list)

    @property
    def open(self) -> int:
        """Findings that are live: they ask, or wait for a reason that passes."""
        return self.kinds[Kind.ASKS] + self.kinds[Kind.WAITS]

    @property
    def told(self) -> str:
        """The numbers in words, without those that are nothing."""
        return ", ".join(f"{self.kinds[kind]} {kind}" for kind in Kind if self.kinds[kind])


@dataclass(frozen=True, slots=True)
class ByRule:
    """All groups, those that ask most first. ``left_out``: findings that are not listed."""

    groups: list[Group]
    left_out: int
    chart: draw.Picture | None
    caption: str
    why: list[tuple[str, int]]  # what becomes of findings, in words, and of how many


def by_rule(
    findings: Sequence[Finding], names: Mapping[str, tuple[str, str]], fates: Fates
) -> ByRule:
    """Return the findings by rule."""
    groups: dict[str, Group] = {}
    why: Counter[str] = Counter()
    found: defaultdict[str, list[tuple[Finding, Fate]]] = defaultdict(list)
    for finding in findings:
        group = groups.setdefault(finding.rule.id, Group(finding.rule))
        fate = fates.of(finding)
        group.kinds[fate.kind] += 1
        why[fate.short] += 1
        found[finding.rule.id].append((finding, fate))
    ranked = sorted(groups.values(), key=_rank)
    room = MANY
    for group in ranked:
        ordered = sorted(found[group.rule.id], key=_place)
        group.lines = [_line(finding, fate, names) for finding, fate in ordered[:room]]
        room -= len(group.lines)
    chart, caption = _chart(ranked)
    return ByRule(ranked, max(0, len(findings) - MANY), chart, caption, why.most_common())


def _rank(group: Group) -> tuple[int, int, str, str]:
    """Place the rules with most open findings first, then those with most that are counted."""
    return (-group.open, -group.kinds[Kind.SILENT], group.rule.severity, group.rule.id)


def _place(one: tuple[Finding, Fate]) -> tuple[int, str, str]:
    finding, fate = one
    return (list(Kind).index(fate.kind), fate.short, finding.opportunity)


def _chart(ranked: Sequence[Group]) -> tuple[draw.Picture | None, str]:
    """Return the rules with the most open findings; with the most counted ones, where none is."""
    top = [(group.rule.title, float(group.open)) for group in ranked if group.open]
    caption = "Open findings, those that ask and those that wait, by rule."
    if not top:
        counted = [(group.rule.title, group.kinds[Kind.SILENT]) for group in ranked]
        top = [(title, float(n)) for title, n in counted if n]
        caption = "Findings that are only counted, by rule."
    if not top:
        return None, caption
    told = "; ".join(f"{title}: {total:.0f}" for title, total in top[:_BARS])
    spec = draw.bars(top[:_BARS], "", long=True)
    return draw.draw(spec, f"{caption} {told}."), caption


def _line(finding: Finding, fate: Fate, names: Mapping[str, tuple[str, str]]) -> Line:
    name, account = names.get(finding.opportunity, (finding.opportunity, "no account"))
    return Line(
        name,
        finding.opportunity,
        account,
        evidence(finding),
        day(finding.episode.since),
        fate.words,
    )


__all__ = ["MANY", "ByRule", "Group", "Line", "by_rule"]
