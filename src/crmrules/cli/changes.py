"""The effect of a changed rule set, for a terminal and as Markdown for a pull request.

Both are laid out from the same tables of rules, ids and numbers, without a task's words. A terminal
shows names beside the ids; a pull request may be read by others, so no customer's text gets there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmrules.cli.names import called
from crmrules.findings.hold import IN_WORDS, HeldBack
from crmrules.preview import ColumnEffect, Effect, FindingChange, RuleChange, TaskChange
from crmrules.texts import in_words, safe

_SHOWN = 25  # lines of each table
_COLUMNS = (("next sync", "next_sync"), ("once settled", "once_settled"))
_TASK = ("action", "rule", "opportunity", "owner", "why")


@dataclass(frozen=True, slots=True)
class Names:
    """What opportunities and people are called, by id; empty where only ids may be told."""

    opportunities: Mapping[str, str | None] = field(default_factory=dict)
    people: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a title; empty ones are left out."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def text(effect: Effect, names: Names | None = None, *, include_private: bool = False) -> str:
    """Return it for a terminal."""
    lines = [*_head(effect)]
    for table in _tables(effect, names or Names(), include_private):
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
    for table in _tables(effect, Names(), include_private):
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


def _tables(effect: Effect, names: Names, private: bool) -> Iterator[Table]:
    for table in (
        _rules([one for one in effect.rules if private or not one.private]),
        _sums(effect, private),
        _counted("by rule", "rule", effect, {}, private),
        _counted("by owner", "owner", effect, names.people, private),
        _tasks(effect, names, private),
        _flags(effect, names),
        _findings([one for one in effect.findings if private or not one.private], names),
        _held(effect),
        _capped(effect, names, private),
        _affected(effect, names, private),
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


def _counted(
    title: str, name: str, effect: Effect, names: Mapping[str, str | None], private: bool
) -> Table:
    head = (name, "appear", "go", "appear once settled", "go once settled")
    columns = ("next_sync_appear", "next_sync_go", "once_settled_appear", "once_settled_go")
    rows = [
        (called(row[name] or f"no {name}", names), *(str(row[column]) for column in columns))
        for row in effect.counted(name, include_private=private)
    ]
    return Table(title, head, rows)


def _tasks(effect: Effect, names: Names, private: bool) -> Table:
    """List every task once, with the column it is in: the next sync, once settled, or both."""
    found: dict[tuple[str, TaskChange], list[str]] = {}
    for word, name in _COLUMNS:
        column: ColumnEffect = getattr(effect, name)
        for sign, changes in zip(
            "+-~", (column.appear, column.go, column.reads_differently), strict=True
        ):
            for one in changes:
                if private or not one.private:
                    found.setdefault((sign, one), []).append(word)
    rows = [
        (sign, "both" if len(words) > 1 else words[0], *_task(one, names))
        for (sign, one), words in found.items()
    ]
    return Table("tasks that change", ("", "when", *_TASK), rows)


def _task(one: TaskChange, names: Names) -> tuple[str, ...]:
    about = called(one.opportunity, names.opportunities) if one.opportunity else "several"
    owner = called(one.owner, names.people) if one.owner else "nobody"
    return one.action, one.rule, about, owner, safe(one.reason)


def _flags(effect: Effect, names: Names) -> Table:
    rows = [
        (
            called(one.opportunity, names.opportunities),
            ", ".join(one.before) or "none",
            ", ".join(one.after) or "none",
        )
        for one in effect.flags
    ]
    return Table("flags after the next sync", ("opportunity", "current rules", "changed"), rows)


def _findings(changes: Sequence[FindingChange], names: Names) -> Table:
    known = names.opportunities
    rows = [
        (one.rule, called(one.opportunity, known), _held_by(one.before), _held_by(one.after))
        for one in changes
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


def _capped(effect: Effect, names: Names, private: bool) -> Table:
    rows: list[tuple[Any, ...]] = [
        (called(row["owner"] or "nobody", names.people), str(row["before"]), str(row["after"]))
        for row in effect.over_cap(include_private=private)
    ]
    head = ("owner", "waiting under current rules", "changed")
    return Table("owners over their cap, once settled", head, rows)


def _affected(effect: Effect, names: Names, private: bool) -> Table:
    rows = [
        (called(row["opportunity"], names.opportunities), str(row["changes"]))
        for row in effect.affected(include_private=private)[:10]
    ]
    return Table("opportunities with most changes", ("opportunity", "changes"), rows)
