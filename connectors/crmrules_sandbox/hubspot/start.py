"""A seeded portal with the shipped properties, ready to serve.

Know before changing: the portal's own properties come from ``deploy/hubspot`` alone, so one the
product forgot to ship does not exist here either; beside them there are only those the made-up
organization added itself (``OWN``), where a scenario fills them. Not provisioned, a portal has none
of ours: what an account looks like before ``provision``.

Does not do: the demo's story (``demo``, ``rep``), invent records (``seed``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot.portal import Portal, wall_clock

if TYPE_CHECKING:
    from crmrules_sandbox.scenario import Scenario

_HERE = Path(__file__).resolve()
_NAME = Path("deploy") / "hubspot" / "properties.json"
_FILES = (
    _HERE.parents[3] / _NAME,  # a source tree
    _HERE.parents[2] / "crmrules" / "shipped" / _NAME,  # an installed wheel
)

OWN = MappingProxyType(
    {
        "deals": (
            {
                "name": "contract_end",
                "label": "Contract end",
                "type": "date",
                "fieldType": "date",
                "groupName": "dealinformation",
            },
        )
    }
)
"""Type -> properties that the made-up organization added itself."""


def shipped_properties() -> dict[str, Any]:
    """Return the shipped groups and properties; raises FileNotFoundError if there are none."""
    for file in _FILES:
        if file.is_file():
            found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return found
    raise FileNotFoundError(f"no properties in {' or '.join(map(str, _FILES))}")


def provision(portal: Portal, shipped: dict[str, Any] | None = None) -> None:
    """Give a portal the shipped groups and properties (None: those of this distribution)."""
    shipped = shipped_properties() if shipped is None else shipped
    for kind, group in shipped["groups"].items():
        portal.add_group(kind, group)
    for kind, listed in shipped["properties"].items():
        for each in listed:
            portal.define(kind, each)


def seeded_portal(
    seed: int,
    *,
    clock: Callable[[], datetime] = wall_clock,
    opportunities: int = 220,
    scenario: Scenario | Path | str | None = None,
    provisioned: bool = True,
    index_lag: timedelta = timedelta(0),
    daily_limit: int = 625_000,
    interval_limit: int = 190,
    pace: bool = False,
) -> Portal:
    """Return a portal with the seeded records of that number.

    ``clock`` is also the moment the records are seeded for. A ``scenario`` (or its file) is told as
    it stands, instead of the seed. The rest is as in ``Portal``.
    """
    from crmrules_sandbox.hubspot.render import render  # noqa: PLC0415 - slow to import
    from crmrules_sandbox.scenario import told  # noqa: PLC0415

    contents = render(told(scenario, seed, clock, opportunities))
    filled = {(each.type, name) for each in contents.records for name in each.history}
    portal = Portal(
        contents,
        clock=clock,
        properties={
            kind: [each for each in listed if (kind, each["name"]) in filled]
            for kind, listed in OWN.items()
        },
        index_lag=index_lag,
        daily_limit=daily_limit,
        interval_limit=interval_limit,
        pace=pace,
    )
    if provisioned:
        provision(portal)
    return portal
