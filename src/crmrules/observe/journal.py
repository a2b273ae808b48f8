"""What must be known after a restart: which moments were dealt with, and how the last runs ended.

It lives in the state store. While that cannot be used, changes wait in memory and are made when it
can; nothing here ever fails a run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from crmrules.errors import CrmRulesError
from crmrules.plan import stamp
from crmrules.schedule import Due
from crmrules.state import journal

MOST_EVENTS = 50
_LEFT, _SKIPPED = 4, 75
_MOST_WAITING = 500  # changes that wait for the store; beyond that, what we know replaces all


class Past(BaseModel):
    """What is kept; None is: never, or not known.

    ``handled``: until when due moments are accounted for, by the schedule ``cron`` in ``zone``.
    ``open``: the run that is under way. ``unfinished``: the last one was asked to stop. ``told``:
    whether the last notice said that all is well. ``cut``: how many runs ended with exit 4 before
    they came to their end, since one last did.
    """

    cron: str | None = None
    zone: str = ""
    handled: datetime | None = None
    organization: str | None = None
    open: dict[str, Any] | None = None
    unfinished: bool = False
    healthy: bool | None = None
    reason: str | None = None
    told: bool | None = None
    complete: datetime | None = None
    made: int = 0
    missed: int = 0
    skipped: int = 0
    failed: int = 0
    cut: int = 0
    events: list[dict[str, Any]] = Field(default=[])  # newest last

    def note(self, **event: Any) -> None:
        """Add an event of JSON values; the oldest go."""
        self.events = [*self.events, event][-MOST_EVENTS:]

    def began(self, run_id: str, due: Due | None, now: datetime) -> None:
        """Note a run that is under way."""
        said = {"due": None, "catch_up": False} if due is None else _said(due)
        self.open = {"run_id": run_id, "at": stamp(now), **said}
        self.unfinished = False

    def ended(
        self, run_id: str, due: Due | None, code: int, now: datetime, *, complete: bool
    ) -> None:
        """Note how a run ended; ``complete``: it came to its end."""
        self.open = None
        self.made += complete
        self.skipped += code == _SKIPPED
        self.failed += not complete and code != _SKIPPED
        self.cut = 0 if complete else self.cut + (code == _LEFT)
        self.complete = now if complete else self.complete
        at = None if due is None else stamp(due.at)
        self.note(kind="run", at=stamp(now), run_id=run_id, exit=code, due=at)

    def judged(self, reason: str | None) -> None:
        """Note whether syncs go well (None), or why they do not."""
        self.healthy, self.reason = reason is None, reason

    @classmethod
    def of(cls, value: Any) -> Past:
        """Return what a stored value says; one that cannot be read says nothing."""
        try:
            return cls.model_validate(value or {})
        except ValidationError:
            return cls()


def _said(due: Due) -> dict[str, Any]:
    return {"due": stamp(due.at), "catch_up": due.catch_up}


Change = Callable[[Past], None]


class Journal:
    """The past of one configuration. ``url``: of the state store; ``name``: the configuration's."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self.name = url, name
        self.past = Past()
        self._waiting: list[Change] = []

    def load(self) -> None:
        """Read what is kept. Raises StateError where the store cannot be used."""
        self.past = Past.of(journal.read(self._url, self.name))
        for change in self._waiting:
            change(self.past)

    def change(self, change: Change) -> None:
        """Change what we know, and keep it; it waits in memory while the store cannot be used.

        Raises CrmRulesError in that case.
        """
        change(self.past)
        self._waiting.append(change)
        self.keep()

    def keep(self) -> None:
        """Keep what waits. Raises CrmRulesError where the store cannot be used now."""
        if not self._waiting:
            return
        if len(self._waiting) > _MOST_WAITING:
            known = dict(self.past)
            self._waiting = [lambda past: _replace(past, known)]
        if journal.change(self._url, self.name, self._changed):
            self._waiting = []

    def _changed(self, value: Any) -> Any:
        stored = Past.of(value)
        for change in self._waiting:
            change(stored)
        self.past = stored
        return stored.model_dump(mode="json")


def _replace(past: Past, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(past, name, value)


def kept(url: str, name: str) -> Past | None:
    """Return what is kept of a configuration; None: nothing, or it cannot be read now."""
    try:
        found = journal.read(url, name)
    except CrmRulesError:
        return None
    return None if found is None else Past.of(found)
