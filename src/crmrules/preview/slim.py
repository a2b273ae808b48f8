"""What of an opportunity stays in memory: what a planner reads, once its signals are read.

Know before changing: a text names whom one talked to last, so the latest activity stays. Whatever
else a planner comes to read of what is dropped here has to stay as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmrules import signals
from crmrules.model import Opportunity
from crmrules.values import latest_talk

Reading = signals.Known[Any] | signals.Unknown
_READ_BY_SIGNALS_ALONE = ("changes", "lines", "quotes", "siblings")


def slim(opportunity: Opportunity) -> Opportunity:
    """Return an opportunity without what only signals read: most of its activities, its history."""
    last = latest_talk(opportunity)
    kept = () if last is None else (last.model_copy(update={"text": None, "subject": None}),)
    dropped: dict[str, Any] = dict.fromkeys(_READ_BY_SIGNALS_ALONE)
    return opportunity.model_copy(update=dropped | {"activities": kept})


class Shared:
    """Readings, each kept once: most opportunities say the same of most signals."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Reading] = {}

    def of(self, readings: Mapping[str, Reading]) -> dict[str, Reading]:
        """Return the same readings, those that were met before as the objects they were then."""
        return {name: self._one(reading) for name, reading in readings.items()}

    def _one(self, reading: Reading) -> Reading:
        value = reading.value if isinstance(reading, signals.Known) else None
        return self._kept.setdefault((type(value), reading), reading)  # 1 is no True
