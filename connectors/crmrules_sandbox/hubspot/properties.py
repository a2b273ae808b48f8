"""The properties API: definitions and their groups.

Know before changing: a property that exists is a conflict (409), an archived one of that name too.
Stages and owners bring the options of ``dealstage``, ``pipeline`` and ``hubspot_owner_id``; the
latter's are external and never listed.

Does not do: what a definition means for values (``values``, ``writes``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot.batches import answer
from crmrules_sandbox.hubspot.failure import ApiError, bad_json, invalid
from crmrules_sandbox.hubspot.messages import Request, text_of
from crmrules_sandbox.hubspot.schema import Definition
from crmrules_sandbox.hubspot.values import stamp
from crmrules_sandbox.wire.messages import Response

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

_MOST_UNIQUE = 10
_FIELD_TYPES = {
    "bool": {"booleancheckbox", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
    "enumeration": {"booleancheckbox", "checkbox", "radio", "select", "calculation_equation"},
    "number": {"number", "calculation_equation"},
    "phone_number": {"phonenumber"},
    "string": {"file", "html", "phonenumber", "text", "textarea", "calculation_equation"},
}


def listing(portal: Portal, kind: str, request: Request) -> Response:
    """List every definition of a type; there are no pages."""
    archived = request.flag("archived")
    found = portal.definitions[kind].values()
    listed = [_shown(portal, kind, each) for each in found if each["archived"] is archived]
    return Response(200, {"results": listed})


def read(portal: Portal, kind: str, request: Request) -> Response:
    """Read one definition."""
    found = _find(portal, kind, request.found["name"], archived=request.flag("archived"))
    return Response(200, _shown(portal, kind, found))


def read_batch(portal: Portal, kind: str, request: Request) -> Response:
    """Read definitions by name."""
    archived = bool(request.json().get("archived", False))
    results, errors = [], []
    for each in request.inputs(100):
        name = text_of(each.get("name"), "name")
        try:
            found = _find(portal, kind, name, archived=archived)
        except ApiError as error:
            errors.append(error.item({"name": [name]}))
        else:
            results.append(_shown(portal, kind, found))
    return answer(portal, results, errors)


def create(portal: Portal, kind: str, request: Request) -> Response:
    """Define a property."""
    data = request.json()
    _check(portal, kind, data)
    return Response(201, _shown(portal, kind, portal.define(kind, data)))


def create_batch(portal: Portal, kind: str, request: Request) -> Response:
    """Define properties; those that cannot be are told in a 207."""
    results, errors = [], []
    for each in request.inputs(100):
        try:
            _check(portal, kind, each)
        except ApiError as error:
            errors.append(error.item({"name": [str(each.get("name"))]}))
        else:
            results.append(_shown(portal, kind, portal.define(kind, each)))
    return answer(portal, results, errors, 201)


def update(portal: Portal, kind: str, request: Request) -> Response:
    """Change a definition: label, description, group, options; never its uniqueness."""
    found, data = _find(portal, kind, request.found["name"]), request.json()
    if found["modificationMetadata"]["readOnlyDefinition"]:
        raise invalid(f"{found['name']} is a read only property definition")
    if "hasUniqueValue" in data and data["hasUniqueValue"] != found["hasUniqueValue"]:
        raise invalid("hasUniqueValue cannot be changed once a property is created")
    _check_types({**found, **data})
    changed = {**found, **data, "updatedAt": stamp(portal.now())}
    return Response(200, _shown(portal, kind, portal.define(kind, changed)))


def archive(portal: Portal, kind: str, request: Request) -> Response:
    """Archive a definition."""
    found = _find(portal, kind, request.found["name"])
    if not found["modificationMetadata"]["archivable"]:
        raise invalid(f"{found['name']} cannot be archived")
    changed = {**found, "archived": True, "archivedAt": stamp(portal.now())}
    portal.define(kind, changed)
    return Response(204)


def archive_batch(portal: Portal, kind: str, request: Request) -> Response:
    """Archive definitions; one that is not there is no error."""
    for each in request.inputs(100):
        found = portal.definitions[kind].get(text_of(each.get("name"), "name"))
        if found is not None and found["modificationMetadata"]["archivable"]:
            portal.redefine(kind, found["name"], archived=True)
    return Response(204)


def list_groups(portal: Portal, kind: str, _: Request) -> Response:
    """List the groups of a type."""
    return Response(200, {"results": [*portal.groups[kind].values()]})


def read_group(portal: Portal, kind: str, request: Request) -> Response:
    """Read one group."""
    if (found := portal.groups[kind].get(request.found["name"])) is None:
        raise ApiError(404, "resource not found", "OBJECT_NOT_FOUND")
    return Response(200, found)


def create_group(portal: Portal, kind: str, request: Request) -> Response:
    """Add a group."""
    data = request.json()
    for key in ("name", "label"):
        text_of(data.get(key), key)
    if data["name"] in portal.groups[kind]:
        raise ApiError(409, f"Property Group {data['name']} already exists", "CONFLICT")
    return Response(201, portal.add_group(kind, data))


def delete_group(portal: Portal, kind: str, request: Request) -> Response:
    """Remove a group; one that still holds properties is refused."""
    name = request.found["name"]
    if name not in portal.groups[kind]:
        raise ApiError(404, "resource not found", "OBJECT_NOT_FOUND")
    found = portal.definitions[kind].values()
    if any(each["groupName"] == name and not each["archived"] for each in found):
        raise invalid(f"Property Group {name} still holds properties")
    del portal.groups[kind][name]
    return Response(204)


def _shown(portal: Portal, kind: str, found: Definition) -> Definition:
    options = None
    if kind == "deals" and found["name"] == "dealstage":
        stages = [stage for pipeline in portal.pipelines for stage in pipeline.stages]
        options = [(stage.id, stage.label) for stage in stages]
    elif kind == "deals" and found["name"] == "pipeline":
        options = [(pipeline.id, pipeline.label) for pipeline in portal.pipelines]
    if options is None:
        return found
    listed = [
        {"label": label, "value": value, "displayOrder": number, "hidden": False}
        for number, (value, label) in enumerate(options)
    ]
    return {**found, "options": listed}


def _find(portal: Portal, kind: str, name: str, *, archived: bool = False) -> Definition:
    found = portal.definitions[kind].get(name)
    if found is None or found["archived"] is not archived:
        message = f"Property {name} does not exist"
        raise ApiError(404, message, "OBJECT_NOT_FOUND")
    return found


def _check(portal: Portal, kind: str, data: dict[str, Any]) -> None:
    missing = [
        key for key in ("name", "label", "groupName", "type", "fieldType") if key not in data
    ]
    if missing:
        raise bad_json(f"Some required fields were not set: {missing}")
    name = str(data["name"])
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise invalid(f"{name} is no property name: lower case letters, digits and underscores")
    if name in portal.definitions[kind]:
        raise ApiError(409, f"A property named '{name}' already exists.", "CONFLICT")
    if data["groupName"] not in portal.groups[kind]:
        raise invalid(f"Property Group {data['groupName']} does not exist")
    _check_types(data)
    if data.get("hasUniqueValue"):
        own = portal.store.unique[kind] - {"email", "hs_unique_creation_key"}
        if kind == "tasks" and not portal.quirks.unique_on_tasks:
            raise invalid("Unique properties are not supported for object type 0-27")
        if data["type"] not in ("string", "number") or len(own) >= _MOST_UNIQUE:
            raise invalid(f"{name} cannot be unique")


def _check_types(data: dict[str, Any]) -> None:
    kinds = _FIELD_TYPES.get(data["type"])
    if kinds is None or data["fieldType"] not in kinds:
        raise invalid(f"fieldType {data['fieldType']} does not go with type {data['type']}")
    options = data.get("options") or []
    values = [option.get("value") for option in options]
    if len(set(values)) < len(values) or None in values:
        raise invalid("Option values must be there and unique")
    told = data["fieldType"] in ("checkbox", "radio", "select")
    if told and not options and not data.get("externalOptions"):
        raise invalid(f"{data['name']} needs options")
