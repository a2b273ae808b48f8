"""What differs between two versions of a rule, part by part, and what an override does to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crmrules.problems import did_you_mean, short
from crmrules.rule import Group, Rule, Setting
from crmrules.texts import alternatives, in_words
from crmrules.yamlsource import Document


class Kind(StrEnum):
    """What a change asks of whoever reads it."""

    CONFLICT = "conflict"  # the overlay must change
    KEPT = "kept"  # the pack changed it, an override stands in its way
    APPLIES = "applies"  # it holds from the next sync on
    LOOK = "look"  # nothing breaks; something of yours may not fit any more


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. ``line``: of the overlay, where it is about an override."""

    kind: Kind
    about: str
    what: str
    remedy: str = ""
    line: int | None = None


_PLAIN = {
    "title": "title",
    "severity": "severity",
    "phases": "phases",
    "majors_only": "only for major opportunities",
    "to": "whom it asks",
    "copy_manager": "copy to the manager",
    "private": "private",
    "coverage": "what winners must fill",
    "dated_event": "about a dated event",
    "expires_in_days": "expires in days",
    "false_positives": "known false positives",
    "why": "why",
    "source": "source",
}
_LONG = frozenset(("why", "false_positives", "source", "title"))  # told as changed, not quoted


def of_new(rule: Rule) -> Iterator[Change]:
    """Yield what to know of a rule that was not there before."""
    what = f"starts as {rule.mode} (recommended: {rule.recommended}), {rule.severity}"
    yield Change(Kind.APPLIES, "rule", what)


def changes(
    old: Rule, new: Rule, entry: Mapping[str, Any], ours: Document, name: str
) -> Iterator[Change]:
    """Yield every difference that matters to people; ``entry``: the overlay's words on the rule."""
    yield from _settings(old, new, entry, ours, name)
    yield from _conditions(old, new)
    yield from _mode(old, new, entry, ours, name)
    yield from _texts(old, new, entry, ours, name)
    for key, words in _PLAIN.items():
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            quoted = "changed" if key in _LONG else f"{_plain(before)} -> {_plain(after)}"
            yield Change(Kind.APPLIES, words, quoted)
    yield from _then(old, new)


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value) or "none"
    return "none" if value is None else in_words(value)


def _settings(
    old: Rule, new: Rule, entry: Mapping[str, Any], ours: Document, name: str
) -> Iterator[Change]:
    given = entry.get("settings")
    mine = given if isinstance(given, dict) else {}
    gone = {one for one in old.settings if one not in new.settings}
    come = [one for one in new.settings if one not in old.settings]
    followers = {one: _follower(one, old, new, come) for one in sorted(gone)}
    for one in sorted(gone):
        line = ours.line((name, "settings", one))
        yield _lost(one, followers[one], mine, line)
    for one in come:
        if one not in followers.values():
            what = f"new, {in_words(new.settings[one].value)} {new.settings[one].unit}".strip()
            yield Change(Kind.APPLIES, f"setting {one}", what)
    for one, before in old.settings.items():
        if one in new.settings:
            line = ours.line((name, "settings", one))
            yield from _setting(one, before, new.settings[one], mine, line)
    for one in mine.keys() - old.settings.keys() - new.settings.keys():
        remedy = did_you_mean(str(one), new.settings, "Remove it.")
        what = "your overlay sets it, and neither pack knows it"
        line = ours.line((name, "settings", one))
        yield Change(Kind.CONFLICT, f"setting {short(one)}", what, remedy, line)


def _lost(one: str, follower: str | None, mine: Mapping[str, Any], line: int) -> Change:
    now = f"it is called '{follower}' now" if follower else "the new pack does not have it"
    if one not in mine:
        return Change(Kind.APPLIES, f"setting {one}", now)
    value = in_words(mine[one]) if isinstance(mine[one], bool | int | float | str) else "?"
    remedy = (
        f"Write '{follower}: {value}' instead of '{one}: {value}', after a look at its meaning."
        if follower
        else f"Remove '{one}' from the overlay."
    )
    return Change(Kind.CONFLICT, f"setting {one}", f"your overlay sets it; {now}", remedy, line)


def _follower(one: str, old: Rule, new: Rule, come: list[str]) -> str | None:
    """Return the setting that stands where this one stood, in the same clause; None: none does."""
    places = set(_places(old, one))
    for other in come:
        if places & set(_places(new, other)):
            return other
    return None


def _places(rule: Rule, setting: str) -> Iterator[tuple[str, str, str]]:
    for key, group in (("when", rule.when), ("clears", rule.clears)):
        for clause in group.clauses():
            if clause.value == f"${setting}":
                yield key, clause.signal, clause.operator


