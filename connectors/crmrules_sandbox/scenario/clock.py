"""Turns "so many days ago" into moments: the clock of a seeded scenario.

Know before changing: everything is told in days before ``now``; ``moment`` turns that into a
working hour and never past ``now``. Weekends move back to Friday (forward to Monday for what lies
ahead), so the order of two moments at least three days apart never changes.

Does not do: know what a story is.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta


class Calendar:
    """The one random source of a scenario and the moment it is told for (aware, whole seconds)."""

    def __init__(self, rng: random.Random, now: datetime) -> None:
        self.rng = rng
        self.now = now.astimezone(UTC).replace(microsecond=0)

    def moment(self, ago: float, *, hour: float | None = None) -> datetime:
        """Return the moment so many days before now (negative: ahead), in working hours.

        ``hour`` is a UTC hour; without one it is drawn between 8 and 16.
        """
        spot = self.rng.uniform(8, 16) if hour is None else hour
        day = (self.now - timedelta(days=ago)).replace(hour=0, minute=0, second=0, microsecond=0)
        ahead = ago < 0
        day += timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0) if ahead else 0)
        day -= timedelta(days=0 if ahead else max(0, day.weekday() - 4))
        moment = day + timedelta(seconds=int(spot * 3600))
        if ahead:
            return max(moment, self.now + timedelta(hours=2))
        return min(moment, self.now - timedelta(minutes=30))

    def day(self, ago: float) -> date:
        """Return the calendar day so many days before now."""
        return (self.now - timedelta(days=ago)).date()
