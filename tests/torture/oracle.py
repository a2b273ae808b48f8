"""Whether a sync kept every promise, judged from the sandbox's own store after each one.

Independent of the product: nothing of it is imported or asked. The state store is read for one
question alone, whether every task has its line in the audit.

Which tasks count for a cap: the open ones of ours that are neither completed nor deleted, put off
or not; and for the day, those made on it that are still with whom they were made for, open or not.
A person who hands a task or an opportunity over may push somebody over a cap; then nothing may be
added: what is held against the product are the tasks it makes.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from living import PHASE_OF, PHASES, SLOW_DAYS, People

from crmrules_sandbox.scenario.outline import LOST, WON

ORPHAN_AFTER = 2  # successful syncs that may see an open task of a closed opportunity
WORDS = ("subject", "body", "due", "status", "owner", "deleted")


@dataclass(frozen=True)
class Caps:
    per_opportunity: int
    per_owner: int
    per_day: int


@dataclass
class Oracle:
    """Looks before and after every sync. ``found``: what was broken, in words."""

    people: People
    caps: Caps
    state: Path
    found: list[str] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)  # how often a cap was full
    made: dict[str, tuple[str, str]] = field(default_factory=dict)  # key -> first owner, day
    gone_for: Counter[str] = field(default_factory=Counter)  # task -> successful syncs
    episodes: Counter[tuple[str, str]] = field(default_factory=Counter)
    firing: set[tuple[str, str]] = field(default_factory=set)
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    born: dict[str, Any] = field(default_factory=dict)  # opportunity -> when first seen
    struck: Counter[str] = field(default_factory=Counter)  # the faults of the whole run
    calls: int = 0
    days: int = 0

    def look(self) -> None:
        """See how things stand before a sync, and count the episodes it can see."""
        world = self.people.world
        self.before = {task["key"]: task for task in world.our_tasks()}
        fires = set()
        for opportunity, stage in world.stages().items():
            born = self.born.setdefault(opportunity, world.now)
            for rule, phases in PHASES.items():
                # Seeded ones are older than we know; for those begun here a day is let go by.
                old = rule != "soak-slow" or (world.now - born).days >= SLOW_DAYS - 1
                seeded = born == self.people.started
                if PHASE_OF[stage] in phases and (old or seeded):
                    fires.add((opportunity, rule))
        for pair in fires - self.firing:
            self.episodes[pair] += 1
        self.firing = fires

    def judge(self, code: int) -> None:
        """See what a sync has done."""
        world = self.people.world
        tasks = world.our_tasks()
        keys = Counter(task["key"] for task in tasks)
        self._say("a key twice", [key for key, n in keys.items() if n > 1])
        asked = Counter((task["opportunity"], task["rule"]) for task in tasks)
        self._say("an episode asked twice", [p for p, n in asked.items() if n > self.episodes[p]])
        fresh = [task for task in tasks if task["key"] not in self.before]
        day = world.now.date().isoformat()
        self.made |= {task["key"]: (task["owner"], day) for task in fresh}
        self._caps(tasks, fresh)
        self._respect({task["key"]: task for task in tasks})
        self._orphans(tasks, code)
        self._audited(keys)

    def _caps(self, tasks: list[dict[str, Any]], fresh: list[dict[str, Any]]) -> None:
        open_ = [t for t in tasks if not t["deleted"] and t["status"] != "completed"]
        per_opportunity = Counter(task["opportunity"] for task in open_)
        over = {o for o, n in per_opportunity.items() if n > self.caps.per_opportunity}
        self._say("too much on one opportunity", sorted(over))
        handed = {
            task["key"]
            for task in open_
            if task["key"] in self.before and self.before[task["key"]]["owner"] != task["owner"]
        }
        per_owner = Counter(task["owner"] for task in open_ if task["key"] not in handed)
        asked = {task["owner"] for task in fresh}
        self._say(
            "too much for one owner", [o for o in asked if per_owner[o] > self.caps.per_owner]
        )
        # Who gave a new task away has room again; who was given one was not asked by us.
        now = {task["key"]: task["owner"] for task in tasks}
        per_day = Counter(
            (owner, day) for key, (owner, day) in self.made.items() if now.get(key) == owner
        )
        self._say("too much on one day", [p for p, n in per_day.items() if n > self.caps.per_day])
        self.reached["opportunity"] += self.caps.per_opportunity in per_opportunity.values()
        self.reached["owner"] += any(n >= self.caps.per_owner for n in per_owner.values())
        today = self.people.world.now.date().isoformat()
        self.reached["day"] += any(
            n >= self.caps.per_day for (_, day), n in per_day.items() if day == today
        )

    def _respect(self, tasks: dict[str, dict[str, Any]]) -> None:
        for key, left in self.people.kept.items():
            now = tasks.get(key)
            changed = [word for word in WORDS if now is None or now[word] != left[word]]
            if changed:
                there = now or {}
                story = {word: (left[word], there.get(word)) for word in changed}
                self._say("a person's task was written", [key, story])
                self.people.kept[key] = now or left

    def _orphans(self, tasks: list[dict[str, Any]], code: int) -> None:
        stages = self.people.world.stages()
        for task in tasks:
            key = task["key"]
            over = stages.get(task["opportunity"], LOST) == LOST
            ended = task["deleted"] or task["status"] == "completed"
            if ended or not over or key in self.people.kept:
                self.gone_for.pop(key, None)
            elif code == 0:
                self.gone_for[key] += 1
        late = [key for key, n in self.gone_for.items() if n > ORPHAN_AFTER]
        self._say("an open task of an opportunity that is closed or gone", late)

    def _audited(self, keys: Counter[str]) -> None:
        with closing(sqlite3.connect(self.state)) as connection:
            rows = connection.execute(
                "SELECT key FROM audit WHERE action = 'create_task'"
                " AND result IN ('done', 'already')"
            )
            audited = {key for (key,) in rows}
            rows = connection.execute(
                "SELECT key FROM outbox WHERE state IN ('sending', 'unknown')"
            )
            unsure = {key for (key,) in rows}
        self._say("a task without a line in the audit", sorted(keys.keys() - audited - unsure))

    def _say(self, what: str, which: list[Any]) -> None:
        if which:
            self.found.append(f"{self.people.world.now}: {what}: {which[:5]}")


__all__ = ["Caps", "Oracle", "WON"]
