"""One run as those see it who are told of it: what it is for, and how far it has come.

It tells nobody itself.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmrules.connector import Connector, Usage
from crmrules.observe.steps import Steps, Watched
from crmrules.observe.targets import Targets
from crmrules.outcome import Report
from crmrules.schedule import Due

if TYPE_CHECKING:
    from crmrules.observe.observers import Observers


@dataclass(slots=True)
class Watch:
    """One run, as far as it has come. ``id`` is on every line it logs, and on its heartbeats."""

    observers: Observers
    due: Due | None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    steps: Steps = field(default_factory=Steps)
    report: Report | None = None
    usage: Usage | None = None
    told: frozenset[str] | None = None  # the rules that may be named
    begun: bool = False

    def use(self, targets: Targets) -> None:
        """Say whom to tell, now that the configuration was read: the run begins."""
        self.observers.use(targets)
        self.observers.began(self)

    def connector(self, connector: Connector) -> Connector:
        """Return the connector, watched."""
        self.usage = connector.usage
        return Watched(connector, self.steps)
