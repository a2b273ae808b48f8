"""What a HubSpot portal holds: records with the history of each property, links, owners, pipelines.

Know before changing: every value is text, as the API gives it, and "" is a cleared one; a record's
current value is the last version, kept nowhere else. Ids are decimal digits and unique per type
only: a deal and a company may share one.

Does not do: store, check or change anything (``portal``), or invent contents (``render``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Version:
    """One entry of a property's history; ``at`` is aware UTC in whole milliseconds.

    ``source_type`` is CRM_UI, INTEGRATION, IMPORT, API, WORKFLOW or CALCULATED; ``source_id`` is
    ``userId:<n>`` for people and an app id for integrations.
    """

    value: str
    at: datetime
    source_type: str = "CRM_UI"
    source_id: str = ""
    user_id: int | None = None


@dataclass(slots=True)
class Record:
    """One object; ``type`` is its plural name, ``history`` holds the oldest version first."""

    type: str
    id: str
    created: datetime
    updated: datetime
    history: dict[str, list[Version]]
    archived_at: datetime | None = None
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """An association, told once; ``labels`` are the portal's own, ``primary``: deal to company."""

    from_type: str
    from_id: str
    to_type: str
    to_id: str
    labels: tuple[str, ...] = ()
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who can own records: an owner id, and the id of the user behind it."""

    id: str
    user_id: int
    email: str
    first_name: str
    last_name: str
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a pipeline; ``probability`` is text between "0.0" and "1.0"."""

    id: str
    label: str
    order: int
    closed: bool
    probability: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline of deals and its stages."""

    id: str
    label: str
    order: int
    stages: tuple[Stage, ...]


@dataclass(slots=True)
class Contents:
    """Everything a portal starts with."""

    records: list[Record]
    links: list[Link]
    owners: list[Owner]
    pipelines: list[Pipeline]
    portal_id: int
    account_type: str = "SANDBOX"
    time_zone: str = "UTC"
    currency: str = "USD"
