"""Several configurations synced together, and why no two of them may name one organization.

Each would cancel the tasks that the other has made, run after run. Which organization a
configuration leads to is known only after its sign-in, so the first one leaves a note in the
organization's state, together with its decision; the second finds it. Only a store that both use
can tell.

It sends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmrules.errors import UsageError
from crmrules.state import Transaction

_NOTE = "batch"  # {"id": of the newest batch that synced this organization, "config": whose it was}


@dataclass(frozen=True, slots=True)
class Batch:
    """The ``id`` of what is synced together, and the configuration this run is about."""

    id: str
    config: str


def claim(batch: Batch | None, tx: Transaction) -> None:
    """Take the organization for this configuration, for as long as the batch lasts.

    None: a sync by itself, which takes nothing. Raises UsageError where another configuration of
    the batch has it. The same one again is a run that is repeated, and right.
    """
    if batch is None:
        return
    found = tx.history.get(_NOTE) or {}
    if found.get("id") == batch.id and found.get("config") != batch.config:
        raise UsageError(
            f"{found['config']} and {batch.config} name the same organization; it was synced "
            "with the first, and nothing was done with the second",
            where=batch.config,
            remedy="Take one of them out, or point it to another organization.",
        )
    tx.history.set(_NOTE, {"id": batch.id, "config": batch.config})


def holder(batch: Batch | None) -> str:
    """Return who holds the lock, as a run is told that finds it taken."""
    return f"sync of {batch.config}" if batch else "sync"
