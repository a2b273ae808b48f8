"""Random changes of rules, organizations of different ages, and what a real sync then does.

The oracle is the CRM: the organization and its state file are put back as they were, a real sync
runs with the changed overlay, and what stands in the CRM before and after is compared. Nothing here
reads how preview compares two futures.
"""

from __future__ import annotations

import copy
import functools
import json
import math
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import rule_text
import yaml
from world import CLOSED_LOST, SETTLED, World

from crmrules import rulebook
from crmrules.rule import Mode, Rule, Setting

SIZE = 24
SECRET, MINOR, COPIED, DATED, PLAIN = "conc-secret", "e2e-minor", "e2e-copied", "e2e-dated", "e2e-p"
_ALWAYS = "majors_only: false"
_EVERYWHERE = "recognition, evaluation, concerns"
HANDMADE = {
    PLAIN: rule_text.rule(PLAIN).replace(
        _ALWAYS, f"{_ALWAYS}\nhides: [{{rule: {MINOR}, same: none}}]"
    ),
    MINOR: rule_text.rule(MINOR, severity="P3", phases=_EVERYWHERE),
    COPIED: rule_text.rule(COPIED, phases=_EVERYWHERE).replace(
        _ALWAYS, f"{_ALWAYS}\ncopy_manager: true"
    ),
    DATED: rule_text.rule(DATED, severity="P1", phases="concerns").replace(
        _ALWAYS, f"{_ALWAYS}\ndated_event: true"
    ),
    SECRET: rule_text.rule(SECRET, phases=_EVERYWHERE)
    .replace(_ALWAYS, f"{_ALWAYS}\nprivate: true")
    .replace("recommended: live", "recommended: disabled")
    .replace('subject: ["Look at {opportunity}", "Look at {account}"]', 'subject: ["Look back"]'),
}
SHIPPED = {rule.id: rule for rule in rulebook.load([rulebook.shipped()]).rules}
Changes = dict[str, dict[str, Any]]  # an overlay


# -- ages -----------------------------------------------------------------------------------------
def everywhere(mode: str = "") -> Changes:
    """Return an overlay with every shipped rule in this mode, or as recommended."""
    return {name: {"mode": mode or str(rule.recommended)} for name, rule in SHIPPED.items()}


def fresh(world: World) -> None:
    """One sync in shadow, two hours ago: nothing has settled."""
    run(world, everywhere("shadow"))
    world.advance(timedelta(hours=2))


def settled(world: World) -> None:
    """One sync in shadow, and what it found has settled."""
    run(world, everywhere("shadow"))
    world.advance(SETTLED)


def written(world: World) -> None:
    """The last sync has just made the first tasks: the stored rows do not show them yet."""
    settled(world)
    run(world, everywhere())
    world.advance(timedelta(hours=1))


def pending(world: World) -> None:
    """Tasks are open, and days later new findings wait for their second look."""
    written(world)
    world.advance(timedelta(days=3))
    run(world, everywhere())
    world.advance(timedelta(hours=1))


def answered(world: World) -> None:
    """Reps answered, snoozed, edited, deleted; opportunities were lost, or changed hands."""
    written(world)
    world.advance(timedelta(days=1))
    tasks = [task for task in world.our_tasks(deleted=False) if task["linked"]]
    words = ("#not-true", "#not-useful", "#done-otherwise", "I will look")
    for place, task in enumerate(tasks):
        act: Callable[[], None] = [
            lambda task=task: world.complete(task),
            lambda task=task: world.edit(task, body=f"{task['body']}\n{words[task_place(task)]}"),
            lambda task=task: world.delete(task),
            lambda task=task: world.edit(task, status="deferred"),
            lambda: None,
        ][place % 5]
        act()
    opportunities = sorted({task["opportunity"] for task in tasks})
    for one in opportunities[::4]:
        world.move(one, CLOSED_LOST)
    for one in opportunities[1::4]:
        world.reassign(one, world.somebody_else(world.owner_of(one)))
    run(world, everywhere())
    world.advance(timedelta(hours=5))


