"""Which opportunities a changed rule set can move; the plan of all others stays as it is.

Know before changing: what is left out here is not planned again, so an opportunity may be left out
only where nothing that the planner reads of it differs. When in doubt it is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crmrules.demotion import version
from crmrules.engine import Judgement
from crmrules.preview.bench import Case, Verdicts
from crmrules.rule import Mode, Rule, Verdict

Rules = Mapping[str, Rule]


def touched(
    cases: Sequence[Case], before: Rules, told: Verdicts, after: Rules, tells: Verdicts
) -> set[int]:
    """Return the places of the cases that have to be planned again."""
    if any(map(_shown, before.values())) != any(map(_shown, after.values())):
        return set(range(len(cases)))  # with the last live rule all our fields are emptied
    names = [name for name in sorted(before.keys() | after.keys()) if _differs(name, before, after)]
    found = {n for n, sign in enumerate(told.signs) if sign != tells.signs[n]}
    for name in names:
        found |= set(_concerned(name, cases, told.by_rule.get(name), tells.by_rule.get(name)))
    return found | _status_moves(names, before, told, after, tells, len(cases))


def _differs(name: str, before: Rules, after: Rules) -> bool:
    old, new = before.get(name), after.get(name)
    return old is None or new is None or version(old) != version(new)


def _concerned(
    name: str,
    cases: Sequence[Case],
    told: Sequence[Judgement] | None,
    tells: Sequence[Judgement] | None,
) -> Iterator[int]:
    """Yield where a changed rule fires, before or after, or has left anything at all."""
    for place, case in enumerate(cases):
        old = told[place].verdict if told is not None else Verdict.QUIET
        new = tells[place].verdict if tells is not None else Verdict.QUIET
        if (
            Verdict.FIRES in (old, new)
            or any(episode.rule == name for episode in case.past.episodes)
            or any(record.rule == name for record in case.past.tasks)
            or any(task.rule == name for task in case.opportunity.our_tasks or ())
        ):
            yield place


def _status_moves(
    names: Sequence[str],
    before: Rules,
    told: Verdicts,
    after: Rules,
    tells: Verdicts,
    size: int,
) -> set[int]:
    """Return where the status moves between ok and empty: some live rule knows, or none does."""
    if not names:
        return set()
    lists = [
        [answers for name, answers in verdicts.by_rule.items() if _shown(rules[name])]
        for rules, verdicts in ((before, told), (after, tells))
    ]
    knows = [
        [any(answers[n].verdict is not Verdict.UNKNOWN for answers in live) for n in range(size)]
        for live in lists
    ]
    return {n for n in range(size) if knows[0][n] != knows[1][n]}


def _shown(rule: Rule) -> bool:
    return rule.mode is Mode.LIVE and not rule.private
