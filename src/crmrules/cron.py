"""When a sync is due: a cron expression in a time zone, as moments in UTC.

``cronsim`` reads the expression: it follows Debian's cron also where clocks change. A fixed time in
the hour that spring leaves out is made at the end of the gap, one in autumn's double hour once; a
minute or hour that begins with ``*`` goes by elapsed time. It has no dependency, is typed, and is
kept by those who run Healthchecks on it.

It reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, pairwise

from cronsim import CronSim, CronSimError

MOST = 10_000
"""Moments counted at most, of a pause of years; more of them are told as so many."""
_SAMPLE = 400  # moments looked at for the longest pause: a year of a daily schedule


@dataclass(frozen=True, slots=True)
class Passed:
    """The due moments of a stretch of time. ``count`` stops at ``MOST``."""

    count: int
    first: datetime
    last: datetime


class Cron:
    """A schedule. Raises ValueError for an expression that is none, or that is never due."""

    def __init__(self, expression: str, zone: tzinfo = UTC) -> None:
        self.expression, self._zone = expression, zone
        if len(expression.split()) != 5:
            raise ValueError(f"'{expression}' does not have the five fields of a cron expression")
        try:
            next(CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)))
        except (CronSimError, StopIteration) as error:
            said = str(error).lower() or "it is never due"
            raise ValueError(f"'{expression}' is no cron expression: {said}") from None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Cron)
            and self.expression == other.expression
            and self._zone == other._zone
        )

    def __hash__(self) -> int:
        return hash((self.expression, self._zone))

    @property
    def zone_name(self) -> str:
        """The time zone's name."""
        return str(self._zone)

    def moments(self, after: datetime) -> Iterator[datetime]:
        """Yield the due moments after one, in UTC; each is later than the one before."""
        last = after
        for local in CronSim(self.expression, after.astimezone(self._zone)):
            moment = local.astimezone(UTC)
            if moment > last:  # from within autumn's second hour it begins with the first one
                yield moment
                last = moment

    def after(self, moment: datetime) -> datetime:
        """Return the first due moment after this one."""
        return self.nth(moment, 1)

    def nth(self, moment: datetime, n: int) -> datetime:
        """Return the n-th due moment after this one."""
        return next(islice(self.moments(moment), n - 1, None))

    def passed(self, after: datetime, until: datetime) -> Passed | None:
        """Return what was due after one moment, until another one; None: nothing."""
        found: Passed | None = None
        for moment in self.moments(after):
            if moment > until or (found is not None and found.count == MOST):
                break
            first, count = (moment, 0) if found is None else (found.first, found.count)
            found = Passed(count + 1, first, moment)
        return found

    def period(self, now: datetime) -> timedelta:
        """Return the longest pause between two due moments to come; weekends count."""
        moments = self.moments(now)
        sample = [moment for moment, _ in zip(moments, range(_SAMPLE), strict=False)]
        return max((b - a for a, b in pairwise(sample)), default=timedelta(days=366))
