"""Single records and lists of them: GET, POST, PATCH, DELETE and merge.

Know before changing: a single read follows merges, which batches do not. The list comes from the
primary store: no lag, no cap, archived ones on demand, in the order of ids.

Does not do: batches (``batches``), search (``search``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot import linking, writes
from crmrules_sandbox.hubspot.failure import ApiError, invalid, invalid_values, not_found
from crmrules_sandbox.hubspot.merging import followed
from crmrules_sandbox.hubspot.messages import Request, text_of
from crmrules_sandbox.hubspot.reading import (
    MOST,
    MOST_WITH_HISTORY,
    associations,
    shown,
    written,
)
from crmrules_sandbox.hubspot.records import Record
from crmrules_sandbox.hubspot.schema import type_of
from crmrules_sandbox.wire.messages import Response

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal


def listing(portal: Portal, kind: str, request: Request) -> Response:
    """List records, a page at a time."""
    names, history = request.listed("properties"), request.listed("propertiesWithHistory")
    limit = request.number("limit", 10, MOST_WITH_HISTORY if history else MOST)
    after = request.exchange.query.get("after", "0")
    if not after.isdigit():
        raise invalid(f"The cursor is not valid: {after}")
    archived = request.flag("archived")
    found = [r for r in portal.records(kind, archived=archived) if int(r.id) >= int(after)]
    types = _types(request)
    body: dict[str, Any] = {
        "results": [
            {**shown(portal, record, names, history), **associations(portal, record, types)}
            for record in found[:limit]
        ]
    }
    if len(found) > limit:
        cursor = found[limit].id
        link = f"{request.url}?limit={limit}&after={cursor}"
        body["paging"] = {"next": {"after": cursor, "link": link}}
    return Response(200, body)


def read(portal: Portal, kind: str, request: Request) -> Response:
    """Read one record by id, by an id merged away, or by a unique property."""
    names, history = request.listed("properties"), request.listed("propertiesWithHistory")
    record = _find(portal, kind, request, archived=request.flag("archived"))
    told = shown(portal, record, names, history)
    return Response(200, told | associations(portal, record, _types(request)))


def create(portal: Portal, kind: str, request: Request) -> Response:
    """Create one record with its associations."""
    body = request.json()
    try:
        texts = writes.check(portal, kind, body.get("properties"), None, portal.app)
    except ApiError as error:
        raise _existing(portal, kind, body, error) from error
    links = linking.check(portal, kind, body.get("associations"))
    record = writes.make(portal, kind, texts, portal.app)
    for link in links:
        portal.link_as_told(replace(link, from_id=record.id))
    headers = {"Location": f"{request.url}/{record.id}"}
    return Response(201, written(portal, record, texts), headers)


def update(portal: Portal, kind: str, request: Request) -> Response:
    """Change one record."""
    record = _find(portal, kind, request)
    texts = writes.check(portal, kind, request.json().get("properties"), record, portal.app)
    writes.change(portal, record, texts, portal.app)
    return Response(200, written(portal, record, texts))


def delete(portal: Portal, kind: str, request: Request) -> Response:
    """Archive one record; one that is not there is no error."""
    if portal.is_live(kind, request.found["id"]):
        portal.archive(kind, request.found["id"])
    return Response(204)


def merge(portal: Portal, kind: str, request: Request) -> Response:
    """Merge two records into a new one."""
    body = request.json()
    ids = [text_of(body.get(key), key) for key in ("primaryObjectId", "objectIdToMerge")]
    if ids[0] == ids[1]:
        raise invalid("Cannot merge an object into itself")
    if not all(portal.is_live(kind, each) for each in ids):
        raise not_found()
    merged = portal.store.tables[kind][portal.merge(kind, *ids)]
    return Response(200, shown(portal, merged))


def _find(portal: Portal, kind: str, request: Request, *, archived: bool = False) -> Record:
    asked, by = request.found["id"], request.exchange.query.get("idProperty")
    if by is None:
        record = followed(portal, kind, asked)
        found = [] if record is None else [record]
    elif by in portal.store.unique[kind]:
        found = portal.store.holders(kind, by, asked)
    else:
        raise invalid_values([(by, "PROPERTY_NOT_UNIQUE", f"{by} is not unique")])
    for each in found:
        if each.merged_into is None and (each.archived_at is not None) is archived:
            return each
    raise not_found()


def _types(request: Request) -> list[str]:
    types = [(told, type_of(told)) for told in request.listed("associations")]
    for told, kind in types:
        if kind is None:
            raise invalid(f"Unable to infer object type from: {told}")
    return [kind for _, kind in types if kind is not None]


def _existing(portal: Portal, kind: str, body: dict[str, Any], error: ApiError) -> ApiError:
    """Return what HubSpot says of a contact whose email is taken: 409 with the id."""
    email = (body.get("properties") or {}).get("email")
    if kind != "contacts" or not email or "CONFLICTING_UNIQUE_VALUE" not in error.message:
        return error
    held = portal.store.holders("contacts", "email", str(email))
    return ApiError(409, f"Contact already exists. Existing ID: {held[0].id}", "CONFLICT")
