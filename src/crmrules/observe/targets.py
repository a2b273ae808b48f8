"""Who is to be told how the syncs of one configuration go.

Know before changing: two of these addresses are secrets. Nothing here may be printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from crmrules.cron import Cron

_MOMENTS = 3  # so many due moments may pass without a sync that comes to its end


@dataclass(frozen=True, slots=True)
class Targets:
    """Who is to be told, for one configuration. ``org`` is the label of its metrics.

    ``max_age``: how long no sync may come to its end; None: the schedule ``cron`` says it.
    """

    org: str
    name: str  # of the configuration, in the journal
    state_url: str
    pinned: str | None  # id of the organization, where the configuration names it
    cron: Cron
    period: timedelta
    max_age: timedelta | None = None
    textfile: Path | None = None
    heartbeat: str = field(default="", repr=False)
    notice: str = field(default="", repr=False)
    otlp: str = ""

    @property
    def any(self) -> bool:
        """Whether anybody is to be told at all."""
        return bool(self.textfile or self.heartbeat or self.notice or self.otlp)

    def overdue(self, since: datetime) -> datetime:
        """Return from when on it is too long that a sync came to its end; ``since``: one did."""
        if self.max_age is not None:
            return since + self.max_age
        return self.cron.nth(since, _MOMENTS)