def task_place(task: dict[str, Any]) -> int:
    return sum(map(ord, task["key"])) % 4


def crowded(world: World) -> None:
    """Small caps, working hours, opportunities left alone: much waits, and it is morning."""
    world.tasks = {
        "open_per_opportunity": 1,
        "new_per_owner_per_day": 2,
        "open_per_owner": 3,
        "holdout_share": 0.1,
        "working_hours": "08:00-18:00",
    }
    settled(world)
    world.advance(timedelta(hours=12))
    run(world, everywhere())
    world.advance(timedelta(hours=24))


def handmade(world: World) -> None:
    """Rules of a team's own: private, with copies to managers, dated, minor ones, hiding others."""
    world.rules = HANDMADE
    world.manage(world.owners()[0])
    world.configure()
    world.prepare()
    run(world, {SECRET: {"mode": "live"}})
    world.advance(SETTLED)
    run(world, {SECRET: {"mode": "live"}})
    world.advance(timedelta(days=4))
    tasks = [task for task in world.our_tasks() if task["linked"]]
    for task in tasks[::5]:
        world.complete(task)
    run(world, {SECRET: {"mode": "live"}, MINOR: {"mode": "live"}})
    world.advance(timedelta(days=5))


AGES = {
    age.__name__: age for age in (fresh, settled, written, pending, answered, crowded, handmade)
}


def rules_of(world: World) -> Mapping[str, Rule]:
    """Return the rules of an organization before any overlay."""
    if world.rules is None:
        return SHIPPED
    return {rule.id: rule for rule in rulebook.load([world.folder / "rules"]).rules}


def run(world: World, changes: Changes) -> None:
    world.overlay = yaml.safe_dump(changes)
    world.configure()
    world.synced()


# -- changes --------------------------------------------------------------------------------------
def edited(
    rnd: random.Random, present: Changes, rules: Mapping[str, Rule], firing: Collection[str]
) -> Changes:
    """Return the overlay after one to four random changes, two in three to rules that fire."""
    changes = copy.deepcopy(present)
    # Where nothing is live, few changes of anything else do something.
    asleep = all(entry.get("mode") != str(Mode.LIVE) for entry in present.values())
    for _ in range(rnd.choice((1, 1, 2, 4))):
        among = firing if firing and rnd.random() < 2 / 3 else rules
        rule = rules[rnd.choice(sorted(among))]
        entry = changes.setdefault(rule.id, {})
        kind = rnd.choice(("threshold", "threshold", "threshold", "mode", "mode", "texts", "back"))
        numbers = {n: s for n, s in rule.settings.items() if type(s.value) in (int, float)}
        if asleep and rnd.random() < 1 / 2:
            entry["mode"] = str(Mode.LIVE)
        if kind == "threshold" and numbers:
            name = rnd.choice(sorted(numbers))
            entry.setdefault("settings", {})[name] = another(rnd, numbers[name])
        elif kind == "texts":
            texts = {"subject": "Look again at {account}", "body": ["Who says so?", "Since when?"]}
            name = (
                "body" if rule.private else rnd.choice(sorted(texts))
            )  # its subject names nothing
            entry[name] = texts[name]
        elif kind == "back":
            changes[rule.id] = {}
        else:
            entry["mode"] = str(rnd.choice(tuple(Mode)))
    return changes


def another(rnd: random.Random, setting: Setting) -> int | float:
    """Return another value that a setting may have."""
    value = setting.value
    assert not isinstance(value, str)
    if value:
        new = value * rnd.choice((0, 0.25, 0.5, 0.9, 1.1, 1.5, 2, 5)) + rnd.choice((0, 0, 1))
    else:
        new = rnd.choice((0, 1, 30, 60, 120, 400))
    whole = isinstance(value, int)
    new = round(new) if whole else round(float(new), 3)
    if setting.floor is not None:
        new = max(new, math.ceil(setting.floor) if whole else setting.floor)
    if setting.ceiling is not None:
        new = min(new, math.floor(setting.ceiling) if whole else setting.ceiling)
    return new


