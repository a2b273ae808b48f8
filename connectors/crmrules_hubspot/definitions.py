"""The properties crmrules has in a portal, as ``deploy/hubspot/properties.json`` defines them.

Know before changing: the file is in the shape of the properties API's create input and is sent as
it is, except that the options of ``crmrules_flags`` are the flags of the configured rules. What an
admin changed is kept (labels, group, order, further options); what would make a write fail or lose
something is a conflict.

It sends nothing; ``provision`` does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crmrules.errors import UsageError
from crmrules.provisioning import Action

Definition = Mapping[str, Any]
FLAGS, KEY = "crmrules_flags", "crmrules_key"
NOT_UNIQUE = "without a unique value: a repeated task is prevented by looking it up (query mode)"
_SETTINGS = "in HubSpot's property settings"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What has to be there, by object: one group, and properties in it."""

    groups: Mapping[str, Definition]
    properties: Mapping[str, tuple[Definition, ...]]


def wanted(flags: Sequence[str]) -> Manifest:
    """Return what has to be there for rules with these flags."""
    file = _read()
    properties = {
        object_: tuple(_with_flags(one, flags) if one["name"] == FLAGS else one for one in defined)
        for object_, defined in file["properties"].items()
    }
    return Manifest(file["groups"], properties)


def _with_flags(definition: Definition, flags: Sequence[str]) -> Definition:
    """Return the definition with an option per flag; a flag of one's own is labelled by its name.

    The order is that of the file, then that of the alphabet.
    """
    shipped = {str(option["value"]): str(option["label"]) for option in definition["options"]}
    ordered = [*(flag for flag in shipped if flag in flags), *sorted(set(flags) - set(shipped))]
    options = [
        {
            "label": shipped.get(flag, flag.replace("_", " ").capitalize()),
            "value": flag,
            "displayOrder": place,
            "hidden": False,
        }
        for place, flag in enumerate(ordered)
    ]
    return {**definition, "options": options}


@cache
def _read() -> Mapping[str, Any]:
    """Read the file, from a checkout or from a wheel."""
    here = Path(__file__).resolve().parent
    for place in (here.parents[1] / "deploy", here.parent / "crmrules" / "shipped" / "deploy"):
        path = place / "hubspot" / "properties.json"
        if path.is_file():
            found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return found
    raise UsageError(
        "the definitions of our HubSpot properties are missing", remedy="Install crmrules again."
    )


def difference(
    ours: Definition, found: Mapping[str, Any] | None, binned: bool
) -> tuple[Action, str, str]:
    """Return what is to do about one property, with detail and remedy; ``binned``: archived."""
    if found is None and binned:
        remedy = f"Restore it or delete it for good {_SETTINGS}, then run provision again."
        return "conflict", "is archived, and an archived property keeps its name", remedy
    if found is None:
        return "create_property", _told(ours), ""
    missing = [o["value"] for o in ours.get("options", ()) if o["value"] not in values_of(found)]
    reason = _in_the_way(ours, found, lacks_options=bool(missing))
    if reason:
        remedy = f"It is somebody else's: delete it {_SETTINGS} if nobody needs it, then run again."
        return "conflict", reason, remedy
    if missing:
        detail = f"{', '.join(missing)} ({len(values_of(found))} options there are kept)"
        return "add_options", detail, ""
    if ours.get("hasUniqueValue") and not found.get("hasUniqueValue"):
        remedy = "Nothing to do; it cannot be made unique later. The README tells what that means."
        return "keep", f"there, {NOT_UNIQUE}", remedy
    return "keep", "", ""


def is_foreign(ours: Definition, found: Mapping[str, Any]) -> bool:
    """Return whether a property of our name is of a kind that ``provision`` would not take."""
    return bool(_in_the_way(ours, found, lacks_options=False))


def _in_the_way(ours: Definition, found: Mapping[str, Any], *, lacks_options: bool) -> str:
    """Return why a property of our name cannot be ours; "" if it can."""
    rights = found.get("modificationMetadata") or {}
    if found.get("type") != ours["type"]:
        return f"is of type {found.get('type')}, not {ours['type']}"
    if ours["type"] == "enumeration" and _several(found) != _several(ours):
        return f"takes {'several values' if _several(found) else 'one value'} at a time"
    if found.get("hasUniqueValue") and not ours.get("hasUniqueValue"):
        return "takes every value once only"
    if found.get("calculated") or rights.get("readOnlyValue"):
        return "cannot be written: it is calculated or read-only"
    if lacks_options and (found.get("externalOptions") or rights.get("readOnlyOptions")):
        return "lacks options, and nobody may add any"
    return ""


def _told(ours: Definition) -> str:
    kind = f"{ours['type']}/{ours['fieldType']}"
    if ours.get("options"):
        return f"{kind}: {', '.join(str(option['value']) for option in ours['options'])}"
    return f"{kind}, unique" if ours.get("hasUniqueValue") else kind


def _several(definition: Mapping[str, Any]) -> bool:
    return definition.get("fieldType") == "checkbox"


def values_of(definition: Mapping[str, Any]) -> frozenset[str]:
    """Return the values of a definition's options."""
    return frozenset(str(option["value"]) for option in definition.get("options") or ())
