"""Which records are read from HubSpot, which of their properties, and how they hang together.

Know before changing: a property that does not exist in the portal is simply absent from an answer,
and ``normalize`` reads it as unknown, so nothing is asked about properties beforehand. Type ids of
associations are HubSpot's own (its client's ``association_type``); a label of the portal has an id
of its own and comes with its text.

It sends nothing and knows no watermark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

OUR_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "status": "crmrules_status",
        "flags": "crmrules_flags",
        "summary": "crmrules_summary",
        "buying_phase": "crmrules_buying_phase",
        "checked_at": "crmrules_checked_at",
    }
)
KEY, RULE, ABOUT = "crmrules_key", "crmrules_rule", "crmrules_opportunity"
"""On tasks: the key, the rule, and the opportunity (which outlives a removed association)."""

PRIMARY_COMPANY = 5  # type id of a deal's primary company
TASK_TO_DEAL = 216
WITH_HISTORY, WITHOUT_HISTORY = 50, 100
"""Records per batch read."""
ASSOCIATIONS = 1000
"""Ids per batch read of associations."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One object: the row kind, its name in paths, what is read of it, and what a 403 blinds.

    ``history`` names the properties whose history is read. ``stamp`` is the property that tells of
    a change. ``unknown`` is the model field that nobody knows without it.
    """

    name: str
    object: str
    properties: tuple[str, ...]
    stamp: str = "hs_lastmodifieddate"
    history: tuple[str, ...] = ()
    unknown: str = "activities"

    @property
    def batch(self) -> int:
        """Records per batch read."""
        return WITH_HISTORY if self.history else WITHOUT_HISTORY


_ACTIVITY = ("hs_timestamp", "hubspot_owner_id", "hs_createdate", "hs_lastmodifieddate")
HISTORY = (
    *("dealstage", "amount", "closedate", "hubspot_owner_id", "pipeline", "hs_next_step"),
    "hs_manual_forecast_category",
)
OUR_HISTORY = (
    *(KEY, "hs_task_subject", "hs_task_body", "hs_task_status", "hs_timestamp"),
    "hubspot_owner_id",
)
"""Of our own tasks: who wrote the key, and whether anybody else wrote one of the others since."""

DEAL = Kind(
    "deal",
    "deals",
    (
        *("dealname", "dealstage", "pipeline", "amount", "closedate", "hubspot_owner_id"),
        *("dealtype", "hs_next_step", "hs_manual_forecast_category", "hs_analytics_source"),
        *("deal_currency_code", "createdate", "hs_lastmodifieddate", "hs_is_closed"),
        *("hs_is_closed_won", *OUR_FIELDS.values()),
    ),
    history=HISTORY,
)
COMPANY = Kind(
    "company",
    "companies",
    (
        *("name", "domain", "type", "numberofemployees", "hubspot_owner_id", "createdate"),
        *("hs_parent_company_id", "hs_lastmodifieddate"),
    ),
    unknown="account",
)
CONTACT = Kind(
    "contact",
    "contacts",
    (
        *("firstname", "lastname", "email", "jobtitle", "hs_buying_role", "createdate"),
        *("hs_email_hard_bounce_reason_enum", "lastmodifieddate"),
    ),
    stamp="lastmodifieddate",
    unknown="people",
)
CALL = Kind(
    "call",
    "calls",
    (
        *_ACTIVITY,
        *("hs_call_title", "hs_call_body", "hs_call_direction", "hs_call_disposition"),
        *("hs_call_duration", "hs_call_status"),
    ),
)
MEETING = Kind(
    "meeting",
    "meetings",
    (
        *_ACTIVITY,
        *("hs_meeting_title", "hs_meeting_body", "hs_internal_meeting_notes"),
        *("hs_meeting_start_time", "hs_meeting_end_time", "hs_meeting_outcome"),
    ),
)
EMAIL = Kind(
    "email",
    "emails",
    (
        *_ACTIVITY,
        *("hs_email_direction", "hs_email_status", "hs_email_subject", "hs_email_text"),
        "hs_email_html",
    ),
)
NOTE = Kind("note", "notes", (*_ACTIVITY, "hs_note_body"))
TASK = Kind(
    "task",
    "tasks",
    (
        *_ACTIVITY,
        *("hs_task_subject", "hs_task_body", "hs_task_status", "hs_task_type"),
        *("hs_task_completion_date", KEY, RULE, ABOUT),
    ),
)
QUOTE = Kind(
    "quote",
    "quotes",
    (
        *("hs_title", "hs_status", "hs_quote_amount", "hs_expiration_date", "hs_createdate"),
        "hs_lastmodifieddate",
    ),
    unknown="quotes",
)
LINE = Kind(
    "line_item",
    "line_items",
    (
        *("name", "quantity", "price", "amount", "discount", "hs_discount_percentage"),
        *("hs_product_id", "hs_sku", "createdate", "hs_lastmodifieddate"),
    ),
    unknown="lines",
)

ENGAGEMENTS = (CALL, MEETING, EMAIL, NOTE, TASK)
TALKS = frozenset({"call", "meeting", "email"})
"""Kinds of which it matters who took part."""
AROUND = (CONTACT, COMPANY, *ENGAGEMENTS, QUOTE, LINE)
"""Everything associated with a deal that is read, nine kinds."""
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in (DEAL, *AROUND)})

_OWNERS = {
    "Opportunity": "deal",
    "Account": "company",
    "Contact": "contact",
    "Event": "meeting",
    "Quote": "quote",
}
"""The object of a mapped field -> the kind whose property it names."""


def with_fields(paths: Iterable[str], role_sources: Iterable[str]) -> Mapping[str, Kind]:
    """Return the kinds with the organization's own properties, from ``[mapping.fields]``.

    A path is ``Object.property`` with the objects of the mapping; a role source may name a property
    of the contact.
    """
    more: dict[str, list[str]] = {}
    for path in paths:
        owner, _, name = path.partition(".")
        if owner in _OWNERS:
            more.setdefault(_OWNERS[owner], []).append(name)
    for source in role_sources:
        if source.startswith("property:"):
            more.setdefault("contact", []).append(source.removeprefix("property:"))
    return MappingProxyType(
        {
            name: replace(
                kind, properties=tuple(dict.fromkeys((*kind.properties, *more.get(name, ()))))
            )
            for name, kind in KINDS.items()
        }
    )
