"""The seeded demo org: the seeded scenario as Salesforce rows.

Know before changing: both functions are pure; what happens in the org is decided in
``crmrules_sandbox.scenario`` alone, and how Salesforce shows it in ``render``.

Does not do: keep the records (``org``), or make large volumes (``bulk``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crmrules_sandbox.salesforce.bulk import bulk_records
from crmrules_sandbox.salesforce.render import ids, render
from crmrules_sandbox.scenario import seeded

__all__ = ["bulk_records", "seed_records", "stories"]


def seed_records(
    seed: int, now: datetime, opportunities: int = 220
) -> dict[str, list[dict[str, Any]]]:
    """Return object name -> rows with Salesforce API names, the same for the same arguments.

    The arguments are those of ``scenario.seeded``.
    """
    return render(seeded(seed, now, opportunities))


def stories(seed: int, now: datetime, opportunities: int = 220) -> dict[str, str]:
    """Return opportunity id -> story name for the records of the same arguments.

    A story called like a rule was built to make that rule fire and, as far as possible, no other.
    """
    scenario = seeded(seed, now, opportunities)
    known = ids(scenario)
    return {known[one.id][0]: one.story for one in scenario.opportunities}
