"""Rules and explanations as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from crmrules.explain import ClauseView, Explanation, GroupView
from crmrules.rule import Mode, Rule
from crmrules.rulepages.condition import WORDS, condition, value

_MARK = {True: "yes", False: "no ", None: "?  "}


def rule_card(rule: Rule) -> str:
    """Return one rule with everything known of it."""
    lines = [
        f"{rule.id}: {rule.title}",
        f"  {rule.severity}, {rule.mode} (recommended {rule.recommended}), flag {rule.then.flag}",
        f"  phases: {', '.join(rule.phases)}",
        f"  source: {rule.source}",
        "",
        f"  {rule.why.strip()}",
        "",
        "  settings:",
        *(f"    {n} = {value(s.value)} {s.unit}: {s.why}" for n, s in rule.settings.items()),
        "  fires when:",
        *(f"    {line}" for line in condition(rule.when)),
        "  clears when:",
        *(f"    {line}" for line in condition(rule.clears)),
        f"  task: {_first(rule.then.task.subject)}",
        *(f"    - {_first(line)}" for line in rule.then.task.body),
        "  false positives:",
        *(f"    - {text}" for text in rule.false_positives),
    ]
    if rule.hides:
        lines.append(f"  hides while open: {', '.join(h.rule for h in rule.hides)}")
    if rule.coverage:
        lines.append(f"  stays in shadow until winners fill: {', '.join(rule.coverage)}")
    return "\n".join(lines)


def _first(text: str | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[0]


def explanation(told: Explanation, rule: Rule) -> str:
    """Return why a rule says what it says, condition by condition."""
    cleared = " (its clearing condition holds)" if told.cleared else ""
    only = " (shadow: only counts)" if rule.mode is Mode.SHADOW else ""
    lines = [f"{told.verdict.upper():8} {rule.id}: {rule.title}{cleared}{only}"]
    lines += [f"  {line}" for line in _told(told.condition)]
    if told.cleared:
        lines += ["  clears:", *(f"  {line}" for line in _told(told.clears))]
    if told.missing:
        lines.append(f"  missing: {', '.join(told.missing)}")
    if told.would_change:
        changes = " and ".join(
            f"{c.signal} were {value(c.to)} (now {value(c.now)})" for c in told.would_change
        )
        verb = {"fires": "would fire", "quiet": "would be quiet"}.get(told.then, told.then)
        lines.append(f"  {verb} if {changes}")
    return "\n".join(lines)


def _told(group: GroupView, depth: int = 0) -> Iterator[str]:
    yield f"{'  ' * depth}[{_MARK[group.result]}] {group.join} of:"
    for member in group.members:
        if isinstance(member, ClauseView):
            yield f"{'  ' * (depth + 1)}[{_MARK[member.result]}] {_clause(member)}"
        else:
            yield from _told(member, depth + 1)


def _clause(clause: ClauseView) -> str:
    setting = f" ({clause.setting})" if clause.setting else ""
    need = f"{clause.signal} {WORDS[clause.operator]} {value(clause.needed)}{setting}"
    if clause.actual is None:
        return f"{need}: unknown, {clause.reason or 'not recorded'}"
    records = f" [{', '.join(clause.records[:5])}]" if clause.records else ""
    counted = isinstance(clause.actual, int | float) and not isinstance(clause.actual, bool)
    unit = f" {clause.unit}" if counted and clause.unit else ""
    return f"{need}: is {value(clause.actual)}{unit}{records}"
