"""Which CRM a test runs on: every one, the slow ones marked.

What a promise owes to the core alone is proved on one CRM in the fast loop, and on the others in
the slow one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pytest
from hubspot_world import HubSpotWorld
from salesforce_world import SalesforceWorld

WORLDS = {world.name: world for world in (SalesforceWorld, HubSpotWorld)}

slow_on_hubspot = pytest.mark.parametrize(
    "crm",
    ["salesforce", pytest.param("hubspot", marks=pytest.mark.slow)],
    indirect=True,
    scope="session",
)


def on_each(
    name: str,
    cases: Iterable[object],
    fast: Collection[object],
    fast_on_hubspot: Collection[object],
):
    """Return the mark that runs every case on every CRM, those in the fast loop that are named."""
    quick = {"salesforce": fast, "hubspot": fast_on_hubspot}
    marked = [
        pytest.param(crm, case, marks=[] if case in quick[crm] else [pytest.mark.slow])
        for crm in WORLDS
        for case in cases
    ]
    return pytest.mark.parametrize(("crm", name), marked, indirect=["crm"], scope="session")
