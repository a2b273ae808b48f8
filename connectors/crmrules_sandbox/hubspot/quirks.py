"""Switches for what differs between portals, versions and days, and must all be survived.

Know before changing: a default is what is recorded or, where nothing is, what hurts a client more.
Tests turn one on a running portal (``portal.quirks.search_cap = 5``); the admin interface can too.

Does not do: faults, which strike single requests (``faults``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(slots=True)
class Quirks:
    """``search_cap``: records a search can page through; ``association_page``: targets a page."""

    search_cap: int = 10_000
    association_page: int = 500
    integer_association_ids: bool = False  # toObjectId and from.id as JSON numbers
    report_no_associations: bool = True  # 207 with NO_ASSOCIATIONS_FOUND for ids that have none
    report_missing: bool = True  # batch/read: 207 and OBJECT_NOT_FOUND; else left out under a 200
    text_sorted_ids: bool = False  # search sorts and compares hs_object_id as text
    epoch_dates: bool = False  # reads give moments as milliseconds
    short_dates: bool = False  # reads give moments without a fraction
    cleared_is_null: bool = True  # a cleared property reads null; else ""
    empty_history: bool = True  # a property never set has the history []; else no key
    merges_in_batch: bool = False  # batch/read follows merges, as a single read always does
    unique_on_tasks: bool = True  # tasks may have unique properties
    archived_keys_block: bool = False  # an archived record keeps its unique values
    retry_after: bool = False  # a 429 says Retry-After
    daily_on_search: bool = False  # searches and associations tell what is left of the day

    def set(self, **values: Any) -> None:
        """Turn switches; raises ValueError for one that does not exist."""
        if unknown := set(values) - {each.name for each in fields(self)}:
            raise ValueError(f"there is no switch {', '.join(sorted(unknown))}")
        for name, value in values.items():
            setattr(self, name, value)
