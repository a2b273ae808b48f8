"""The loop of ``crmrules run``: one sync at a time, when it is due, and no due moment unaccounted.

Every due moment is either made within ``LATE`` or reported as missed, with the reason; however many
were missed in a row, one run makes up for all of them at once.

Know before changing: the clock may jump. It waits in short steps and looks at the clock after each:
a jump ahead is a pause like any other, one back starts the schedule anew at the new time.

It knows no sync: whoever calls ``next`` makes the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from crmrules.cron import Cron

LATE = timedelta(seconds=60)
"""A run that begins so much after its moment is still on time."""
STEP = 20.0
"""Seconds between two looks at the clock, and at the configuration."""

Reason = Literal["stopped", "busy", "late"]


@dataclass(frozen=True, slots=True)
class Plan:
    """When to run. ``jitter``: seconds by which a run begins later at most."""

    cron: Cron
    jitter: float = 0


@dataclass(frozen=True, slots=True)
class Due:
    """A run to be made now. ``catch_up``: for a moment that was missed."""

    at: datetime
    catch_up: bool = False


@dataclass(frozen=True, slots=True)
class Missed:
    """Due moments at which no run began.

    ``stopped``: nothing was running here; ``busy``: the run before took longer; ``late``: the
    machine slept, or its clock was set.
    """

    first: datetime
    last: datetime
    count: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class SetBack:
    """The clock was set back by so much."""

    by: timedelta


class Schedule:
    """Says when the next run is due, and tells what was missed.

    ``plan`` is asked at every look at the clock; ``wait`` waits so many seconds and returns whether
    to stop. What an earlier process left: ``handled``, the last moment that was made or reported
    (None: there was none), ``before``, the plan that held then, and ``unfinished``: its last run
    was cut off, so one is due at once. ``random`` gives 0 up to 1.
    """

    def __init__(
        self,
        plan: Callable[[], Plan],
        *,
        clock: Callable[[], datetime],
        wait: Callable[[float], bool],
        tell: Callable[[Missed | SetBack], None],
        random: Callable[[], float],
        handled: datetime | None = None,
        before: Plan | None = None,
        unfinished: bool = False,
    ) -> None:
        self._read, self._clock, self._wait = plan, clock, wait
        self.plan = before or plan()
        self._tell, self._random = tell, random
        self._started = self._ended = clock()
        self._running = False  # whether a run has been handed out
        self._unfinished = unfinished
        self.handled = handled or self._started
        self._offset = (self.handled, timedelta())  # the jitter of a moment

    def next(self) -> Due | None:
        """Wait for the next run and return it; None: it was asked to stop."""
        if self._running:
            self._ended = self._clock()
        self._running = False
        while True:
            now, wanted = self._clock(), self._read()
            if now < self.handled - LATE:
                self._tell(SetBack(self.handled - now))
                self.handled = self._started = self._ended = now
            due = self._due(self.plan, now)
            if due is not None:
                self.handled, self._running = due.at, True
                return due
            if wanted != self.plan:  # what was due until now went by the plan before
                self.plan, self.handled = wanted, max(self.handled, now)
            rest = (self.coming() - now).total_seconds()
            if self._wait(min(STEP, max(rest, 0.05))):
                return None

    def coming(self) -> datetime:
        """Return when the next run begins: its moment, and its jitter."""
        plan = self.plan
        moment = plan.cron.after(self.handled)
        if self._offset[0] != moment:
            pause = (plan.cron.after(moment) - moment).total_seconds() / 2
            seconds = self._random() * min(plan.jitter, pause)
            self._offset = (moment, timedelta(seconds=seconds))
        return moment + self._offset[1]

    def _due(self, plan: Plan, now: datetime) -> Due | None:
        passed = plan.cron.passed(self.handled, now)
        unfinished, self._unfinished = self._unfinished, False
        if passed is None:
            return Due(now, catch_up=True) if unfinished else None
        if not unfinished and now < self.coming():
            return None
        in_time = now - passed.last <= LATE + self._offset[1]
        missed = passed.count - in_time
        if missed:
            last = passed.last
            if in_time:
                last = self._before(plan, passed.first, passed.last)
            self._tell(Missed(passed.first, last, missed, self._reason(passed.first)))
        return Due(passed.last if in_time else now, catch_up=not in_time)

    def _before(self, plan: Plan, first: datetime, last: datetime) -> datetime:
        found = first
        for moment in plan.cron.moments(first):
            if moment >= last:
                break
            found = moment
        return found

    def _reason(self, first: datetime) -> Reason:
        if first <= self._started:
            return "stopped"
        return "busy" if first <= self._ended else "late"
