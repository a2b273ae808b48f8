"""Which records are read from HubSpot, and how they hang together.

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

from crmrules.mapping import Mapping as Words
from crmrules_hubspot.ours import ABOUT, KEY, RULE
from crmrules_hubspot.properties import HISTORY, READ, wanted

__all__ = [
    "ABOUT",
    "AROUND",
    "ASSOCIATIONS",
    "CALL",
    "COMPANY",
    "CONTACT",
    "DEAL",
    "EMAIL",
    "ENGAGEMENTS",
    "KEY",
    "KINDS",
    "LINE",
    "MEETING",
    "NOTE",
    "OUR_FIELDS",
    "OUR_HISTORY",
    "PRIMARY_COMPANY",
    "QUOTE",
    "QUOTE_LINE",
    "ROLE",
    "ROW_KINDS",
    "RULE",
    "TALKS",
    "TASK",
    "TASK_TO_DEAL",
    "WITHOUT_HISTORY",
    "WITH_HISTORY",
    "Kind",
    "with_fields",
]

OUR_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "status": "crmrules_status",
        "flags": "crmrules_flags",
        "summary": "crmrules_summary",
        "buying_phase": "crmrules_buying_phase",
        "checked_at": "crmrules_checked_at",
    }
)

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
    unknown: tuple[str, ...] = ("activities",)

    @property
    def batch(self) -> int:
        """Records per batch read."""
        return WITH_HISTORY if self.history else WITHOUT_HISTORY


OUR_HISTORY = HISTORY["task"]
"""Of our own tasks: who wrote the key, and whether anybody else wrote anything of ours since."""

DEAL = Kind("deal", "deals", READ["deal"], history=HISTORY["deal"])
COMPANY = Kind("company", "companies", READ["company"], unknown=("account", "siblings"))
CONTACT = Kind(
    "contact", "contacts", READ["contact"], stamp="lastmodifieddate", unknown=("people",)
)
CALL = Kind("call", "calls", READ["call"])
MEETING = Kind("meeting", "meetings", READ["meeting"])
EMAIL = Kind("email", "emails", READ["email"])
NOTE = Kind("note", "notes", READ["note"])
TASK = Kind("task", "tasks", READ["task"])
QUOTE = Kind("quote", "quotes", READ["quote"], unknown=("quotes",))
LINE = Kind("line_item", "line_items", READ["line_item"], unknown=("lines",))

ENGAGEMENTS = (CALL, MEETING, EMAIL, NOTE, TASK)
TALKS = frozenset({"call", "meeting", "email"})
"""Kinds of which it matters who took part."""
AROUND = (CONTACT, COMPANY, *ENGAGEMENTS, QUOTE, LINE)
"""Everything associated with a deal that is read, nine kinds."""
ROLE, QUOTE_LINE = "role", "quote_line"
"""Kinds of rows that are no object of their own: a contact's association, a line of a quote."""
ROW_KINDS = frozenset({"deal", ROLE, QUOTE_LINE, *(kind.name for kind in AROUND)})
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in (DEAL, *AROUND)})


def with_fields(mapping: Words, role_sources: Iterable[str]) -> Mapping[str, Kind]:
    """Return the kinds with the organization's own properties too."""
    names = wanted(mapping, role_sources)
    return MappingProxyType(
        {name: replace(kind, properties=names[name]) for name, kind in KINDS.items()}
    )
