"""From changes of the stage to changes of the phase, and to when an opportunity closed.

Know before changing: only a phase that differs makes a change; two stages of one phase make none.

It invents no change and reads no record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from crmrules.model import Change, Phase
from crmrules.raw import first


class Reached(NamedTuple):
    """A stage that the history shows, and when it was written."""

    stage: str | None
    at: datetime


def phases(stages: Iterable[Change], phase: Callable[[str], Phase | None]) -> list[Change]:
    """Return the changes of the phase that follow from changes of the stage, by its phase."""
    found = []
    for change in stages:
        old, new = (
            phase(str(value)) if value is not None else None for value in (change.old, change.new)
        )
        if old is not new:
            update = {"field": "phase", "old": old and old.value, "new": new and new.value}
            found.append(change.model_copy(update=update))
    return found


def closed_at(
    stage: str | None,
    history: Sequence[Reached],
    *,
    stated: datetime | None,
    changed: datetime | None,
    observed_at: datetime,
) -> datetime:
    """Return when a closed opportunity reached its present stage, else when it is stated to close.

    ``history`` is in order of time and starts at the creation. One that is closed from its creation
    on was imported: then ``stated`` counts if earlier. A stated moment after the reading cannot be
    when it closed. ``changed``, its last change, counts where nothing else is known.
    """
    if stated is not None:
        stated = min(stated, observed_at)
    start: int | None = None
    for index in reversed(range(len(history))):
        if history[index].stage != stage:
            break
        start = index
    if start is None:
        return first([stated, changed], observed_at)
    at = history[start].at
    return min(at, stated) if start == 0 and stated is not None else at
