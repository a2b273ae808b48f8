"""A seeded org from the shipped fields, ready to serve.

Know before changing: the org's custom fields come from ``deploy/salesforce`` alone, so a field the
product forgot to ship does not exist here either, and from ``own`` where a scenario fills one. The
integration user is a seeded one; tokens are issued for it.

Does not do: the demo's story (``demo``, ``rep``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crmrules_sandbox.salesforce.org import INTEGRATION_USER_ID, Org, wall_clock
from crmrules_sandbox.salesforce.own import with_own
from crmrules_sandbox.salesforce.schema import load_deploy, standard_schema

if TYPE_CHECKING:
    from crmrules_sandbox.scenario import Scenario

_HERE = Path(__file__).resolve()
_FIELDS = (
    _HERE.parents[3] / "deploy" / "salesforce",  # a source tree
    _HERE.parents[2] / "crmrules" / "shipped" / "deploy" / "salesforce",  # an installed wheel
)


def shipped_fields() -> Path:
    """Return the folder of the shipped SFDX source; raises FileNotFoundError if there is none."""
    for folder in _FIELDS:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no SFDX source in {' or '.join(map(str, _FIELDS))}")


def seeded_org(
    seed: int,
    *,
    clock: Callable[[], datetime] = wall_clock,
    opportunities: int = 220,
    deploy: Path | None = None,
    features: Iterable[str] | None = None,
    daily_limit: int = 100_000,
    scenario: Scenario | Path | str | None = None,
    bare: bool = False,
) -> Org:
    """Return an org with the shipped fields and the seeded records of that number.

    ``bare``: without any of the shipped fields, as before anything was deployed. ``deploy`` is a
    folder of SFDX source (None: the shipped one). ``clock`` is also the moment the records are
    seeded for. A ``scenario`` (or its file) is told as it stands, instead of the seed.
    """
    from crmrules_sandbox.salesforce.render import render  # noqa: PLC0415 - slow to import
    from crmrules_sandbox.salesforce.staff import INTEGRATION  # noqa: PLC0415
    from crmrules_sandbox.scenario import told  # noqa: PLC0415

    records = render(told(scenario, seed, clock, opportunities))
    robots = (user["Id"] for user in records["User"] if user.get("Username") == INTEGRATION)
    source = deploy or shipped_fields()
    fields = standard_schema() if bare else load_deploy(source, standard_schema())
    schema = with_own(fields, records)
    org = Org(
        schema,
        features=features,
        clock=clock,
        user_id=next(robots, INTEGRATION_USER_ID),
        daily_limit=daily_limit,
    )
    if not bare:
        org.metadata.preload(source)
    org.load(records)
    return org
