"""Which properties an object type has, standard ones and the portal's own.

Know before changing: a definition is a dict in the shape of the properties API, because that is
what the portal's own arrive as; the standard ones are read from the tables in ``standard`` and
``activities``. An archived definition is still there, and is unknown to reads and writes.

Does not do: check values (``values``), answer the properties API (``properties``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crmrules_sandbox.hubspot import activities, standard

Definition = dict[str, Any]

TABLES: Mapping[str, tuple[str, ...]] = {
    "deals": (standard.COMMON, standard.DEALS),
    "contacts": (standard.COMMON, standard.CONTACTS),
    "companies": (standard.COMMON, standard.COMPANIES),
    "quotes": (standard.COMMON, standard.QUOTES),
    "line_items": (standard.COMMON, standard.LINE_ITEMS),
    "calls": (standard.COMMON, activities.COMMON, activities.CALLS),
    "meetings": (standard.COMMON, activities.COMMON, activities.MEETINGS),
    "emails": (standard.COMMON, activities.COMMON, activities.EMAILS),
    "notes": (standard.COMMON, activities.COMMON, activities.NOTES),
    "tasks": (standard.COMMON, activities.COMMON, activities.TASKS),
}
TYPES = tuple(TABLES)
ACTIVITIES = frozenset({"calls", "meetings", "emails", "notes", "tasks"})
TYPE_IDS = {
    "contacts": "0-1", "companies": "0-2", "deals": "0-3", "line_items": "0-8", "quotes": "0-14",
    "notes": "0-46", "meetings": "0-47", "calls": "0-48", "emails": "0-49", "tasks": "0-27",
}  # fmt: skip
_NAMES = {name: name for name in TYPES} | {number: name for name, number in TYPE_IDS.items()}
_NAMES |= {name.removesuffix("s"): name for name in TYPES} | {"company": "companies"}

_DEFAULTS = {
    "deals": "amount closedate createdate dealname dealstage pipeline",
    "contacts": "createdate email firstname lastname lastmodifieddate",
    "companies": "createdate domain name",
    "quotes": "hs_createdate hs_expiration_date hs_public_url_key hs_status hs_title",
    "line_items": "amount createdate hs_product_id quantity",
}


def type_of(name: str) -> str | None:
    """Return the plural name of an object type told in any way; None for an unknown one."""
    return _NAMES.get(name.casefold())


def singular(kind: str) -> str:
    """Return the name HubSpot's texts use: ``deal``, ``line_item``."""
    return "company" if kind == "companies" else kind.removesuffix("s")


def modified_name(kind: str) -> str:
    """Return the property that says when a record was last changed."""
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def created_name(kind: str) -> str:
    """Return the property that says when a record was made."""
    return "hs_createdate" if kind in ACTIVITIES or kind == "quotes" else "createdate"


def always_read(kind: str) -> tuple[str, ...]:
    """Return the properties every answer has, asked for or not."""
    return (created_name(kind), modified_name(kind), "hs_object_id")


def read_by_default(kind: str) -> tuple[str, ...]:
    """Return what is answered when no property is asked for."""
    return (*_DEFAULTS.get(kind, "").split(), *always_read(kind))


def standard_definitions(kind: str) -> dict[str, Definition]:
    """Return the standard properties of a type, by name."""
    lines = "".join(TABLES[kind]).strip().splitlines()
    return {each["name"]: each for each in (_parse(kind, line) for line in lines if line)}


def definition(data: Mapping[str, Any], stamp: str) -> Definition:
    """Return a definition of the portal's own as the API answers it, from a create input."""
    options = [
        {"hidden": False, "displayOrder": number, **option}
        for number, option in enumerate(data.get("options") or ())
    ]
    meta = {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": False}
    base: Definition = {
        "updatedAt": stamp, "createdAt": stamp, "description": "", "displayOrder": -1,
        "calculated": False, "externalOptions": False, "archived": False, "hasUniqueValue": False,
        "hidden": False, "formField": False, "dataSensitivity": "non_sensitive",
    }  # fmt: skip
    told = {key: value for key, value in data.items() if value is not None}
    return base | {"modificationMetadata": meta} | told | {"options": options}


def _parse(kind: str, line: str) -> Definition:
    name, types, flags, label, *options = line.split("|")
    value_type, field_type = types.split("/")
    meta = {
        "archivable": False,
        "readOnlyDefinition": True,
        "readOnlyValue": bool(set("rc") & set(flags)),
        "readOnlyOptions": True,
    }
    more = {
        "calculated": "c" in flags,
        "hasUniqueValue": "u" in flags,
        "hubspotDefined": True,
        "externalOptions": name == "hubspot_owner_id",
        "modificationMetadata": meta,
    }
    if name == "hubspot_owner_id":
        more["referencedObjectType"] = "OWNER"
    base = {
        "name": name,
        "label": label,
        "type": value_type,
        "fieldType": field_type,
        "groupName": f"{singular(kind).replace('_', '')}information",
        "options": list(_options(options[0] if options else "")),
    }
    return definition(base | more, "2019-08-06T02:41:08.029Z")


def _options(text: str) -> Iterable[dict[str, Any]]:
    for number, each in enumerate(filter(None, text.split(","))):
        value, _, label = each.partition(":")
        yield {
            "label": label or value.replace("_", " ").capitalize(),
            "value": value,
            "displayOrder": number,
            "hidden": False,
        }
