"""What a sync leaves so that the stored rows can be judged again without a call to the CRM.

Kept as a note, in the transaction that stores the rows: which account it is and what it takes, what
the connector needs to translate rows, and our tasks that no pull lists. Its own writes, which no
pull has shown yet, are in the outbox under the run's id.

It holds no secret and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from crmrules.connector import Capabilities, Connector, Organization, Preflight, Remembering
from crmrules.model import OurTask
from crmrules.plan import Policy
from crmrules.state import Transaction
from crmrules.state.columns import damaged

_NOTE = "snapshot"
_EXACT = timedelta(minutes=1)  # signing in takes some seconds of it


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the last sync knew besides the rows. ``unlisted``: by opportunity.

    ``memory``: the connector's own; None: it has none. ``as_of``: the moment it judged by.
    ``ahead``: how far the CRM's clock was ahead of this machine's.
    ``stand_in``: the address of ``[tasks] fallback_owner`` and whose it was; None: no address.
    """

    connector: str
    organization: Organization
    capabilities: Capabilities
    memory: Mapping[str, Any] | None
    unlisted: Mapping[str, Sequence[OurTask]]
    as_of: datetime
    run: str
    stand_in: tuple[str, str | None] | None = None
    ahead: timedelta = timedelta()

    def standing_in(self, policy: Policy) -> Policy:
        """Return the policy with whom it named by address, as far as the last sync asked."""
        if self.stand_in is None or policy.fallback_address != self.stand_in[0]:
            return policy
        return replace(policy, fallback_owner=self.stand_in[1])


_SHAPE = TypeAdapter(Remembered)


def remember(
    tx: Transaction,
    connector: Connector,
    preflight: Preflight,
    policy: Policy,
    unlisted: Mapping[str, Sequence[OurTask]],
    now: datetime,
    run: str,
) -> None:
    """Keep it with the run's other decisions; asked after the pull."""
    address = policy.fallback_address
    memory = connector.remember() if isinstance(connector, Remembering) else None
    found = Remembered(
        connector.name,
        preflight.organization,
        preflight.capabilities,
        memory,
        unlisted,
        now,
        run,
        None if address is None else (address, policy.fallback_owner),
        preflight.ahead if abs(preflight.ahead) > _EXACT else timedelta(),
    )
    tx.history.set(_NOTE, _SHAPE.dump_python(found, mode="json"))


def remembered(tx: Transaction) -> Remembered | None:
    """Return what the last sync left; None: there was none since rows can be judged again.

    Raises StateError where what is stored is something else.
    """
    found = tx.history.get(_NOTE)
    if found is None:
        return None
    try:
        return _SHAPE.validate_python(found)
    except ValidationError as error:
        raise damaged("what the last sync remembered cannot be read") from error
