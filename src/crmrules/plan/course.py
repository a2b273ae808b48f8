"""How the episodes of one opportunity go on after one more evaluation.

What a rule says moves its episode. One whose rule was switched off or taken away ends too, so that
the rule, should it come back, may ask anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmrules.findings import Episode, TaskRecord, advance
from crmrules.findings.life import stopped
from crmrules.plan.types import Judged, OpportunityPlan
from crmrules.rule import Rule


@dataclass(frozen=True, slots=True)
class Course:
    """The episodes of one opportunity. ``rules``: those that are live or in shadow.

    ``records``: our tasks there. What becomes of an episode is noted in ``plan``.
    """

    rules: Mapping[str, Rule]
    judged: Judged
    records: Sequence[TaskRecord]
    now: datetime
    settle: timedelta
    plan: OpportunityPlan

    def run(self, episodes: Mapping[str, Episode]) -> dict[str, Episode]:
        """Move all on; return those of the rules that there are."""
        current: dict[str, Episode] = {}
        for rule in self.rules.values():
            before = episodes.get(rule.id)
            after = self._advanced(rule, before)
            self._keep(rule.id, before, after)
            if after is not None:
                current[rule.id] = after
        for name, before in episodes.items():
            if name not in self.rules and before.active and self._may_stop(before):
                self._keep(name, before, stopped(before, self.now))
        return current

    def _advanced(self, rule: Rule, before: Episode | None) -> Episode | None:
        judgement = self.judged.judgements.get(rule.id)
        if judgement is None:
            return before
        return advance(
            before,
            rule,
            self.judged.opportunity.id,
            judgement.verdict,
            self.now,
            settle=self.settle,
            closed=not self.judged.opportunity.is_open,
        )

    def _may_stop(self, episode: Episode) -> bool:
        """Whether an episode ends with its rule.

        Not while the opportunity is alive and a person had to do with the task: what they answered
        holds until this comes to an end by itself, should the rule come back.
        """
        tasks = (r for r in self.records if r.rule == episode.rule and r.episode == episode.n)
        return self.judged.opportunity.won is False or not any(task.touched for task in tasks)

    def _keep(self, rule: str, before: Episode | None, after: Episode | None) -> None:
        """Note what became of an episode; one that never settled gives its number back."""
        if before is not None and (after is None or after.n < before.n):
            self.plan.dropped.append((rule, self.judged.opportunity.id))
        elif after is not None and after != before:
            others = [e for e in self.plan.episodes if e.rule != rule]
            self.plan.episodes = [*others, after]
