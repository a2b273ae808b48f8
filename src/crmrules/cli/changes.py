"""The effect of a changed rule set, for a terminal and as Markdown for a pull request.

Both are laid out from the same tables. Names of rules, ids of people and opportunities, and numbers
stand there; no task's words and no customer's text, since a pull request may be read by others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crmrules.findings.hold import IN_WORDS, HeldBack
from crmrules.preview import ColumnEffect, Effect, FindingChange, RuleChange, TaskChange
from crmrules.texts import in_words, safe

_SHOWN = 25  # lines of each table
_COLUMNS = (("next sync", "next_sync"), ("once settled", "once_settled"))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a title; empty ones are left out."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def text(effect: Effect, *, include_private: bool = False) -> str:
    """Return it for a terminal."""
    lines = [*_head(effect)]
    for table in _tables(effect, include_private):
        lines += ["", f"{table.title}:"]
        shown = [table.head, *table.rows[:_SHOWN]]
        widths = [max(len(row[n]) for row in shown) for n in range(len(table.head))]
        for row in shown:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            lines.append(f"  {'  '.join(cells)}".rstrip())
        lines += _more(table)
    return "\n".join([*lines, *_tail(effect)]) + "\n"


def markdown(effect: Effect, *, include_private: bool = False) -> str:
    """Return it as Markdown."""
    first, *rest = _head(effect)
    lines = ["## What these rules would do", "", first, *(f"\n{line}" for line in rest)]
    for table in _tables(effect, include_private):
        lines += ["", f"### {table.title[0].upper()}{table.title[1:]}", ""]
        lines += [_row(table.head), _row(["---"] * len(table.head))]
        lines += [_row(row) for row in table.rows[:_SHOWN]]
        lines += ["", *_more(table)] if _more(table) else []
    lines += [f"\n**{line}**" if line[0] != " " else line for line in _tail(effect)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _more(table: Table) -> list[str]:
    left = len(table.rows) - _SHOWN
    return [f"  ... and {left} more: --format json"] if left > 0 else []


def _head(effect: Effect) -> Iterator[str]:
    report = effect.after.report
    yield (
        f"{report.connector} {report.organization.id}: {report.opportunities} opportunities of the "
        f"snapshot of {effect.synced_at:%Y-%m-%d %H:%M}, judged as of {report.as_of:%Y-%m-%d %H:%M}"
        " (UTC)."
    )
    if effect.unsettled:
        yield (
            f"{effect.unsettled} write(s) of the last sync are not settled; they are taken as not "
            "made."
        )
    if not effect.rules:
        yield "No rule differs: the next sync does the same either way."


def _tail(effect: Effect) -> Iterator[str]:
    for stop in effect.after.stops:
        yield f"the next sync would stop: {stop.what}"
        yield f"  -> {stop.remedy}"


def _tables(effect: Effect, private: bool) -> Iterator[Table]:
    for table in (
        _rules([one for one in effect.rules if private or not one.private]),
        _sums(effect, private),
        _counted("by rule", "rule", effect, private),
        _counted("by owner", "owner", effect, private),
        *(_tasks(f"tasks, {word}", getattr(effect, name), private) for word, name in _COLUMNS),
        _flags(effect),
        _findings([one for one in effect.findings if private or not one.private]),
        _held(effect),
        _capped(effect, private),
        _affected(effect, private),
    ):
        if table.rows:
            yield table


def _rules(changes: Sequence[RuleChange]) -> Table:
    rows = [(one.rule, "; ".join(_differences(one)), _first(one)) for one in changes]
    return Table("rules that differ", ("rule", "what", "note"), rows)


def _differences(one: RuleChange) -> Iterator[str]:
    old, new = one.mode
    if old != new:
        yield f"{old or 'disabled or absent'} -> {new or 'disabled or absent'}"
    for name, (was, is_) in one.settings.items():
        yield f"{name} {in_words(was)} -> {in_words(is_)}"
    if one.texts:
        yield "other words"
    if old == new and not one.settings and not one.texts:
        yield "condition or other parts"


def _first(one: RuleChange) -> str:
    return "the next sync only counts it, the one after asks" if one.counted_first else ""


def _sums(effect: Effect, private: bool) -> Table:
    rows = []
    for word, name in _COLUMNS:
        column: ColumnEffect = getattr(effect, name)
        counts = (
            sum(private or not one.private for one in changes)
            for changes in (column.appear, column.go, column.reads_differently)
        )
        rows.append((word, *map(str, counts)))
    return Table("tasks", ("", "appear", "go", "read differently"), rows)


def _counted(title: str, name: str, effect: Effect, private: bool) -> Table:
    head = (name, "appear", "go", "appear once settled", "go once settled")
    columns = ("next_sync_appear", "next_sync_go", "once_settled_appear", "once_settled_go")
    rows = [
        (row[name] or f"no {name}", *(str(row[column]) for column in columns))
        for row in effect.counted(name, include_private=private)
    ]
    return Table(title, head, rows)


def _tasks(title: str, column: ColumnEffect, private: bool) -> Table:
    signs = (("+", column.appear), ("-", column.go), ("~", column.reads_differently))
    rows = [
        (sign, *_task(one))
        for sign, changes in signs
        for one in changes
        if private or not one.private
    ]
    return Table(title, ("", "action", "rule", "opportunity", "owner", "why"), rows)


def _task(one: TaskChange) -> tuple[str, ...]:
    about = one.opportunity or "several"
    return one.action, one.rule, about, one.owner or "nobody", safe(one.reason)


def _flags(effect: Effect) -> Table:
    rows = [
        (one.opportunity, ", ".join(one.before) or "none", ", ".join(one.after) or "none")
        for one in effect.flags
    ]
    return Table("flags after the next sync", ("opportunity", "current rules", "changed"), rows)


def _findings(changes: Sequence[FindingChange]) -> Table:
    rows = [
        (one.rule, one.opportunity, _held_by(one.before), _held_by(one.after)) for one in changes
    ]
    return Table("findings", ("rule", "opportunity", "current rules", "changed"), rows)


def _held_by(reason: str | None) -> str:
    return "no finding" if reason is None else reason or "open"


def _held(effect: Effect) -> Table:
    was, then = effect.before.report.held_back, effect.after.report.held_back
    rows = [
        (reason, str(was[reason]), str(then[reason]), IN_WORDS[HeldBack(reason)])
        for reason in sorted(was.keys() | then.keys())
        if reason and was[reason] != then[reason]
    ]
    return Table("findings held back", ("why", "current rules", "changed", "meaning"), rows)


def _capped(effect: Effect, private: bool) -> Table:
    rows: list[tuple[Any, ...]] = [
        (row["owner"] or "nobody", str(row["before"]), str(row["after"]))
        for row in effect.over_cap(include_private=private)
    ]
    head = ("owner", "waiting under current rules", "changed")
    return Table("owners over their cap, once settled", head, rows)


def _affected(effect: Effect, private: bool) -> Table:
    rows = [
        (row["opportunity"], str(row["changes"]))
        for row in effect.affected(include_private=private)[:10]
    ]
    return Table("opportunities with most changes", ("opportunity", "changes"), rows)
