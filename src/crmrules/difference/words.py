"""A difference of packs as people read it: plain lines, Markdown, or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmrules.difference.fields import Change, Kind
from crmrules.difference.relation import Band, Comparison, Relation
from crmrules.difference.upgrade import Difference, RuleDifference, Status
from crmrules.signals import SIGNALS

_FIRES = {
    (Relation.SAME, False): "fires on the same as before",
    (Relation.MORE, True): "fires earlier, and on more",
    (Relation.MORE, False): "fires on more",
    (Relation.FEWER, True): "fires later, and on fewer",
    (Relation.FEWER, False): "fires on fewer",
    (Relation.OTHERS, True): "fires on others: earlier here, later there",
    (Relation.OTHERS, False): "fires on others: more here, fewer there",
}
_MARKS = {Kind.CONFLICT: "!", Kind.KEPT: "=", Kind.APPLIES: "~", Kind.LOOK: "?"}


def effect(compared: Comparison) -> str:
    """Return what a change of the condition or of its numbers does, in words."""
    graded = bool(compared.bands) and not compared.other  # thresholds alone: a matter of time
    bands = "; ".join(_band(one) for one in compared.bands)
    fires = _FIRES[compared.relation, graded]
    return f"{fires} ({bands})" if bands else fires


def _band(band: Band) -> str:
    signal = SIGNALS.get(band.signal)
    unit = f" {signal.unit}" if signal is not None and signal.unit else ""
    verb = {"when": "counts", "clears": "clears"}[band.key]
    so = f"{verb} now too" if band.wider else f"{verb} no more"
    return f"{band.signal.replace('_', ' ')} {band.span}{unit} {so}"


def lines(found: Difference) -> Iterator[str]:
    """Yield the difference for a terminal."""
    yield _head(found)
    yield from _unread(found)
    for change in found.problems:
        yield from _change(change, "")
    for one in found.rules:
        yield f"{one.rule}: {_title(one)}"
        yield from (f"  {line}" for line in _effects(one))
        for change in one.changes:
            yield from _change(change, "  ")
    yield _end(found)


def markdown(found: Difference) -> str:
    """Return the difference as a page, for a pull request."""
    made = [f"# {_head(found)}", "", *_unread(found), _end(found), ""]
    made += [f"- **conflict** `{c.about}`: {c.what}. {c.remedy}" for c in found.problems]
    for one in found.rules:
        made += ["", f"## `{one.rule}`: {_title(one)}", ""]
        made += [f"- {line}" for line in _effects(one)]
        for change in one.changes:
            place = f" (overlay, line {change.line})" if change.line is not None else ""
            remedy = f" {change.remedy}" if change.remedy else ""
            made.append(f"- {_WORDS[change.kind]}{change.about}: {change.what}.{remedy}{place}")
    return "\n".join([*made, ""])


_WORDS = {
    Kind.CONFLICT: "**conflict** ",
    Kind.KEPT: "yours stays: ",
    Kind.APPLIES: "",
    Kind.LOOK: "look: ",
}


def as_json(found: Difference) -> dict[str, Any]:
    """Return the difference for programs."""
    return {
        "base": found.base.name,
        "theirs": found.theirs.name,
        "unread": [*found.base.unread, *found.theirs.unread],
        "conflicts": found.conflicts,
        "problems": [_change_json(change) for change in found.problems],
        "rules": [
            {
                "rule": one.rule,
                "title": one.title,
                "status": str(one.status),
                "now": one.now,
                "pack": _effect_json(one.pack),
                "yours": _effect_json(one.yours),
                "changes": [_change_json(change) for change in one.changes],
            }
            for one in found.rules
        ],
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "kind": str(change.kind),
        "about": change.about,
        "what": change.what,
        "remedy": change.remedy,
        "line": change.line,
    }


def _effect_json(compared: Comparison | None) -> dict[str, str] | None:
    if compared is None:
        return None
    return {"fires_on": str(compared.relation), "words": effect(compared)}


def _head(found: Difference) -> str:
    return f"From {found.base.name} to {found.theirs.name}"


def _title(one: RuleDifference) -> str:
    if one.status is Status.RENAMED:
        return f"renamed, now {one.now}. {one.title}"
    return one.title if one.status is Status.CHANGED else f"{one.status}. {one.title}"


def _effects(one: RuleDifference) -> Iterator[str]:
    """Yield what the pack's change does, and what is left of it under the overlay."""
    if one.pack is None or one.yours is None:
        return
    pack, yours = effect(one.pack), effect(one.yours)
    touched = one.pack.relation is not Relation.SAME or bool(one.pack.bands)
    if pack == yours:
        yield from (pack,) if touched else ()
    else:
        yield f"as shipped: {pack}"
        yield f"with your overlay: {yours}"


def _change(change: Change, indent: str) -> Iterator[str]:
    place = f" (overlay, line {change.line})" if change.line is not None else ""
    yield f"{indent}{_MARKS[change.kind]} {change.about}: {change.what}{place}"
    if change.remedy:
        yield f"{indent}  -> {change.remedy}"


def _unread(found: Difference) -> Iterator[str]:
    for pack in (found.base, found.theirs):
        if pack.unread:
            names = ", ".join(pack.unread[:10])
            yield f"not read, so not compared, of {pack.name}: {len(pack.unread)} ({names})"


def _end(found: Difference) -> str:
    if not found.rules and not found.problems:
        return "Nothing differs."
    count = found.conflicts
    told = f"{len(found.rules)} rule(s) differ"
    if not count:
        return f"{told}; nothing in your overlay is in the way."
    return f"{told}; {count} conflict(s) to mend in your overlay before a sync runs."
