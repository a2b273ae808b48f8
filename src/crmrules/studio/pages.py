"""The studio's pages as HTML. Every value from the CRM or a rule is escaped by the templates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from crmrules.chapters import CHAPTERS, OWN, chapter
from crmrules.findings.hold import IN_WORDS, HeldBack
from crmrules.rule import Clause, Group, Mode, Rule, Text
from crmrules.rulepages.condition import WORDS, value
from crmrules.signals import SIGNALS, label
from crmrules.studio.desk import Desk, Line, Sheet
from crmrules.studio.draft import Change, Place
from crmrules.texts import alternatives

_MODES = {
    Mode.LIVE: "live: asks",
    Mode.SHADOW: "shadow: only counts",
    Mode.DISABLED: "disabled: is not judged",
}


class Pages:
    """Renders what the desk has. ``word``: what the page has to send back with a change."""

    def __init__(self, desk: Desk, word: str) -> None:
        self._desk, self._word = desk, word
        self._env = Environment(
            loader=PackageLoader("crmrules.studio"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.filters |= {"words": value, "signed": _signed, "taken": _taken}

    def page(self, name: str | None) -> str:
        """Return a whole page; with one rule, where it is named. Raises UsageError: no such."""
        sheet = None if name is None else self._sheet(name)
        return self._env.get_template("page.html").render(
            word=self._word,
            chapters=_chapters(self._desk.lines()),
            sheet=sheet,
            modes=_MODES,
            **self._told(),
        )

    def parts(self, name: str) -> dict[str, Any]:
        """Return the parts of the page that move with a change."""
        told = self._told()
        sheet = self._sheet(name)
        return {
            "effect": self._env.get_template("effect.html").render(**told),
            "changes": self._env.get_template("changes.html").render(**told),
            "condition": self._env.get_template("condition.html").render(sheet=sheet),
            "example": self._env.get_template("example.html").render(sheet=sheet),
            "summary": summary(told["effect"]),
            "changed": sorted({one["rule"] for one in told["changes"]}),
        }

    def _told(self) -> dict[str, Any]:
        desk, private = self._desk, self._desk.private
        effect = desk.effect.json(include_private=private)
        owners = [
            row | {"name": desk.person(row["owner"])} for row in effect["by_owner"] if row["owner"]
        ]
        capped = [
            row | {"name": desk.person(row["owner"])}
            for row in effect["over_cap"]
            if row["after"] != row["before"]
        ]
        appear, go = desk.examples("appear"), desk.examples("go")
        changes = [_change(one) for one in desk.changes()]
        return {
            "effect": effect,
            "owners": owners,
            "capped": capped,
            "waits": _waits(effect["held_back"]),
            "appear": appear,
            "go": go,
            "changes": changes,
            "as_of": desk.as_of,
            "synced_at": desk.effect.synced_at,
            "overlay": desk.draft.path,
            "affected": [
                row | {"name": desk.name(row["opportunity"])}
                for row in effect["opportunities_most_affected"][:10]
            ],
        }

    def _sheet(self, name: str) -> dict[str, Any]:
        sheet = self._desk.sheet(name)
        rule, task = sheet.rule, sheet.rule.then.task
        return {
            "rule": rule,
            "settings": [_setting(sheet, one) for one in rule.settings],
            "mode": {"was": sheet.saved.mode, "pack": sheet.pack.mode},
            "subject": _texts(task.subject),
            "body": [_texts(line) for line in task.body],
            "condition": _group(rule, rule.when),
            "clears": _group(rule, rule.clears),
            "example": sheet.example,
            "about": sheet.about,
        }


def _waits(held: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """Return why findings make no task, where that changes: what a rule that stays silent is."""
    before, after = held["before"], held["after"]
    return [
        {"why": IN_WORDS[HeldBack(r)], "before": before.get(r, 0), "after": after.get(r, 0)}
        for r in sorted(before.keys() | after.keys())
        if before.get(r, 0) != after.get(r, 0)
    ]


def summary(effect: dict[str, Any]) -> str:
    """Return the effect in one sentence, for who listens rather than looks."""
    if not effect["rules"]:
        return "Nothing is changed."
    told = [
        f"{title}: {_count(len(effect[column]['appear']), 'task')} more, "
        f"{len(effect[column]['go'])} fewer"
        for title, column in (("Next sync", "next_sync"), ("Once settled", "once_settled"))
    ]
    stops = " A guard would stop the sync." if effect["stops"] else ""
    return f"{'. '.join(told)}.{stops}"


def _chapters(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    titles = [*CHAPTERS.values(), OWN]
    ordered = sorted(lines, key=lambda one: (titles.index(chapter(one.rule.id)), one.rule.id))
    return [(title, list(m)) for title, m in groupby(ordered, lambda one: chapter(one.rule.id))]


def _setting(sheet: Sheet, name: str) -> dict[str, Any]:
    setting = sheet.rule.settings[name]
    return {
        "name": name,
        "label": name.replace("_", " "),
        "value": setting.value,
        "number": isinstance(setting.value, int | float) and not isinstance(setting.value, bool),
        "unit": setting.unit,
        "why": setting.why,
        "floor": setting.floor,
        "ceiling": setting.ceiling,
        "pack": sheet.pack.settings[name].value,
        "saved": sheet.saved.settings[name].value,
    }


def _group(rule: Rule, group: Group) -> dict[str, Any]:
    members = [
        _clause(rule, one) if isinstance(one, Clause) else _group(rule, one)
        for one in group.members
    ]
    return {"join": "all of these" if group.join == "all" else "any of these", "members": members}


def _clause(rule: Rule, clause: Clause) -> dict[str, Any]:
    given = clause.value
    setting = given[1:] if isinstance(given, str) and given.startswith("$") else None
    signal = SIGNALS.get(clause.signal)
    return {
        "signal": label(clause.signal),
        "meaning": signal.meaning if signal else "",
        "operator": WORDS[clause.operator],
        "value": value(rule.value_of(clause)),
        "setting": setting.replace("_", " ") if setting else None,
    }


def _texts(text: Text) -> list[str]:
    return list(alternatives(text))


def _change(change: Change) -> dict[str, Any]:
    return {
        "rule": change.place[0],
        "place": list(change.place),
        "what": _what(change.place),
        "before": _short(change.before),
        "after": _short(change.after),
        "removed": change.removed,
    }


def _what(place: Place) -> str:
    return place[2].replace("_", " ") if place[1] == "settings" else place[1]


def _short(said: Any) -> str:
    text = value(said)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _taken(n: int) -> str:
    return f"\N{MINUS SIGN}{n}" if n else "0"


def _signed(n: int) -> str:
    return f"+{n}" if n else "0"
