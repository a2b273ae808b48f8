"""From stored rows to verdicts: one opportunity at a time, in batches the engine likes.

Two passes over the store: the first measures what is normal here (``Baseline``), the second judges.
Only a batch is ever in memory. A sample of the judgements is held to the interpreted definition
before anybody acts on them; one difference stops the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from crmrules import signals
from crmrules.baseline import COVERAGE_GATE, Baseline, BaselineBuilder
from crmrules.connector import Row
from crmrules.engine import Engine, Facts, Judgement, build
from crmrules.engine.selfcheck import check_sample
from crmrules.model import Opportunity
from crmrules.plan import Judged
from crmrules.rule import Rule, Verdict
from crmrules.text import Reader

SIGNS = "signs_of_concern"  # the one signal that other rules give
UNVOICED = "concerns_recorded"  # a rule that reads it says that none is voiced, no sign of one
CONCERNS = "conc-"  # how the ids of the rules about concerns start
BATCH = 200  # opportunities judged together
SAMPLE = 50  # every n-th opportunity is judged again by the definition, the first one always

Stored = Iterable[tuple[str, Sequence[Row]]]
Normalize = Callable[[str, Sequence[Row]], Opportunity | None]


def opportunities(stored: Stored, normalize: Normalize, now: datetime) -> Iterator[Opportunity]:
    """Yield every stored opportunity as it was known at ``now``."""
    for opportunity_id, rows in stored:
        opportunity = normalize(opportunity_id, rows)
        then = opportunity.as_of(now) if opportunity is not None else None
        if then is not None:
            yield then


def measure(
    found: Iterable[Opportunity],
    now: datetime,
    *,
    major_amount: float | None = None,
    standard_allowance: float = 0.0,
) -> Baseline:
    """Return what is normal in this organization."""
    builder = BaselineBuilder()
    for opportunity in found:
        builder.add(opportunity)
    return builder.build(now, major_amount=major_amount, standard_allowance=standard_allowance)


def uncovered(rules: Iterable[Rule], baseline: Baseline) -> frozenset[str]:
    """Return the rules that read "X is missing" where winners do not fill X (coverage gate)."""
    return frozenset(
        rule.id
        for rule in rules
        if any(baseline.coverage.get(piece, 0.0) < COVERAGE_GATE for piece in rule.coverage)
    )


def tells_of_concern(rule: Rule) -> bool:
    """Return whether a rule is one of those that ``signs_of_concern`` counts."""
    reads = {clause.signal for group in (rule.when, rule.clears) for clause in group.clauses()}
    return rule.id.startswith(CONCERNS) and not rule.private and not {SIGNS, UNVOICED} & reads


def signs(verdicts: Iterable[Verdict]) -> signals.Known[int] | signals.Unknown:
    """Return how many rules about concerns fire; where none does, all have to know it."""
    found = list(verdicts)
    fires = found.count(Verdict.FIRES)
    if fires or Verdict.UNKNOWN not in found:
        return signals.Known(fires)
    return signals.Unknown("some rules about concerns cannot tell")


def view(
    opportunity: Opportunity, now: datetime, baseline: Baseline, reader: Reader | None
) -> signals.View:
    """Return what signals see; texts are read once, and only where somebody asked for it."""
    if reader is None:
        return signals.View(opportunity, now, baseline)
    mentions = reader.read(opportunity, now)
    return signals.View(opportunity, now, baseline, mentions, reader.signals)


@dataclass(slots=True)
class Evaluator:
    """Judges opportunities with one engine and one baseline.

    ``reader`` reads their texts; None: text signals are off, and no text is looked at.
    """

    engine: Engine
    rules: Sequence[Rule]
    baseline: Baseline
    now: datetime
    reader: Reader | None = None
    _count: int = 0
    _signs: Engine | None = None
    missing: dict[tuple[str, str], int] = field(default_factory=dict)  # (rule, signal) -> times

    def judge(self, found: Iterable[Opportunity]) -> Iterator[Judged]:
        """Yield each opportunity with its readings and every rule's judgement.

        Raises EngineMismatchError where the engine and the definition disagree on the sample.
        """
        stream = iter(found)
        while batch := list(islice(stream, BATCH)):
            readings = [
                signals.read(view(opportunity, self.now, self.baseline, self.reader))
                for opportunity in batch
            ]
            self._add_signs(readings)
            facts = [signals.facts(reading) for reading in readings]
            judgements = self.engine.judge(facts)
            self._check(facts, judgements)
            for opportunity, reading, judgement in zip(batch, readings, judgements, strict=True):
                yield Judged(opportunity, reading, judgement)

    def _add_signs(self, readings: Sequence[dict[str, Any]]) -> None:
        """Judge the rules about concerns first: what they say is a signal to the others."""
        if self._signs is None:
            self._signs = build([rule for rule in self.rules if tells_of_concern(rule)], "python")
        told = self._signs.judge([signals.facts(reading) for reading in readings])
        for reading, judgements in zip(readings, told, strict=True):
            reading[SIGNS] = signs(judgement.verdict for judgement in judgements.values())

    def _check(self, facts: Sequence[Facts], judgements: Sequence[Mapping[str, Judgement]]) -> None:
        first = -self._count % SAMPLE
        self._count += len(facts)
        sample = slice(first, None, SAMPLE)
        check_sample(self.engine, self.rules, facts[sample], judgements[sample])
