"""The seeded demo portal: the seeded scenario as HubSpot records.

Know before changing: pure, as ``scenario.seeded`` is; the same arguments give the organization the
Salesforce sandbox has for them.

Does not do: keep the records (``portal``).
"""

from __future__ import annotations

from datetime import datetime

from crmrules_sandbox.hubspot.records import Contents
from crmrules_sandbox.hubspot.render import render
from crmrules_sandbox.scenario import seeded


def seeded_contents(seed: int, now: datetime, opportunities: int = 220) -> Contents:
    """Return the contents of a portal for the arguments of ``scenario.seeded``."""
    return render(seeded(seed, now, opportunities))
