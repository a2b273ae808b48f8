"""Who is to be told how the syncs of one configuration go.

Know before changing: two of these addresses are secrets. Nothing here may be printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Targets:
    """Who is to be told, for one configuration. ``org`` is the label of its metrics."""

    org: str
    name: str  # of the configuration, in the journal
    state_url: str
    pinned: str | None  # id of the organization, where the configuration names it
    period: timedelta
    max_age: timedelta
    textfile: Path | None = None
    heartbeat: str = field(default="", repr=False)
    notice: str = field(default="", repr=False)
    otlp: str = ""

    @property
    def any(self) -> bool:
        """Whether anybody is to be told at all."""
        return bool(self.textfile or self.heartbeat or self.notice or self.otlp)
