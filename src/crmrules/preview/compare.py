"""The difference of two futures: tasks, findings and flags, each with why.

Know before changing: a task is known by its key; so is a finding by rule and opportunity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from crmrules.connector import ChangeTask, SetFields
from crmrules.demotion import version
from crmrules.findings import HeldBack
from crmrules.plan import Finding, PlannedWrite
from crmrules.plan.types import written_fields
from crmrules.preview.effect import (
    ColumnEffect,
    Effect,
    FindingChange,
    FlagChange,
    RuleChange,
    TaskChange,
)
from crmrules.preview.outlook import Column, Outlook
from crmrules.rule import Rule

_ENDS = ("complete_task", "cancel_task")
_BECAUSE = "No longer needed: "  # how the text of a task that we end begins


def compare(
    before: Outlook,
    after: Outlook,
    *,
    flags: Mapping[str, tuple[str, ...]],
    synced_at: datetime,
    unsettled: int,
) -> Effect:
    """Return the difference of two futures. ``flags``: what stands on the opportunities now."""
    return Effect(
        before,
        after,
        synced_at,
        unsettled,
        [*_rules(before, after)],
        _column(before, after, settled=False),
        _column(before, after, settled=True),
        _findings(before.next_sync.findings, after.next_sync.findings),
        _flags(before.next_sync.writes, after.next_sync.writes, flags),
    )


def _rules(before: Outlook, after: Outlook) -> Iterable[RuleChange]:
    for name in sorted(before.rules.keys() | after.rules.keys()):
        old, new = before.rules.get(name), after.rules.get(name)
        if old is not None and new is not None and version(old) == version(new):
            continue
        values = [
            {n: s.value for n, s in rule.settings.items()} if rule else {} for rule in (old, new)
        ]
        yield RuleChange(
            name,
            (_mode(old), _mode(new)),
            {
                n: (values[0].get(n), values[1].get(n))
                for n in sorted(values[0].keys() | values[1].keys())
                if old is not None and new is not None and values[0].get(n) != values[1].get(n)
            },
            old is not None and new is not None and old.then != new.then,
            name in after.unseen,
            any(rule is not None and rule.private for rule in (old, new)),
        )


def _mode(rule: Rule | None) -> str | None:
    return None if rule is None else str(rule.mode)


def _column(before: Outlook, after: Outlook, *, settled: bool) -> ColumnEffect:
    old, new = (one.once_settled if settled else one.next_sync for one in (before, after))
    was, then = (_by_key(one.writes) for one in (old, new))
    held = [_reasons(one) for one in (old, new)]
    appear: list[TaskChange] = []
    go: list[TaskChange] = []
    other: list[TaskChange] = []
    for key in sorted(was.keys() | then.keys()):
        mine, yours = was.get(key), then.get(key)
        if yours is None and mine is not None:
            ends = mine.action in _ENDS
            reason = "it stays open" if ends else _why(mine, held[1], after.rules)
            (appear if ends else go).append(_change(mine, reason))
        elif mine is None and yours is not None:
            ends = yours.action in _ENDS
            reason = _ended(yours) if ends else _why_new(yours, held[0], before.rules)
            (go if ends else appear).append(_change(yours, reason))
        elif mine is not None and yours is not None and mine.write != yours.write:
            other.append(_change(yours, _differences(mine, yours)))
    return ColumnEffect(appear, go, other)


def _by_key(writes: Iterable[PlannedWrite]) -> dict[str, PlannedWrite]:
    """Return the writes that make or end a task, by its key; what only moves one is neither."""
    return {
        write.key: write
        for write in writes
        if write.key is not None and write.action != "update_task"
    }


def _change(write: PlannedWrite, reason: str) -> TaskChange:
    return TaskChange(
        write.rule or "",
        write.opportunity or None,
        write.owner,
        write.key,
        write.action,
        reason,
        write.private,
    )


def _reasons(column: Column) -> dict[tuple[str, str], HeldBack | None]:
    return {(one.rule.id, one.opportunity): one.held_back for one in column.findings}


def _why(
    write: PlannedWrite, held: Mapping[tuple[str, str], HeldBack | None], rules: Mapping[str, Rule]
) -> str:
    """Return why a task is not made under the rules that these findings are of."""
    place = (write.rule or "", write.opportunity)
    if not write.opportunity:
        return "nothing is left to tell"
    if place[0] not in rules:
        return "the rule is disabled or gone"
    if place not in held:
        return "it does not fire"
    reason = held[place]
    return "it was asked before" if reason is None else f"held back: {reason}"


def _why_new(
    write: PlannedWrite, held: Mapping[tuple[str, str], HeldBack | None], rules: Mapping[str, Rule]
) -> str:
    """Return what kept a task away under the current rules."""
    told = {
        "nothing is left to tell": "there is something to tell",
        "the rule is disabled or gone": "the rule is new or enabled",
        "it does not fire": "it fires now",
    }
    why = _why(write, held, rules)
    return told.get(why, f"was {why}")


def _ended(write: PlannedWrite) -> str:
    body = str(write.write.values.get("body", "")) if isinstance(write.write, ChangeTask) else ""
    return body.partition("\n")[0].removeprefix(_BECAUSE).rstrip(".")


def _differences(old: PlannedWrite, new: PlannedWrite) -> str:
    if old.action != new.action:
        return f"{new.action} instead of {old.action}"
    was, then = written_fields(old.write), written_fields(new.write)
    names = [name for name in then if was.get(name) != then[name]]
    if old.owner != new.owner:
        names.append("owner")
    return f"another {' and '.join(names)}" if names else "another task"


def _findings(old: Iterable[Finding], new: Iterable[Finding]) -> list[FindingChange]:
    was, then = ({(f.rule.id, f.opportunity): f for f in found} for found in (old, new))
    changes = []
    for place in sorted(was.keys() | then.keys()):
        pair = [
            None if f is None else str(f.held_back or "") for f in (was.get(place), then.get(place))
        ]
        if pair[0] != pair[1]:
            one = then.get(place) or was[place]
            private = one.rule.private
            changes.append(FindingChange(*place, before=pair[0], after=pair[1], private=private))
    return changes


def _flags(
    old: Iterable[PlannedWrite], new: Iterable[PlannedWrite], present: Mapping[str, tuple[str, ...]]
) -> list[FlagChange]:
    sides = [
        {
            w.opportunity: tuple(w.write.values["flags"])
            for w in found
            if isinstance(w.write, SetFields) and "flags" in w.write.values
        }
        for found in (old, new)
    ]
    changes = []
    for name in sorted(sides[0].keys() | sides[1].keys()):
        before, after = (tuple(sorted(side.get(name, present.get(name, ())))) for side in sides)
        if before != after:
            changes.append(FlagChange(name, before, after))
    return changes
