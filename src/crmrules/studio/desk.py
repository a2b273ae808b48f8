"""What ops have before them: the rules, the snapshot, the changes, and what these would do.

One at a time: everything that touches the snapshot or the changes happens under one lock, since a
browser asks from several threads. It knows no HTTP.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmrules.connector import CreateTask
from crmrules.errors import UsageError
from crmrules.preview import Effect, Snapshot
from crmrules.problems import did_you_mean
from crmrules.rule import Rule
from crmrules.studio.draft import Change, Draft, Place

_EXAMPLES = 40  # tasks shown of each kind; `crmrules preview` lists all of them


@dataclass(frozen=True, slots=True)
class Line:
    """One rule in the list. ``findings`` and ``tasks``: under the rules as they are now saved."""

    rule: Rule
    findings: int
    tasks: int  # that the next syncs would make, once settled
    changed: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """One rule with everything that may be changed about it. ``example``: a task, as it reads."""

    rule: Rule
    saved: Rule
    pack: Rule
    changed: frozenset[Place]
    example: Mapping[str, Any] | None
    about: str | None  # the opportunity that the example is about


@dataclass(slots=True)
class Desk:
    """The state of one studio. ``read``: reads the snapshot anew from the state store."""

    draft: Draft
    read: Callable[[], Snapshot]
    private: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _snapshot: Snapshot = field(init=False)
    _effect: Effect = field(init=False)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Read the overlay and the snapshot anew; changes that are not saved stay."""
        with self._lock:
            self.draft.read()
            self._snapshot = self.read()
            self._judge()

    @property
    def as_of(self) -> datetime:
        """The moment it judges by."""
        return self._snapshot.as_of

    @property
    def effect(self) -> Effect:
        """What the changes would do, compared with the rules as they are saved."""
        return self._effect

    def lines(self) -> list[Line]:
        """Return the rules that may be shown, by chapter and id."""
        with self._lock:
            column = self._snapshot.before.once_settled
            findings = Counter(one.rule.id for one in column.findings)
            tasks = Counter(w.rule for w in column.writes if w.action == "create_task")
            changed = {change.place[0] for change in self.draft.changes()}
            return [
                Line(rule, findings[rule.id], tasks[rule.id], rule.id in changed)
                for rule in self.draft.rules().rules
                if self.private or not rule.private
            ]

    def sheet(self, name: str) -> Sheet:
        """Return one rule. Raises UsageError where there is none, or it is private."""
        with self._lock:
            rule = self._rule(name)
            changed = frozenset(c.place[1:] for c in self.draft.changes() if c.place[0] == name)
            example, about = self._example(name)
            saved, pack = self.draft.saved.rule(name), self.draft.pack.rule(name)
            return Sheet(rule, saved, pack, changed, example, about)

    def changes(self) -> list[Change]:
        """Return what is not saved yet."""
        with self._lock:
            return self.draft.changes()

    def change(self, name: str, values: Mapping[Place, Any]) -> dict[Place, str]:
        """Take changed values of one rule over and judge by them; return what is refused, by place.

        Raises UsageError where there is no such rule, or no such place in it.
        """
        with self._lock:
            rule = self._rule(name)
            for place in values:
                _known(rule, place)
            refused = self.draft.change(name, values)
            if not refused:
                self._judge()
            return refused

    def discard(self, place: Place | None = None) -> None:
        """Forget one change, or all of them."""
        with self._lock:
            self.draft.discard(place)
            self._judge()

    def save(self) -> str:
        """Write the overlay; return what was written, as a difference. Raises UsageError."""
        with self._lock:
            told = self.draft.save()
            # What was a change is how things are: the next effect is compared with that.
            self._snapshot = self.read()
            self._judge()
            return told

    def examples(self, what: str) -> tuple[list[dict[str, Any]], int]:
        """Return tasks that ``appear`` or ``go`` once settled, with names, and how many there are.

        Those of the next sync come first.
        """
        with self._lock:
            soon = {one.key for one in getattr(self._effect.next_sync, what)}
            all_ = [
                one
                for one in getattr(self._effect.once_settled, what)
                if self.private or not one.private
            ]
            all_.sort(key=lambda one: (one.key not in soon, one.rule, one.opportunity or ""))
            shown = [
                {
                    "rule": one.rule,
                    "opportunity": self.name(one.opportunity),
                    "owner": self.person(one.owner),
                    "reason": one.reason,
                    "soon": one.key in soon,
                }
                for one in all_[:_EXAMPLES]
            ]
            return shown, len(all_)

    def name(self, opportunity: str | None) -> str:
        """Return an opportunity's name, or its id; "several" for what hangs on none."""
        return (self._snapshot.names.get(opportunity) or opportunity) if opportunity else "several"

    def person(self, owner: str | None) -> str:
        """Return the name of one of our people, or the id where the CRM does not say it."""
        return (self._snapshot.people.get(owner) or owner) if owner else "nobody"

    def _rule(self, name: str) -> Rule:
        book = self.draft.rules()
        shown = {rule.id: rule for rule in book.rules if self.private or not rule.private}
        if name not in shown:
            remedy = did_you_mean(name, shown, "Choose one from the list.")
            raise UsageError(f"no rule is called '{name}'", remedy=remedy)
        return shown[name]

    def _judge(self) -> None:
        book = self.draft.rules()
        self._effect = self._snapshot.effect(book.enabled, book.hash)

    def _example(self, name: str) -> tuple[Mapping[str, Any] | None, str | None]:
        """Return how a task of the rule reads under the changes; None: it would make none."""
        for write in self._effect.after.once_settled.writes:
            if write.rule == name and isinstance(write.write, CreateTask):
                task = write.write.task
                told = {"subject": task.subject, "body": task.body, "due": task.due}
                return told, self.name(write.opportunity)
        return None, None


def _known(rule: Rule, place: Place) -> None:
    words = ("mode", "subject", "body")
    known = place[:1] == ("settings",) and len(place) == 2 and place[1] in rule.settings
    if not known and not (len(place) == 1 and place[0] in words):
        remedy = f"It has: {', '.join([*words, *rule.settings])}."
        raise UsageError(f"{rule.id} has nothing called '{'.'.join(place)}'", remedy=remedy)
