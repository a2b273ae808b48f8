"""sObject collections: up to 200 records written, or 2,000 read, in one request.

Know before changing: the status is 200 even for inserts and even if every record failed; results
are in the order of the request; a failed record says ``statusCode`` (recorded responses). With
``allOrNone`` good records fail as ALL_OR_NONE_OPERATION_ROLLED_BACK and still carry an id.

Does not do: single records (``records``), references to parents by external id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from crmrules_sandbox.salesforce import deletes, writes
from crmrules_sandbox.salesforce.failure import ApiError, no_such_column, not_found
from crmrules_sandbox.salesforce.messages import Request, Response
from crmrules_sandbox.salesforce.org import View
from crmrules_sandbox.salesforce.records import present

_MOST_WRITTEN = 200
_MOST_READ = 2000
_MOST_CHUNKS = 10
_ROLLED_BACK = (
    "Record rolled back because not all records were valid and the request was using AllOrNone"
    " header"
)

Item = dict[str, Any]


def collection(view: View, request: Request) -> Response:
    """Answer ``/composite/sobjects`` and what hangs under it. Raises ApiError."""
    match request.method, request.parts[2:]:
        case "POST", ():
            return _write(view, request, lambda record: _insert(view, record))
        case "PATCH", ():
            return _write(view, request, lambda record: _update(view, record))
        case "PATCH", (name, key):
            return _upsert(view, request, name, key)
        case "DELETE", ():
            return _delete(view, request)
        case "POST", (name,):
            body = request.mapping()
            return _read(view, request, name, body.get("ids") or [], body.get("fields") or [])
        case "GET", (name,):
            ids, fields = (request.query.get(k, "").split(",") for k in ("ids", "fields"))
            return _read(view, request, name, ids, fields)
    raise not_found()


def _records(request: Request) -> list[Mapping[str, Any]]:
    records = request.mapping().get("records")
    if not isinstance(records, list) or not records:
        raise ApiError(400, "INVALID_INPUT", "records: at least one record is required")
    _check_number(records)
    chunks = [name for name, _ in groupby(records, key=_type_of)]
    if len(chunks) > _MOST_CHUNKS:
        message = f"a request may hold {_MOST_CHUNKS} chunks of object types, not {len(chunks)}"
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    return records


def _check_number(items: Sequence[object]) -> None:
    if len(items) > _MOST_WRITTEN:
        message = (
            f"record limit reached. cannot submit more than {_MOST_WRITTEN} records in this request"
        )
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)


def _type_of(record: Mapping[str, Any]) -> str:
    return str((record.get("attributes") or {}).get("type") or "")


def _id_of(record: Mapping[str, Any]) -> str:
    return str(record.get("id") or record.get("Id") or "")


def _insert(view: View, record: Mapping[str, Any]) -> Item:
    return _done(writes.insert(view, _type_of(record), record))


def _update(view: View, record: Mapping[str, Any]) -> Item:
    record_id = _id_of(record)
    if not record_id:
        raise ApiError(400, "MISSING_ARGUMENT", "Id not specified in an update call", [])
    return _done(writes.update(view, _type_of(record), record_id, record))


def _done(record_id: str) -> Item:
    return {"id": record_id, "success": True, "errors": []}


def _write(view: View, request: Request, write: Callable[[Mapping[str, Any]], Item]) -> Response:
    records = _records(request)
    return _run(view, records, write, all_or_none=request.mapping().get("allOrNone") is True)


def _run(
    view: View, things: Iterable[Any], write: Callable[[Any], Item], *, all_or_none: bool
) -> Response:
    """Write one after the other; each is a transaction of its own unless all or none."""
    results: list[Item] = []
    with view.org.store.atomic() as undo:
        for thing in things:
            try:
                with view.org.store.atomic():
                    results.append(write(thing))
            except ApiError as error:
                known = _id_of(thing) if isinstance(thing, Mapping) else thing
                results.append(error.item(known or None))
        failed = any(not item["success"] for item in results)
        if failed and all_or_none:
            undo()
            results = [_rolled_back(item) if item["success"] else item for item in results]
    return Response(200, results, failed_items=failed)


def _rolled_back(item: Item) -> Item:
    return ApiError(400, "ALL_OR_NONE_OPERATION_ROLLED_BACK", _ROLLED_BACK).item(item["id"])


def _upsert(view: View, request: Request, name: str, key_name: str) -> Response:
    sobject = view.sobject(name)
    if sobject is None:
        raise not_found()
    key = writes.key_field(view, sobject, key_name)
    records = _records(request)
    wanted = key.name.casefold()

    def value_of(record: Mapping[str, Any]) -> str | None:
        found = next((v for k, v in record.items() if k.casefold() == wanted), None)
        return None if found is None else str(found)

    times = Counter(value_of(record) for record in records)

    def write(record: Mapping[str, Any]) -> Item:
        value = value_of(record)
        if value is not None and times[value] > 1:
            message = f"Duplicate external id specified: {value}"
            raise ApiError(400, "DUPLICATE_VALUE", message, [key.name])
        done = writes.upsert(view, sobject.name, key, value, record)
        return {**_done(done.record_id), "created": done.created}

    return _run(view, records, write, all_or_none=request.mapping().get("allOrNone") is True)


def _delete(view: View, request: Request) -> Response:
    ids = [each for each in request.query.get("ids", "").split(",") if each]
    _check_number(ids)
    all_or_none = request.query.get("allOrNone", "false").casefold() == "true"
    return _run(view, ids, lambda each: _done(deletes.delete(view, each)), all_or_none=all_or_none)


def _read(
    view: View, request: Request, name: str, ids: Sequence[str], fields: Sequence[str]
) -> Response:
    """Rows in the order asked; null for a row that is not there or in the recycle bin."""
    sobject = view.sobject(name)
    if sobject is None:
        raise not_found()
    if len(ids) > _MOST_READ:
        message = f"cannot request more than {_MOST_READ} records"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)
    visible = {field.casefold(): field for field in view.visible(sobject.name)}
    for field in fields:
        if field.casefold() not in visible:
            raise no_such_column(field, sobject.name)
    names = list(dict.fromkeys(["Id", *(visible[field.casefold()] for field in fields)]))
    rows = (view.get(sobject.name, writes.full_id(each) or "") for each in ids)
    body = [
        None if row is None or row.get("IsDeleted") else present(request, sobject, row, names)
        for row in rows
    ]
    return Response(200, body)