# -- the oracle -----------------------------------------------------------------------------------
@dataclass
class Organization:
    """One organization at one age, put back before every look at it."""

    world: World
    changes: Changes = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.changes = yaml.safe_load(self.world.overlay)
        self._records = self.world.snapshot()
        self._state = self.world.state.read_bytes()

    @functools.cached_property
    def unchanged(self) -> Happened:
        """What a sync without any change does."""
        return self.sync(self.changes)

    def put_back(self) -> None:
        self.world.restore(self._records)
        self._records = self.world.snapshot()
        for old in self.world.folder.glob("state.db-*"):
            old.unlink()
        self.world.state.write_bytes(self._state)

    def preview(self, changes: Changes) -> dict[str, Any]:
        """Ask the command, and insist that no call was made and nothing was stored."""
        self.put_back()
        path = self.world.folder / "changed.yaml"
        path.write_text(yaml.safe_dump(changes))
        calls, state = len(self.world.server.calls), self.world.tables()
        self.world.reachable = False
        try:
            ran = self.world.run("preview", "--overlay", str(path), "--include-private")
        finally:
            self.world.reachable = True
        assert ran.code == 0, ran.err
        assert len(self.world.server.calls) == calls
        assert self.world.tables() == state
        return ran.json

    def sync(self, changes: Changes, **tasks: Any) -> Happened:
        """Run a real sync with these changes, and look at the CRM before and after."""
        self.put_back()
        kept = self.world.overlay, self.world.tasks
        self.world.overlay, self.world.tasks = yaml.safe_dump(changes), {**kept[1], **tasks}
        try:
            self.world.configure()
            before = self.world.dump()
            ran = self.world.synced("--include-private")
            return Happened(before, self.world.dump(), ran.json)
        finally:
            self.world.overlay, self.world.tasks = kept
            self.world.configure()


@dataclass(frozen=True)
class Happened:
    """The CRM before and after a sync, and what the sync said of itself."""

    before: dict[str, Any]
    after: dict[str, Any]
    told: dict[str, Any]

    @property
    def made(self) -> set[str]:
        """The keys of new tasks."""
        return {task[0] for task in self.after["tasks"]} - {t[0] for t in self.before["tasks"]}

    @property
    def ended(self) -> set[str]:
        """The keys of the tasks that were closed."""
        old = {task[0]: task[6] for task in self.before["tasks"]}
        return {t[0] for t in self.after["tasks"] if t[6] == "completed" != old.get(t[0], t[6])}


def carried_out(before: dict[str, Any], writes: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the CRM shows once these writes are made, written straight down."""
    tasks = {task[0]: list(task) for task in before["tasks"]}
    fields = {name: dict(values) for name, values in before["fields"].items()}
    for write in writes:
        values = write["fields"]
        if write["action"] == "set_flags":
            told = dict(values)
            if "flags" in told:
                told["flags"] = sorted(told["flags"])
            fields[write["opportunity"]].update(told)
        elif write["action"] == "create_task":
            words = values["subject"], values["body"], "not started", values["due"], write["owner"]
            linked = write["opportunity"] is not None and write["rule"] != SECRET
            about = write["rule"], write["opportunity"], linked
            about = (None, None, False) if write["rule"] == SECRET else about
            assert write["key"] not in tasks
            tasks[write["key"]] = [write["key"], *about, *words, False]
        else:
            task = tasks[write["key"]]
            for name, place in (("body", 5), ("status", 6), ("due", 7), ("owner", 8)):
                if name in values:
                    task[place] = values[name].lower() if name == "status" else values[name]
    return {"tasks": sorted(tasks.values()), "fields": fields}


def by_name(writes: list[dict[str, Any]]) -> list[str]:
    """Return writes in an order of their own, ready to compare."""
    return sorted(json.dumps(write, sort_keys=True) for write in writes)
