"""A rep who works the tasks crmrules made, and goes on selling, between two runs.

Know before changing: the rep sees the CRM only through a ``Desk`` and draws from a seed, task by
task in the order of opportunity and subject, never of ids: so the same tasks on two CRMs give the
same day's work. Records of other people's making are never deleted.

Does not do: judge whether a task was right, touch our fields, or know a CRM (each has its desk).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from crmrules_sandbox.scenario.outline import PROPOSAL, STAGES


@dataclass(frozen=True, slots=True)
class Task:
    """An open task of ours, the id of the opportunity it is about, and what that is called."""

    id: str
    subject: str
    about: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Chance:
    """An opportunity the rep is selling at, in the scenario's word for its stage."""

    id: str
    name: str
    stage: str


class Desk(Protocol):
    """What a rep can do in one CRM; every change is made as the record's owner."""

    def now(self) -> datetime:
        """Return the CRM's time, aware."""

    def tasks(self) -> list[Task]:
        """Return our tasks that are not closed, in any order."""

    def complete(self, task: Task, words: str = "") -> None:
        """Close a task, with a line of the rep's own added to its text."""

    def defer(self, task: Task) -> None:
        """Put a task off."""

    def wait(self, task: Task) -> None:
        """Say that somebody else has to move first."""

    def reword(self, task: Task, subject: str) -> None:
        """Give a task another subject."""

    def delete(self, task: Task) -> None:
        """Delete a task."""

    def chance(self, about: str) -> Chance | None:
        """Return the opportunity, unless it is closed."""

    def log_call(self, chance: Chance, text: str) -> None:
        """Log that the customer called just now."""

    def book(self, chance: Chance, subject: str, start: datetime) -> None:
        """Book a meeting of an hour."""

    def move(self, chance: Chance, stage: str, next_step: str | None = None) -> None:
        """Put the opportunity into another stage, with or without another next step."""

    def pull_back(self, chance: Chance) -> bool:
        """Make the newest quote a draft again; False if there is none."""


class Rep:
    """Answers our tasks and moves opportunities, the same way for the same seed and CRM."""

    def __init__(self, desk: Desk, *, seed: int = 0) -> None:
        self._desk = desk
        self._rng = random.Random(f"rep {seed}")
        self._said: list[str] = []

    def work(self) -> list[str]:
        """Do one stretch of work and return what was done, one readable line per record."""
        self._said = []
        tasks = sorted(self._desk.tasks(), key=lambda task: (task.name, task.subject, task.id))
        self._rng.shuffle(tasks)
        answered = self._answer(tasks)
        self._sell(tasks, answered)
        return self._said

    def _answer(self, tasks: list[Task]) -> set[str]:
        """Answer about two thirds of the tasks; return opportunities where one was completed."""
        special = [self._not_true, self._edit, self._remove, self._defer, self._wait]
        done: set[str] = set()
        for place, task in enumerate(tasks):
            if place < len(special):
                special[place](task)
            elif self._rng.random() < 0.6:
                self._desk.complete(task)
                self._say("completed", task)
                if task.about:
                    done.add(task.about)
        return done

    def _say(self, what: str, task: Task) -> None:
        self._said.append(f'{what} "{task.subject}"')

    def _not_true(self, task: Task) -> None:
        self._desk.complete(task, "#not-true we spoke last week, outside the CRM")
        self._say("answered #not-true on", task)

    def _edit(self, task: Task) -> None:
        self._desk.reword(task, f"Thursday: {task.subject}"[:255])
        self._say("reworded the subject of", task)

    def _remove(self, task: Task) -> None:
        if self._rng.random() < 0.5:
            self._desk.delete(task)
            self._say("deleted", task)

    def _defer(self, task: Task) -> None:
        self._desk.defer(task)
        self._say("deferred", task)

    def _wait(self, task: Task) -> None:
        self._desk.wait(task)
        self._say("is waiting on someone else for", task)

    def _sell(self, tasks: list[Task], answered: set[str]) -> None:
        """Act on the opportunities whose task was completed, each in another way."""
        order = [task.about for task in tasks if task.about in answered]
        acts = (self._reply, self._book, self._move, self._withdraw)
        for place, about in enumerate(dict.fromkeys(order)):
            if place >= 3 * len(acts):
                break
            chance = self._desk.chance(about) if about else None
            if chance is not None:
                acts[place % len(acts)](chance)

    def _reply(self, chance: Chance) -> None:
        """Log a call in which the customer answered."""
        self._desk.log_call(chance, "Called back: wants to settle two open points first.")
        self._said.append(f"logged a reply on {chance.name}")

    def _book(self, chance: Chance) -> None:
        """Book a meeting in four days."""
        start = self._desk.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        self._desk.book(chance, "Working session", start + timedelta(days=4))
        self._said.append(f"booked a meeting on {chance.name}")

    def _move(self, chance: Chance) -> None:
        """Move the opportunity one stage on, short of closing it."""
        if chance.stage not in STAGES[:-1]:
            return
        following = STAGES[STAGES.index(chance.stage) + 1]
        self._desk.move(chance, following, "Customer confirms the agreed actions")
        self._said.append(f"moved {chance.name} from {chance.stage} to {following}")

    def _withdraw(self, chance: Chance) -> None:
        """Pull the newest quote back; without a quote, or quotes at all, pull the stage back."""
        if self._desk.pull_back(chance):
            self._said.append(f"pulled a quote back on {chance.name}")
        elif chance.stage == PROPOSAL:
            self._desk.move(chance, STAGES[2])
            self._said.append(f"went back to {STAGES[2]} on {chance.name}")
