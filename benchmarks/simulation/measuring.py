"""From an organization to counts: per rule and level, what fired, what was so, what nobody saw.

Know before changing: everything between the records and the verdict is the product's own code: the
baseline, the coverage gate, the signals, the engine. Text signals are off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from crmrules import evaluate
from crmrules.engine import build
from crmrules.plan import Judged
from crmrules.rule import Rule, Verdict
from crmrules.signals import Known
from simulation.lives import NOW, Life
from simulation.recording import record
from simulation.truth import TRUTHS

Z = 1.96  # 95 %


@dataclass(slots=True)
class Count:
    """One rule at one level; each set holds keys of opportunities."""

    scope: int = 0  # in its phases, and large enough, as the CRM says
    unknown: set[str] = field(default_factory=set)
    fires: set[str] = field(default_factory=set)
    true: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)  # fires, and no rule that fires hides it
    held: bool = False  # the coverage gate keeps it in shadow

    @property
    def right(self) -> set[str]:
        """Return where it fires and is right."""
        return self.fires & self.true

    @property
    def seen(self) -> set[str]:
        """Return where it is so and the data can tell."""
        return self.true - self.unknown


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval after Wilson."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """Return the share; None of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float]:
        """Return the lower and the upper end."""
        if not self.whole:
            return 0.0, 1.0
        share, n = self.part / self.whole, self.whole
        middle = share + Z * Z / (2 * n)
        width = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
        scale = 1 + Z * Z / n
        return max(0.0, (middle - width) / scale), min(1.0, (middle + width) / scale)

    def __str__(self) -> str:
        if not self.whole:
            return "-"
        low, high = self.interval
        return f"{100 * self.part / self.whole:.0f} % ({100 * low:.0f}-{100 * high:.0f})"


def measured(rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that need no text: those a truth is stated for."""
    return [rule for rule in rules if rule.id in TRUTHS]


def at_level(lives: Sequence[Life], rules: Sequence[Rule], level: float) -> dict[str, Count]:
    """Judge the organization as its CRM shows it at a level; return the counts per rule."""
    seen = [one for life in lives if (one := record(life, level).as_of(NOW)) is not None]
    baseline = evaluate.measure(seen, NOW)
    judge = evaluate.Evaluator(build(rules, "python"), rules, baseline, NOW)
    held = evaluate.uncovered(rules, baseline)
    counts = {rule.id: Count(held=rule.id in held) for rule in rules}
    for life in lives:
        for rule, count in counts.items():
            if TRUTHS[rule].holds(life):
                count.true.add(life.key)
    for judged in judge.judge(seen):
        fired = [one for one in rules if judged.judgements[one.id].verdict is Verdict.FIRES]
        hides = {other.rule for one in fired for other in one.hides}
        for rule in rules:
            _add(counts[rule.id], rule, judged, hidden=rule.id in hides)
    return counts


def _add(count: Count, rule: Rule, judged: Judged, *, hidden: bool) -> None:
    verdict, key = judged.judgements[rule.id].verdict, judged.opportunity.id
    phase, major = judged.readings["phase"], judged.readings["is_major"]
    there = isinstance(phase, Known) and phase.value in {str(one) for one in rule.phases}
    large = not rule.majors_only or not isinstance(major, Known) or bool(major.value)
    count.scope += there and large
    if verdict is Verdict.FIRES:
        count.fires.add(key)
        if not hidden:
            count.shown.add(key)
    elif verdict is Verdict.UNKNOWN:
        count.unknown.add(key)


def more_than_chance(full: Count, less: Count) -> tuple[int, int, bool]:
    """Return false alarms that less data added and took away, and whether that is beyond chance.

    The same opportunities are compared. If a false alarm were as likely to appear as to go, the
    number added among those that changed would be binomial with one half: beyond chance is a
    one-sided probability below one in a thousand.
    """
    wrong, before = less.fires - less.true, full.fires - full.true
    added, gone = len(wrong - before), len(before - wrong)
    changed = added + gone
    tail = sum(math.comb(changed, k) for k in range(added, changed + 1)) / 2**changed
    return added, gone, tail < 0.001
