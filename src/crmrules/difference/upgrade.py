"""What an upgrade of the pack means for an organization: three rule sets, compared in words.

*base* is the pack the overlay was made against, *theirs* the new one, *ours* the overlay. Of every
rule that differs it tells what the pack changed, which of that an override of ours keeps away, and
which overrides lost what they were about: those are conflicts, each with what to do.

Effects are compared with the overlay applied to both packs, by ``relation``. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crmrules import overlay as overlays
from crmrules.difference import fields
from crmrules.difference.fields import Change, Kind
from crmrules.difference.pack import Pack
from crmrules.difference.relation import Comparison, compare
from crmrules.problems import Problems, did_you_mean, short
from crmrules.rule import Rule
from crmrules.yamlsource import Document

NOTHING = Document({}, {})


class Status(StrEnum):
    """What became of a rule."""

    NEW = "new"
    GONE = "gone"
    RENAMED = "renamed"
    CHANGED = "changed"
    KEPT = "kept"  # the pack changed nothing; the overlay has something to say of it


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """One rule. ``pack``: what the new pack does to it; ``yours``: the same under the overlay."""

    rule: str
    title: str
    status: Status
    now: str | None = None  # its new id, where it was renamed
    changes: tuple[Change, ...] = ()
    pack: Comparison | None = None
    yours: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """All of it. ``conflicts``: how many overrides need somebody before the new pack can run."""

    base: Pack
    theirs: Pack
    rules: tuple[RuleDifference, ...] = ()
    problems: tuple[Change, ...] = field(default=())  # of overlay entries about no rule at all

    @property
    def conflicts(self) -> int:
        """How many overrides the new pack cannot take as they are."""
        every = [*self.problems, *(change for one in self.rules for change in one.changes)]
        return sum(change.kind is Kind.CONFLICT for change in every)


def compare_packs(base: Pack, theirs: Pack, ours: Document = NOTHING) -> Difference:
    """Return the difference in the order of the rules' ids."""
    entries = ours.value if isinstance(ours.value, dict) else {}
    renamed = dict(_renamed(base.rules, theirs.rules))
    come = set(renamed.values())
    names = sorted((base.rules.keys() | theirs.rules.keys()) - come)
    rules = [_rule(name, renamed.get(name), base, theirs, ours, entries) for name in names]
    found = [one for one in rules if one is not None]
    known = base.rules.keys() | theirs.rules.keys()
    strangers = [
        Change(
            Kind.CONFLICT,
            short(name),
            "neither pack has a rule of this name",
            did_you_mean(name, theirs.rules, "Remove it from the overlay."),
            ours.line((name,)),
        )
        for name in entries
        if name not in known
    ]
    return Difference(base, theirs, tuple(found), tuple(strangers))


def _renamed(base: Mapping[str, Rule], theirs: Mapping[str, Rule]) -> Iterator[tuple[str, str]]:
    """Yield rules that go on under another id: the flag in the CRM tells them, else the title."""
    gone = [rule for name, rule in sorted(base.items()) if name not in theirs]
    come = [rule for name, rule in sorted(theirs.items()) if name not in base]
    for old in gone:
        for new in come:
            if old.then.flag == new.then.flag or old.title == new.title:
                come.remove(new)
                yield old.id, new.id
                break


def _rule(
    name: str, now: str | None, base: Pack, theirs: Pack, ours: Document, entries: Mapping[str, Any]
) -> RuleDifference | None:
    old, new = base.rules.get(name), theirs.rules.get(now or name)
    entry = entries.get(name)
    if new is None and old is not None:
        return RuleDifference(name, old.title, Status.GONE, None, tuple(_orphan(entry, name, ours)))
    if new is None:
        return None
    if old is None:
        return RuleDifference(name, new.title, Status.NEW, None, tuple(fields.of_new(new)))
    told = list(fields.changes(old, new, entry if isinstance(entry, dict) else {}, ours, name))
    if now is not None:
        told[:0] = _moved(entry, name, now, ours)
    told += _refused(new, name, entry, ours)
    before, after = _overlaid(old, name, entry), _overlaid(new, name, entry)
    pack, yours = compare(old, new), compare(before, after)
    status = Status.CHANGED if now is None else Status.RENAMED
    if not told:
        return None
    if status is Status.CHANGED and all(one.kind is Kind.CONFLICT for one in told):
        status = Status.KEPT
    return RuleDifference(name, new.title, status, now, tuple(told), pack, yours)


def _orphan(entry: Any, name: str, ours: Document) -> Iterator[Change]:
    if entry is not None:
        yield Change(
            Kind.CONFLICT,
            "rule",
            "your overlay changes a rule that the new pack does not have",
            f"Remove '{name}' from the overlay, or keep the old file in a folder of your own.",
            ours.line((name,)),
        )


def _moved(entry: Any, name: str, now: str, ours: Document) -> Iterator[Change]:
    if entry is not None:
        what = f"your overlay calls this rule by its old name; it is '{now}' now"
        remedy = f"Write '{now}' instead of '{name}' in the overlay."
        yield Change(Kind.CONFLICT, "rule", what, remedy, ours.line((name,)))


def _refused(new: Rule, name: str, entry: Any, ours: Document) -> Iterator[Change]:
    """Yield what else the new pack refuses of the overlay: out of bounds, misspelt, misplaced."""
    if entry is None:
        return
    if isinstance(entry, dict) and isinstance(entry.get("settings"), dict):
        known = {one: v for one, v in entry["settings"].items() if one in new.settings}
        entry = entry | {"settings": known}  # the others are told with what became of them
    problems = Problems("", ours)
    _apply(new, name, entry, ours, problems)
    for problem in problems.found:
        yield Change(Kind.CONFLICT, "overlay", problem.what, problem.remedy, problem.line)


def _overlaid(rule: Rule, name: str, entry: Any) -> Rule:
    """Return a rule as the overlay leaves it; what it cannot take is left out."""
    if entry is None:
        return rule
    return _apply(rule, name, entry, NOTHING, Problems("", NOTHING))


def _apply(rule: Rule, name: str, entry: Any, ours: Document, problems: Problems) -> Rule:
    called = rule.model_copy(update={"id": name})  # as the overlay still calls it
    document = Document({name: entry}, ours.lines)
    return overlays.apply({name: called}, document, problems, {}).rules[name]
