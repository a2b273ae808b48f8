"""One atomic phase: everything in it becomes durable together, or nothing does.

It checks the fence first: a run that was overtaken while it stalled fails before it writes.

It commits nothing itself; ``organization`` does.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from crmrules.findings import Episode, TaskRecord
from crmrules.state.episodes import Ledger
from crmrules.state.history import History
from crmrules.state.mirror import Mirror
from crmrules.state.outbox import Outbox
from crmrules.state.packs import Packs
from crmrules.state.snapshots import Snapshots


class Transaction:
    """The parts of one organization's state, within one transaction."""

    def __init__(self, connection: Connection, org: str) -> None:
        self.connection, self.org = connection, org
        self.mirror = Mirror(connection, org)
        self.ledger = Ledger(connection, org)
        self.history = History(connection, org)
        self.outbox = Outbox(connection, org, self.history)
        self.snapshots = Snapshots(connection, org, self.mirror)
        self.packs = Packs(connection, org)

    def past(self, opportunity: str) -> tuple[list[Episode], list[TaskRecord]]:
        """Return what we know of an opportunity: ``Ledger.past``."""
        return self.ledger.past(opportunity)

    def watched(self) -> frozenset[str]:
        """Return the opportunities that still concern us: ``Ledger.watched``."""
        return self.ledger.watched()

    def save(
        self,
        episodes: Iterable[Episode] = (),
        tasks: Iterable[TaskRecord] = (),
        dropped: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Store what a plan changed: pending episodes that vanished, episodes, tasks."""
        self.ledger.drop_episodes(dropped)
        self.ledger.save_episodes(episodes)
        self.ledger.save_tasks(tasks)
