"""Which faults a HubSpot account has beyond those of every CRM.

Know before changing: what differs between portals for good is a switch (``quirks``), not a fault.
``status`` with ``after`` is the lost answer: the work is done, and the client is told 502.

Does not do: count and match (``wire.faults``), carry faults out (``gateway``, ``search``, ...).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crmrules_sandbox.wire import faults as wire

KINDS = wire.EVERYWHERE | {
    "rate_limited",  # 429 of `policy`, with `retry_after` if given
    "daily_exhausted",  # the day's calls are used up from then on
    "missing_scopes",  # 403 that asks for any of `scopes`
    "migrating",  # 477 with `retry_after`: the account is being moved
    "short_page",  # a search page of `keep` records, with paging.next; no record is lost
    "shuffled",  # a search page in the opposite order
    "early",  # search finds what lies up to `milliseconds` before a lower bound
    "stale_index",  # search sees the state of `seconds` ago
    "missing",  # batch/read does not find `ids`
    "partial",  # a 207: the inputs `ids` (record ids or trace ids) fail though they are right
}


@dataclass(frozen=True, slots=True)
class Fault(wire.Fault):
    """One thing to go wrong in a portal."""

    KINDS: ClassVar[frozenset[str]] = KINDS
    USUAL: ClassVar[str] = r"^/(crm|account-info)/"

    policy: str = "TEN_SECONDLY_ROLLING"
    scopes: tuple[str, ...] = ()
    keep: int = 0
    milliseconds: int = 1
