"""Take everything of ours out of a CRM again, and see that it is gone.

Know before changing: what was shown and confirmed is removed and nothing else, so it is looked for
again right before, under the lease: no sync of this state writes meanwhile, and what a person has
edited since stays. The proof is a third look. Nothing is noted in the state: stopped anywhere, the
CRM itself says what is left.

It asks nobody and prints nothing; ``cli.unprovision`` does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from crmrules.connector import CreateTask
from crmrules.provisioning import Known, Ours, Provisioner, Step
from crmrules.state import Store
from crmrules.state.codec import decode

_THERE = frozenset({"done", "already"})  # results after which the CRM holds what was written
_VALUES = ("subject", "body", "due", "owner")


@dataclass(frozen=True, slots=True)
class TakenDown:
    """What became of it. ``stayed`` was shown and kept; ``left`` is there although it was not."""

    steps: Sequence[Step]
    stayed: Sequence[Ours]
    left: Sequence[Ours]


def remembered(store: Store | None, org: str) -> list[Known]:
    """Return the tasks that the state knows to be in this organization; [] without a state."""
    if store is None or org not in store.organizations():
        return []
    values: dict[str, dict[str, Any]] = {}
    with store.for_org(org).reading() as tx:
        tasks = {one.task_id: one.key for one in tx.ledger.load_tasks() if one.task_id}
        for row in tx.history.audit():
            if row.result in _THERE and row.key and row.after and row.action != "set_flags":
                values.setdefault(row.key, {}).update(_written(row.after))
                if row.task_id:
                    tasks.setdefault(row.task_id, row.key)
    return [Known(key, task_id, values.get(key)) for task_id, key in sorted(tasks.items())]


def _written(after: Any) -> dict[str, Any]:
    write = decode(after)
    if isinstance(write, CreateTask):
        return {name: getattr(write.task, name) for name in _VALUES}
    values = getattr(write, "values", {})
    return {name: values[name] for name in _VALUES if name in values}


def take_down(
    provisioner: Provisioner,
    store: Store | None,
    org: str,
    shown: Sequence[Ours],
    *,
    including_edited: bool,
) -> TakenDown:
    """Remove what was shown, edited things only if asked for, and look again.

    Raises LockedError while a sync is running; AccessError and ConnectorError as ``remove`` does:
    running it again goes on from there.
    """
    with _alone(store, org):
        known = remembered(store, org)
        confirmed = {_name(one) for one in shown if including_edited or not one.edited}
        there = provisioner.ours(known)
        chosen = [
            one for one in there if _name(one) in confirmed and (including_edited or not one.edited)
        ]
        steps = provisioner.remove(chosen)
        after = provisioner.ours(known)
    return TakenDown(steps, *_sorted_out(after, chosen))


def _alone(store: Store | None, org: str) -> AbstractContextManager[Any]:
    """Hold the lease, where there is a state that knows this organization."""
    if store is None or org not in store.organizations():
        return nullcontext()
    return store.for_org(org).lease("unprovision")


def _sorted_out(after: Sequence[Ours], chosen: Collection[Ours]) -> tuple[list[Ours], list[Ours]]:
    """Return what stays on purpose, and what should not be there any more."""
    gone = {_name(one) for one in chosen}
    stayed = [one for one in after if one.edited and _name(one) not in gone]
    return stayed, [one for one in after if one not in stayed]


def _name(one: Ours) -> tuple[str, str, str]:
    return one.kind, one.object, one.name