def _setting(
    one: str, before: Setting, after: Setting, mine: Mapping[str, Any], line: int
) -> Iterator[Change]:
    about = f"setting {one}"
    if before.unit != after.unit:
        kind = Kind.LOOK if one in mine else Kind.APPLIES
        what = f"its unit is {after.unit or 'none'} now, not {before.unit or 'none'}"
        remedy = "See whether your number still means what you meant." if one in mine else ""
        yield Change(kind, about, what, remedy, line if one in mine else None)
    if before.value != after.value:
        was, now = in_words(before.value), in_words(after.value)
        if one not in mine:
            yield Change(Kind.APPLIES, about, f"{was} -> {now}")
        elif mine[one] == after.value:
            what, remedy = f"the new default is your {now}", "The line can go from the overlay."
            yield Change(Kind.KEPT, about, what, remedy, line)
        else:
            kept = in_words(mine[one]) if isinstance(mine[one], bool | int | float | str) else "?"
            what = f"your {kept} stays; the new default {now} (was {was}) does not apply"
            yield Change(Kind.KEPT, about, what, "", line)
    limits = [
        f"{word} {_limit(getattr(before, word))} -> {_limit(getattr(after, word))}"
        for word in ("floor", "ceiling")
        if getattr(before, word) != getattr(after, word)
    ]
    if limits:
        yield Change(Kind.APPLIES, about, ", ".join(limits))


def _limit(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def _conditions(old: Rule, new: Rule) -> Iterator[Change]:
    for key, words in (("when", "when it fires"), ("clears", "what clears it")):
        before, after = getattr(old, key), getattr(new, key)
        if _blank(before, old, new) != _blank(after, new, old):
            yield Change(Kind.APPLIES, words, "the condition is written anew")


def _blank(group: Group, rule: Rule, other: Rule) -> Any:
    """Return a condition in which settings that only changed their name look alike."""
    renamed = {
        f"${one}": sorted(_places(rule, one)) for one in rule.settings if one not in other.settings
    }

    def plain(node: Any) -> Any:
        if isinstance(node, Group):
            return (node.join, tuple(plain(member) for member in node.members))
        value = tuple(node.value) if isinstance(node.value, list) else node.value
        value = "$" if isinstance(value, str) and value in renamed else value
        return (node.signal, node.operator, value)

    return plain(group)


def _mode(
    old: Rule, new: Rule, entry: Mapping[str, Any], ours: Document, name: str
) -> Iterator[Change]:
    line = ours.line((name, "mode"))
    if old.mode != new.mode:
        kind, what = Kind.APPLIES, f"{old.mode} -> {new.mode}"
        if "mode" in entry:
            kind, what = (
                Kind.KEPT,
                f"your {short(entry['mode'])} stays; the pack says {new.mode} now",
            )
        yield Change(kind, "mode", what, "", line if "mode" in entry else None)
    if old.recommended != new.recommended:
        what = f"recommended is {new.recommended} now, not {old.recommended}"
        if "mode" in entry:
            what += f"; your {short(entry['mode'])} stays"
        yield Change(Kind.LOOK, "mode", what, "", line if "mode" in entry else None)


def _texts(
    old: Rule, new: Rule, entry: Mapping[str, Any], ours: Document, name: str
) -> Iterator[Change]:
    changed = []
    for key in ("subject", "body"):
        before, after = getattr(old.then.task, key), getattr(new.then.task, key)
        if before == after:
            continue
        changed.append(key)
        if key in entry:
            what = f"yours stays; under it the pack's says now: {_quoted(key, after)}"
            remedy = "See whether yours still asks the right thing."
            yield Change(Kind.LOOK, key, what, remedy, ours.line((name, key)))
        else:
            yield Change(Kind.APPLIES, key, f"says now: {_quoted(key, after)}")
    translations = entry.get("translations")
    for language in translations if isinstance(translations, dict) and changed else ():
        line = ours.line((name, "translations", language))
        what = f"the pack's {' and '.join(changed)} changed under your translation"
        remedy = "Translate it again where it says something else now."
        yield Change(Kind.LOOK, f"translation {short(language)}", what, remedy, line)


def _quoted(key: str, text: Any) -> str:
    lines = (text,) if key == "subject" else text
    return " / ".join(f'"{short(alternatives(line)[0])}"' for line in lines)


def _then(old: Rule, new: Rule) -> Iterator[Change]:
    before, after = old.then, new.then
    if before.flag != after.flag:
        what = f"{before.flag} -> {after.flag}; list views that name the old one must change"
        yield Change(Kind.LOOK, "flag", what)
    for key, words in (("due_in_days", "due in business days"), ("due_before", "due before")):
        was, now = getattr(before.task, key), getattr(after.task, key)
        if was != now:
            yield Change(Kind.APPLIES, words, f"{_plain(was)} -> {_plain(now)}")
    if old.hides != new.hides:
        now = ", ".join(one.rule for one in new.hides) or "none"
        yield Change(Kind.APPLIES, "rules that wait while it is open", now)
