"""What the configured schedule will cost: calls a day, against our own ceiling and the CRM's limit.

Know before changing: both figures are measured, not guessed: what a sync takes that reads
everything, and what one takes when nothing has happened since. Real days lie between them, near the
lower one; the CRM's limit is shared with everybody else who calls it, so 80 % of it is too much.

It reads no clock and calls nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from crmrules.connector import Problem
from crmrules.cron import Cron
from crmrules.decide import RECONCILE_EVERY

_TOO_MUCH = 0.8  # of the CRM's daily limit: nobody else would be left enough
_WEEK = 7
_MONDAY = datetime(2026, 3, 2, tzinfo=UTC)  # any week without a change of clocks


@dataclass(frozen=True, slots=True)
class Budget:
    """Calls that count against the CRM's quota. ``limit``: what it allows a day; None: not told."""

    idle: int  # of a sync when nothing has happened
    full: int  # of one that reads everything: the first, and one a week
    runs: int  # a day, by the schedule
    ceiling: int  # our own, of one run
    limit: int | None = None

    @property
    def usual(self) -> int:
        """Calls of a day on which little happens."""
        return self.idle * self.runs

    @property
    def most(self) -> int:
        """Calls of a day with a full sync among them."""
        return self.usual + max(0, self.full - self.idle)

    def __str__(self) -> str:
        """Say it in one line."""
        every = RECONCILE_EVERY.days
        share = f", {self.most / self.limit:.1%} of what the CRM allows" if self.limit else ""
        return (
            f"an idle sync takes {self.idle} calls, a full one (the first, and every {every} days) "
            f"{self.full}; {self.runs} syncs a day: {self.usual:,} calls, {self.most:,} on a day "
            f"with a full one{share}"
        )

    def problems(self) -> list[Problem]:
        """Name what will not fit."""
        found = []
        if self.full > self.ceiling:
            found.append(
                Problem(
                    f"a full sync takes {self.full:,} calls, and daily_calls allows a run "
                    f"{self.ceiling:,}",
                    "raise daily_calls, or the weekly full sync stops before it writes",
                )
            )
        if self.limit and self.most > self.limit * _TOO_MUCH:
            found.append(
                Problem(
                    f"the schedule takes {self.most:,} of {self.limit:,} calls that the CRM allows "
                    "everybody together in a day",
                    "sync less often: [schedule] cron",
                )
            )
        return found


def runs_a_day(cron: Cron) -> int:
    """Return how many syncs a schedule makes on the busiest day of a week."""
    end = _MONDAY + timedelta(days=_WEEK)
    days = Counter(
        moment.date()
        for moment in takewhile(
            lambda moment: moment < end, cron.moments(_MONDAY - timedelta(seconds=1))
        )
    )
    return max(days.values(), default=0)
