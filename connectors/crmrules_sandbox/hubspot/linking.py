"""The associations a write asks for: are they possible, and make them.

Know before changing: ``check`` changes nothing, so a create and its associations happen together or
not at all. An association without its plain type is still an association.

Does not do: the endpoints (``associations``, ``batches``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot.failure import bad_json, invalid
from crmrules_sandbox.hubspot.kinds import PLAIN
from crmrules_sandbox.hubspot.messages import text_of
from crmrules_sandbox.hubspot.records import Link
from crmrules_sandbox.hubspot.schema import singular

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal


def check(portal: Portal, from_type: str, associations: Any) -> list[Link]:
    """Return what to link to a record that is yet to be made (its id is empty); raises ApiError."""
    if associations is None:
        return []
    if not isinstance(associations, list):
        raise bad_json("associations: a list is expected")
    return [_one(portal, from_type, each) for each in associations]


def _one(portal: Portal, from_type: str, each: Any) -> Link:
    target = each.get("to") if isinstance(each, dict) else None
    if not isinstance(target, dict):
        raise bad_json("Some required fields were not set: [to]")
    to_id, types = text_of(target.get("id"), "id"), each.get("types")
    if not isinstance(types, list) or not types:
        raise bad_json("Some required fields were not set: [types]")
    to_type = next((t for f, t in PLAIN if f == from_type and _is_of(portal, f, t, types[0])), None)
    if to_type is None:
        raise invalid(f"{types[0]} is no association type of {singular(from_type)}")
    return link(portal, (from_type, ""), (to_type, to_id), types)


def _is_of(portal: Portal, from_type: str, to_type: str, told: Any) -> bool:
    type_id = told.get("associationTypeId") if isinstance(told, dict) else None
    return portal.kinds.find(from_type, to_type, type_id) is not None


def link(portal: Portal, start: tuple[str, str], end: tuple[str, str], types: list[Any]) -> Link:
    """Return the link two records get by these types; raises ApiError."""
    (from_type, from_id), (to_type, to_id) = start, end
    if not portal.is_live(to_type, to_id):
        raise invalid(
            f"One or more associations are not valid: {singular(to_type)} {to_id} does not exist",
            errors=[{"message": f"{to_id} does not exist", "code": "INVALID_OBJECT_IDS"}],
        )
    found = []
    for told in types:
        type_id = told.get("associationTypeId") if isinstance(told, dict) else None
        kind = portal.kinds.find(from_type, to_type, type_id)
        if kind is None or kind["category"] != told.get("associationCategory"):
            message = f"No association type {type_id} from {from_type} to {to_type}"
            raise invalid(message)
        found.append(kind)
    labels = tuple(kind["label"] for kind in found if kind["category"] == "USER_DEFINED")
    primary = any(kind["label"] == "Primary" for kind in found)
    return Link(from_type, from_id, to_type, to_id, labels, primary)
