"""Single records over REST: create, read, change, delete, upsert by a key.

Know before changing: statuses differ by verb (201 with a body, 204 without, 300 with a list of
URLs); they follow recorded responses.

Does not do: collections (``bulk``), describes (``api``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from crmrules_sandbox.salesforce import deletes, writes
from crmrules_sandbox.salesforce.failure import ApiError, no_access, no_such_column, not_found
from crmrules_sandbox.salesforce.messages import Request, Response
from crmrules_sandbox.salesforce.org import View
from crmrules_sandbox.salesforce.schema import SObject
from crmrules_sandbox.salesforce.values import moment


def attributes(request: Request, sobject: str, record_id: str) -> dict[str, str]:
    """Return what names a record in every answer."""
    return {"type": sobject, "url": f"{request.root}/sobjects/{sobject}/{record_id}"}


def present(
    request: Request, sobject: SObject, row: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """Return a row as the API shows it, with the named fields."""
    shown: dict[str, Any] = {"attributes": attributes(request, sobject.name, row["Id"])}
    for name in names:
        shown[name] = row.get(name)
    return shown


def answer(view: View, request: Request, sobject: SObject, rest: list[str]) -> Response:
    """Answer a path under an object: nothing, an id, or a key field and its value."""
    match rest, request.method:
        case [], "POST":
            return create(view, request, sobject)
        case [record_id], _:
            return one(view, request, sobject, record_id)
        case [key, value], _:
            return keyed(view, request, sobject, key, value)
    raise not_found()


def create(view: View, request: Request, sobject: SObject) -> Response:
    """Answer POST on an object."""
    record_id = writes.insert(view, sobject.name, request.mapping())
    location = f"{request.root}/sobjects/{sobject.name}/{record_id}"
    body = {"id": record_id, "success": True, "errors": []}
    return Response(201, body, {"Location": location})


def one(view: View, request: Request, sobject: SObject, record_id: str) -> Response:
    """Answer GET, PATCH and DELETE on a record by its id. Raises ApiError."""
    row = view.get(sobject.name, writes.full_id(record_id) or "")
    if row is None:
        message = (
            "Provided external ID field does not exist or is not accessible: " + record_id
            if writes.full_id(record_id) is None
            else "The requested resource does not exist"
        )
        raise not_found(message)
    if request.method == "GET":
        return Response(200, _read(view, request, sobject, row))
    if row.get("IsDeleted"):
        raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])
    _check_untouched(request, row)
    if request.method == "PATCH":
        writes.update(view, sobject.name, row["Id"], request.mapping())
    elif request.method == "DELETE":
        deletes.delete(view, row["Id"])
    else:
        raise no_method(request)
    return Response(204)


def keyed(view: View, request: Request, sobject: SObject, key: str, value: str) -> Response:
    """Answer GET, PATCH and DELETE on a record by an external id. Raises ApiError."""
    field = writes.key_field(view, sobject, key)
    found = writes.matches(view, sobject, field, value)
    if len(found) > 1:
        return Response(300, [f"{request.root}/sobjects/{sobject.name}/{each}" for each in found])
    if request.method != "PATCH":
        if not found:
            raise not_found()
        return one(view, request, sobject, found[0])
    done = writes.upsert(view, sobject.name, field, value, request.mapping())
    body = {"id": done.record_id, "success": True, "errors": [], "created": done.created}
    return Response(201 if done.created else 200, body)


def no_method(request: Request) -> ApiError:
    """Make the answer to a verb the resource does not know."""
    message = f"HTTP Method '{request.method}' not allowed. Allowed are HEAD,GET,POST,PATCH,DELETE"
    return ApiError(405, "METHOD_NOT_ALLOWED", message)


def _read(view: View, request: Request, sobject: SObject, row: Mapping[str, Any]) -> dict[str, Any]:
    if not view.access.may("read", sobject.name):
        raise no_access()
    if row.get("IsDeleted"):
        raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])
    visible = view.visible(sobject.name)
    names = [name for name in sobject.fields if name in visible]
    if asked := request.query.get("fields"):
        names = ["Id", *asked.split(",")]
        for name in names:
            if name not in visible:
                raise no_such_column(name, sobject.name)
    return present(request, sobject, row, dict.fromkeys(names))


def _check_untouched(request: Request, row: Mapping[str, Any]) -> None:
    """Raise ApiError 412 if the record changed since ``If-Unmodified-Since``."""
    since = request.headers.get("if-unmodified-since")
    if since is None or "LastModifiedDate" not in row:
        return
    if moment(row["LastModifiedDate"]) > parsedate_to_datetime(since).astimezone(UTC):
        message = "The record was modified after the date in If-Unmodified-Since"
        raise ApiError(412, "PRECONDITION_FAILED", message)
