"""What the demo needs of any sandbox CRM: its clock, its rep, its port.

Know before changing: the rep acts as the owner of the record, never as the user or the app that
crmrules signs in with: what people change must look like people.

Does not do: know a CRM; each has a demo of its own with the same face.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from crmrules_sandbox.scenario.file import load
from crmrules_sandbox.scenario.rep import Rep
from crmrules_sandbox.scenario.seeding import seeded


class Port(Protocol):
    """The server of a sandbox."""

    @property
    def counted(self) -> int:
        """How many calls it has counted so far."""

    def stop(self) -> None:
        """Close the port."""


class Clock:
    """The time of a sandbox. ``standing``: it moves only when it is told to."""

    def __init__(self, start: datetime, *, standing: bool) -> None:
        self._start, self._from = start, None if standing else time.monotonic()

    def __call__(self) -> datetime:
        """Return the time, aware UTC."""
        if self._from is None:
            return self._start
        return self._start + timedelta(seconds=time.monotonic() - self._from)

    def advance(self, step: timedelta) -> datetime:
        """Move the clock and return the new time."""
        self._start += step
        return self()


class Demo:
    """A running sandbox; what is the CRM's own is in the class below it."""

    server: Port
    rep: Rep

    def __init__(
        self, seed: int, now: datetime, *, opportunities: int, standing: bool, scenario: Path | None
    ) -> None:
        self.told = seeded(seed, now, opportunities) if scenario is None else load(scenario)
        self.clock = Clock(self.told.now, standing=standing)

    @property
    def now(self) -> datetime:
        """The CRM's time, aware UTC."""
        return self.clock()

    @property
    def calls(self) -> int:
        """Return how many calls the CRM has counted so far."""
        return self.server.counted

    def advance(self, step: timedelta) -> datetime:
        """Move the clock and return the new time."""
        return self.clock.advance(step)

    def rep_works(self) -> list[str]:
        """Let the rep answer tasks and go on selling; return what was done, one line each."""
        return self.rep.work()

    def opportunity_of(self, task: dict[str, Any]) -> str:
        """Return the id of the opportunity a task is about."""
        return str(task["opportunity"])

    def stop(self) -> None:
        """Close the port."""
        self.server.stop()
