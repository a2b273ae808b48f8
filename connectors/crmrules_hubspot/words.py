"""What HubSpot's own words mean, where an organization does not say otherwise.

Know before changing: stages are named by their ids; these are the ids that every account's first
pipeline starts with. What the organization says about a word always counts, "nothing" included.

It reads no record.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from types import MappingProxyType
from typing import Any, TypeVar

from crmrules.mapping import DEFAULT_PIPELINE, Mapping, Role
from crmrules.model import Focus, Phase

PHASES: AnyMapping[str, Phase | None] = MappingProxyType(
    {
        "appointmentscheduled": Phase.RECOGNITION,
        "qualifiedtobuy": Phase.RECOGNITION,
        "presentationscheduled": Phase.EVALUATION,
        "decisionmakerboughtin": Phase.CONCERNS,
        "contractsent": Phase.CONCERNS,
        "closedwon": Phase.IMPLEMENTATION,
        "closedlost": None,
    }
)
"""Stage id -> phase, of the pipeline with the id ``default``."""

ROLES: AnyMapping[str, Role] = MappingProxyType(
    {
        "decision maker": Role(focus=Focus.POWER),
        "budget holder": Role(focus=Focus.POWER),
        "champion": Role(sponsor=True),
        "executive sponsor": Role(sponsor=True),
    }
)
"""Values of ``hs_buying_role``, with blanks for underscores; the others say nothing."""

_STATUSES = MappingProxyType(
    {
        "open_statuses": ("NOT_STARTED", "IN_PROGRESS"),
        "completed_statuses": ("COMPLETED",),
        "snoozed_statuses": ("WAITING", "DEFERRED"),
    }
)
_V = TypeVar("_V")


def plain(word: str) -> str:
    """Return a word as people write it: HubSpot's values have underscores for blanks."""
    return word.replace("_", " ")


def with_defaults(mapping: Mapping) -> Mapping:
    """Return the organization's mapping and, where it says nothing, what HubSpot's words mean."""
    own = mapping.phases.get(DEFAULT_PIPELINE, {})
    roles = {plain(name): role for name, role in mapping.roles.items()}
    update: dict[str, Any] = {
        "phases": {**mapping.phases, DEFAULT_PIPELINE: _filled(own, PHASES)},
        "roles": _filled(roles, ROLES),
        "won_stages": mapping.won_stages | {"closedwon"},
        "lost_stages": mapping.lost_stages | {"closedlost"},
    }
    said = _folded(
        word for name in (*_STATUSES, "cancelled_statuses") for word in getattr(mapping, name)
    )
    for name, statuses in _STATUSES.items():
        fresh = {word for word in statuses if word.casefold() not in said}
        update[name] = getattr(mapping, name) | fresh
    if "waiting" in _folded(update["snoozed_statuses"]):
        update["waiting_statuses"] = mapping.waiting_statuses | {"WAITING"}
    return mapping.model_copy(update=update)


def _filled(own: AnyMapping[str, _V], defaults: AnyMapping[str, _V]) -> dict[str, _V]:
    said = _folded(own)
    return {**own, **{name: v for name, v in defaults.items() if name.casefold() not in said}}


def _folded(words: Iterable[str]) -> set[str]:
    return {" ".join(word.split()).casefold() for word in words}
