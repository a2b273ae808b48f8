"""The judged opportunities of a snapshot in memory, and what each rule says of them.

What a rule said is kept by the rule's content, so a changed rule set judges only what changed. The
python engine judges: it needs no set-up of its own for every rule that somebody tries. A sample of
its answers is held to the interpreted definition, as in every run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmrules import signals
from crmrules.demotion import version
from crmrules.engine import Facts, Judgement, build
from crmrules.engine.selfcheck import check_sample
from crmrules.evaluate import SAMPLE, SIGNS, signs, tells_of_concern
from crmrules.model import Opportunity
from crmrules.plan import Judged, Past
from crmrules.rule import Rule

KEPT = 300  # rules whose answers are kept: the pack, and what somebody tried of late
Reading = signals.Known[Any] | signals.Unknown


@dataclass(frozen=True, slots=True)
class Case:
    """One opportunity with its signals, and what earlier runs left about it."""

    opportunity: Opportunity
    readings: Mapping[str, Reading]
    facts: Facts
    past: Past


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the rules of one rule set say of every case, in the order of the cases."""

    by_rule: Mapping[str, Sequence[Judgement]]
    signs: Sequence[Reading]  # the signal that the rules about concerns give

    def judged(self, case: Case, place: int, opportunity: Opportunity) -> Judged:
        """Return a case as the planner takes it."""
        told = {rule: answers[place] for rule, answers in self.by_rule.items()}
        return Judged(opportunity, {**case.readings, SIGNS: self.signs[place]}, told)


@dataclass(slots=True)
class Bench:
    """Judges every case by any rule set."""

    cases: Sequence[Case]
    _told: dict[tuple[str, ...], list[Judgement]] = field(default_factory=dict)

    def verdicts(self, rules: Sequence[Rule]) -> Verdicts:
        """Return what these rules say.

        Raises EngineMismatchError where engine and definition disagree on the sample.
        """
        about = [rule for rule in rules if tells_of_concern(rule)]
        first = {rule.id: self._answers(rule, (), ()) for rule in about}
        told = list(first.values())
        found = [signs(answers[place].verdict for answers in told) for place in range(self._size)]
        shown: Sequence[Reading] = found
        among = tuple(sorted(version(rule) for rule in about))
        rest = {r.id: self._answers(r, among, found) for r in rules if r.id not in first}
        return Verdicts({rule.id: (first | rest)[rule.id] for rule in rules}, shown)

    @property
    def _size(self) -> int:
        return len(self.cases)

    def _answers(
        self, rule: Rule, among: tuple[str, ...], found: Sequence[Reading]
    ) -> list[Judgement]:
        clauses = (*rule.condition.clauses(), *rule.clears.clauses())
        reads = dict.fromkeys(clause.signal for clause in clauses)
        key = (version(rule), *(among if SIGNS in reads else ()))
        if key in self._told:
            self._told[key] = self._told.pop(key)  # the one used last goes last
            return self._told[key]
        facts: list[Facts] = [case.facts for case in self.cases]
        if SIGNS in reads and found:
            facts = [
                {**case.facts, SIGNS: one.value} if isinstance(one, signals.Known) else case.facts
                for case, one in zip(self.cases, found, strict=True)
            ]
        engine = build([rule], "python")
        answers = engine.judge(facts)
        check_sample(engine, [rule], facts[::SAMPLE], answers[::SAMPLE])
        while len(self._told) >= KEPT:
            del self._told[next(iter(self._told))]
        self._told[key] = [answer[rule.id] for answer in answers]
        return self._told[key]
