"""The steps of a run, seen from outside: the calls a run makes to its connector tell them.

check -> pull -> decide -> write. The connector is passed through as it is; only the times at which
it is called are noted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crmrules.connector import (
    Batch,
    Connector,
    Directory,
    Outcome,
    Preflight,
    Problem,
    Remembering,
    Row,
    Stored,
    Usage,
    Write,
)
from crmrules.model import Opportunity, OurTask


class Steps:
    """When each step of one run began, by name, in the order they came."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self.began = datetime.now(UTC)
        self._zero = monotonic()
        self._starts: list[tuple[str, float]] = []
        self._end: float | None = None

    def enter(self, step: str) -> None:
        """Note that a step begins here, unless it is already under way."""
        if not self._starts or self._starts[-1][0] != step:
            self._starts.append((step, self._monotonic() - self._zero))

    def end(self) -> float:
        """Note that the run is over, and return its seconds."""
        if self._end is None:
            self._end = self._monotonic() - self._zero
        return self._end

    def spans(self) -> list[tuple[str, float, float]]:
        """Return name, begin and end of every step, in seconds after the run began."""
        ends = [*(start for _, start in self._starts), self.end()][1:]
        return [(name, start, end) for (name, start), end in zip(self._starts, ends, strict=True)]

    def seconds(self) -> dict[str, float]:
        """Return how long each step took in all."""
        found: dict[str, float] = {}
        for name, start, end in self.spans():
            found[name] = found.get(name, 0.0) + end - start
        return found


class Watched:
    """A connector whose calls tell the steps."""

    def __init__(self, connector: Connector, steps: Steps) -> None:
        self._connector, self._steps = connector, steps
        self.name = connector.name

    @property
    def usage(self) -> Usage:
        """The calls made."""
        return self._connector.usage

    @usage.setter
    def usage(self, usage: Usage) -> None:
        self._connector.usage = usage

    def check(self) -> Preflight:
        """Check."""
        self._steps.enter("check")
        return self._connector.check()

    def may_write(self) -> Sequence[Problem]:
        """Ask what would keep our writes out."""
        return self._connector.may_write()

    def pull(self, stored: Stored | None) -> Iterator[Batch]:
        """Pull; when all is there, the run decides."""
        self._steps.enter("pull")
        yield from self._connector.pull(stored)
        self._steps.enter("decide")

    def normalize(self, opportunity: str, rows: Sequence[Row]) -> Opportunity | None:
        """Translate."""
        return self._connector.normalize(opportunity, rows)

    def tasks_by_key(self, wanted: Mapping[str, str]) -> Mapping[str, OurTask]:
        """Read tasks back."""
        return self._connector.tasks_by_key(wanted)

    def unlinked_tasks(self) -> Sequence[OurTask]:
        """Read tasks that hang on nothing."""
        return self._connector.unlinked_tasks()

    def colleagues(self, address: str) -> Sequence[str]:
        """Return who has this address; nobody, where the connector cannot tell."""
        inner = self._connector
        return inner.colleagues(address) if isinstance(inner, Directory) else ()

    def remember(self) -> Mapping[str, Any] | None:
        """Return what translating stored rows takes; None: this connector cannot."""
        inner = self._connector
        return inner.remember() if isinstance(inner, Remembering) else None

    def recall(self, memory: Mapping[str, Any], now: datetime) -> None:
        """Take it back."""
        if isinstance(self._connector, Remembering):
            self._connector.recall(memory, now)

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Write."""
        self._steps.enter("write")
        return self._connector.write(writes)
