"""A portal's property settings in memory, as the properties API behaves.

Whatever is sent is held against HubSpot's own types first, options are replaced as a whole, a name
stays taken while its property is archived, and an answer has more keys than what was sent.
"""

from __future__ import annotations

import copy
from typing import Any

from crmrules_hubspot.errors import RefusedError
from hubspot_contract import sdk

PATH = "/crm/properties/2026-09"


def refused(status: int, message: str) -> RefusedError:
    return RefusedError(status, {"category": "VALIDATION_ERROR", "message": message}, "")


class PropertySettings:
    """The stand-in. ``unique``: whether tasks may have unique properties; None: refuse silently."""

    def __init__(self, *, portal: int = 4711, unique: bool | None = True) -> None:
        self.portal, self.unique = portal, unique
        self.found: dict[str, dict[str, dict[str, Any]]] = {"deals": {}, "tasks": {}}
        self.there: dict[str, list[str]] = {"deals": ["dealinformation"], "tasks": ["task"]}
        self.written: list[tuple[str, ...]] = []
        self.broken: dict[str, Exception] = {}  # operation -> what it raises
        self.forgets: set[str] = set()  # properties that are taken and not kept
        self.put(
            "deals", name="amount", type="number", fieldType="number", groupName="dealinformation"
        )

    # -- what the provisioner calls -------------------------------------------------------------
    def account(self) -> dict[str, Any]:
        return {"portalId": self.portal, "accountType": "SANDBOX"}

    def properties(self, object_: str, *, archived: bool = False) -> list[dict[str, Any]]:
        everything = copy.deepcopy(list(self.found[object_].values()))
        return [one for one in everything if one["archived"] is archived]

    def groups(self, object_: str) -> list[dict[str, Any]]:
        return [{"name": name, "label": name, "archived": False} for name in self.there[object_]]

    def create_group(self, object_: str, body: Any) -> None:
        self._check("POST", f"{PATH}/{object_}/groups", body, "create_group")
        if body["name"] in self.there[object_]:
            raise refused(409, "the group exists")
        self.there[object_].append(body["name"])
        self.written.append(("group", object_, body["name"]))

    def create_properties(self, object_: str, inputs: Any) -> None:
        body = {"inputs": list(inputs)}
        self._check("POST", f"{PATH}/{object_}/batch/create", body, "create_properties")
        for one in body["inputs"]:
            if one["name"] in self.found[object_]:
                raise refused(409, f"{one['name']} exists")
            if one["groupName"] not in self.there[object_]:
                raise refused(400, f"there is no group {one['groupName']}")
            if one.get("hasUniqueValue") and self.unique is False:
                raise refused(400, "unique properties are not supported for TASK")
        for one in body["inputs"]:
            if not (one.get("hasUniqueValue") and self.unique is None):
                self.put(object_, **one)
            self.written.append(("property", object_, one["name"]))

    def update_property(self, object_: str, name: str, body: Any) -> None:
        self._check("PATCH", f"{PATH}/{object_}/{name}", body, "update_property")
        self.found[object_][name].update(copy.deepcopy(body))
        self.written.append(("options", object_, name))

    # -- what a test arranges -------------------------------------------------------------------
    def put(self, object_: str, **definition: Any) -> dict[str, Any]:
        """Let a property be there, as an answer tells of it."""
        options = [
            {"description": None, "readOnly": None, "doubleData": None, **option}
            for option in definition.get("options", ())
        ]
        made = {
            "label": definition["name"],
            "description": "",
            "archived": False,
            "calculated": False,
            "externalOptions": False,
            "hasUniqueValue": False,
            "displayOrder": -1,
            "modificationMetadata": {"readOnlyValue": False, "readOnlyOptions": False},
            **copy.deepcopy(definition),
            "options": options,
        }
        if definition["name"] not in self.forgets:
            self.found[object_][definition["name"]] = made
        return made

    def options(self, name: str, object_: str = "deals") -> dict[str, str]:
        """Return labels by value."""
        return {one["value"]: one["label"] for one in self.found[object_][name]["options"]}

    def _check(self, method: str, path: str, body: Any, operation: str) -> None:
        assert sdk.contract().problems(method, path, [], body) == []
        if operation in self.broken:
            raise self.broken[operation]
