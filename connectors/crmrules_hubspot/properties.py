"""Which properties of which kind the translation reads, so that reading can ask for just these.

Know before changing: a property missing here is never asked for and so unknown for ever; a test
holds the list against what the translation looks at.

It asks for nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from types import MappingProxyType

from crmrules.mapping import Mapping
from crmrules_hubspot import history
from crmrules_hubspot.ours import ABOUT, KEY, RULE, WRITTEN
from crmrules_hubspot.people import PROPERTY

_STAMPS = ("hs_createdate", "hs_lastmodifieddate")
_COMMON = ("hubspot_owner_id", "hs_timestamp", *_STAMPS)
_PRICED = ("name", "hs_sku", "hs_product_id", "quantity", "price", "discount")
_LINE = (*_PRICED, "hs_discount_percentage", "createdate", *_STAMPS)

READ: AnyMapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "deal": (
            *("dealname", "pipeline", "dealtype", "deal_currency_code", "hs_analytics_source"),
            *(*history.PROPERTIES.values(), "hs_is_closed", "hs_is_closed_won", "createdate"),
            *("crmrules_status", "crmrules_flags", "crmrules_summary", "crmrules_buying_phase"),
            *("crmrules_checked_at", *_STAMPS),
        ),
        "contact": (
            *("firstname", "lastname", "email", "jobtitle", "hs_buying_role", "createdate"),
            *("hs_email_hard_bounce_reason_enum", "hs_createdate"),
        ),
        "company": (
            *("name", "hubspot_owner_id", "numberofemployees", "type", "hs_parent_company_id"),
            *("createdate", "hs_createdate"),
        ),
        "meeting": (
            *("hs_meeting_title", "hs_meeting_body", "hs_internal_meeting_notes"),
            *("hs_meeting_start_time", "hs_meeting_outcome", *_COMMON),
        ),
        "call": (
            *("hs_call_title", "hs_call_body", "hs_call_direction", "hs_call_disposition"),
            *("hs_call_status", "hs_call_duration", *_COMMON),
        ),
        "email": (
            *("hs_email_subject", "hs_email_text", "hs_email_html", "hs_email_direction"),
            *("hs_email_status", *_COMMON),
        ),
        "note": ("hs_note_body", *_COMMON),
        "task": (KEY, RULE, ABOUT, *WRITTEN, "hs_task_completion_date", *_STAMPS),
        "quote": ("hs_quote_amount", "hs_status", "hs_expiration_date", *_STAMPS),
        "line_item": _LINE,
        "quote_line": _LINE,
    }
)
"""Kind of row -> properties."""

HISTORY: AnyMapping[str, tuple[str, ...]] = MappingProxyType(
    {"deal": tuple(history.PROPERTIES.values()), "task": (KEY, *WRITTEN)}
)
"""Kind of row -> properties that are wanted with their history; of tasks only of ours."""

_OWNERS = MappingProxyType(
    {
        "Opportunity": "deal",
        "Account": "company",
        "Contact": "contact",
        "Event": "meeting",
        "Quote": "quote",
    }
)
"""Object in ``[mapping.fields]`` -> kind of row."""


def named(mapping: Mapping, role_sources: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return kind of row -> the properties that only the organization's configuration names."""
    found: dict[str, dict[str, None]] = {}
    for path in mapping.fields:
        owner, _, name = path.partition(".")
        if owner in _OWNERS:
            found.setdefault(_OWNERS[owner], {})[name] = None
    for source in role_sources:
        if source.startswith(PROPERTY):
            found.setdefault("contact", {})[source.removeprefix(PROPERTY)] = None
    return {kind: tuple(names) for kind, names in found.items()}


def wanted(mapping: Mapping, role_sources: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the properties of each kind, those included that the organization named."""
    own = named(mapping, role_sources)
    return {
        kind: tuple(dict.fromkeys((*names, *own.get(kind, ())))) for kind, names in READ.items()
    }
