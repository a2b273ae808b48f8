"""What one HubSpot account looks like: its stages, its owners, and what of it may be read.

Know before changing: a stage is known by its id, which is unique in an account; labels are not. An
owner that HubSpot does not list is no longer one, unless no owner could be read at all.

It reads nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from crmrules.connector import Organization
from crmrules.raw import zone

ROLE_SOURCES = ("label", "hs_buying_role", "jobtitle")
"""Where to look for what a contact is to a deal, best first; "property:<name>" may be added."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of one pipeline."""

    id: str
    label: str
    pipeline: str
    order: int = 0
    closed: bool = False
    won: bool = False


@dataclass(frozen=True, slots=True)
class Owner:
    """One of our people. Records name the ``id``, histories the ``user_id``."""

    id: str
    user_id: int | None = None
    email: str | None = None
    name: str | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class Portal:
    """One account. A kind of row that is not ``readable`` is unknown, not empty."""

    organization: Organization
    stages: Mapping[str, Stage]
    owners: Mapping[str, Owner]
    readable: frozenset[str]
    role_sources: tuple[str, ...] = ROLE_SOURCES
    _by_user: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the owners by user, once for all histories."""
        users = {str(one.user_id): one.id for one in self.owners.values() if one.user_id}
        object.__setattr__(self, "_by_user", users)

    def json(self) -> dict[str, Any]:
        """Return it as JSON values, but for what the configuration says."""
        return {
            "organization": asdict(self.organization),
            "stages": [asdict(stage) for stage in self.stages.values()],
            "owners": [asdict(owner) for owner in self.owners.values()],
            "readable": sorted(self.readable),
        }

    @classmethod
    def of(cls, data: Mapping[str, Any], role_sources: tuple[str, ...] = ROLE_SOURCES) -> Portal:
        """Return what ``json`` told. Raises KeyError or TypeError where it is something else."""
        stages = [Stage(**stage) for stage in data["stages"]]
        owners = [Owner(**owner) for owner in data["owners"]]
        return cls(
            Organization(**data["organization"]),
            {stage.id: stage for stage in stages},
            {owner.id: owner for owner in owners},
            frozenset(data["readable"]),
            role_sources,
        )

    @property
    def zone(self) -> tzinfo:
        """The account's time zone; UTC where it does not say a known one."""
        return zone(self.organization.time_zone) or UTC

    def owner_of(self, user_id: str | None) -> str | None:
        """Return the owner who is this user, as histories name them."""
        return self._by_user.get(user_id or "")

    def active(self, owner: str | None) -> bool | None:
        """Return whether an owner still works here; None when nobody says."""
        if owner is None or not self.owners:
            return None
        return self.owners[owner].active if owner in self.owners else False
