"""What is known of a rule beyond its file: here, in this organization, as the last sync left it.

Nothing of a private rule: its figures are nobody's but the rep's (decisions, 10).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmrules.demotion import Standing, standings
from crmrules.difference import Pack, from_record, recorded
from crmrules.hindsight import READINESS
from crmrules.rule import Rule
from crmrules.state import OrgStore, Store
from crmrules.state.volumes import Volume, volumes


@dataclass(frozen=True, slots=True)
class Here:
    """One organization. ``readiness`` None: no sync of this version has kept it.

    ``before``: the pack that ran before the one here; None where there was none.
    """

    organization: str
    as_of: datetime
    readiness: Mapping[str, Any] | None = None
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    before: Pack | None = None
    weeks: int = 0  # snapshots of the past


def known(
    store: Store, names: Sequence[str], pack: Sequence[Rule], private: Collection[str]
) -> list[Here]:
    """Return what each of these organizations of a store knows, without private rules."""
    hash_, _ = recorded(pack)
    return [_here(store.for_org(name), store, hash_, private) for name in names]


def _here(org: OrgStore, store: Store, hash_: str, private: Collection[str]) -> Here:
    status = org.status(limit=1)
    now = status.runs[0].as_of if status.runs else store.clock()
    with org.reading() as tx:
        said = standings(tx, now, lambda rule: rule not in private)
        counted = volumes(tx.connection, tx.org, now)
        rows = [row for row in tx.packs.all() if row.hash != hash_]
        readiness = tx.history.get(READINESS)
    before = None
    if rows:
        name = f"crmrules {rows[0].version}, which ran until {rows[0].last_at:%Y-%m-%d}"
        before = from_record(name, rows[0].body)
    return Here(
        org.org,
        now,
        readiness,
        {rule: volume for rule, volume in counted.items() if rule not in private},
        {one.precision.rule: one for one in said},
        before,
        len(status.weeks),
    )
