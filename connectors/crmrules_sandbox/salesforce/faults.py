"""Which faults a Salesforce org has beyond those of every CRM.

Know before changing: without ``path`` a fault matches REST calls only, so it cannot hit the token
endpoint by accident. What a composite contains is in its body: match a next page inside a composite
with ``body="query/01g"``.

Does not do: count and match (``wire.faults``), carry faults out (``gateway``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crmrules_sandbox.wire import faults as wire

KINDS = wire.EVERYWHERE | {
    "quota_exhausted",  # the day's calls are used up from then on
    "lock_rows",  # the next `writes` writes to each of `ids` fail as locked
    "expire_cursors",  # every open query locator is gone
}


@dataclass(frozen=True, slots=True)
class Fault(wire.Fault):
    """One thing to go wrong in an org; ``ids`` and ``writes`` are for ``lock_rows``."""

    KINDS: ClassVar[frozenset[str]] = KINDS
    USUAL: ClassVar[str] = r"^/services/data/v\d"

    writes: int = 1
