"""The batch endpoints of objects: read, create, update, upsert, archive.

Know before changing: with a trace id of its own at every input a batch answers input by input
(207); without, the first bad input refuses the whole batch and nothing is stored. Results come in
another order than they were asked for, because they do.

Does not do: single records (``objects``), search (``search``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot import linking, writes
from crmrules_sandbox.hubspot.failure import ApiError, invalid, missing_objects
from crmrules_sandbox.hubspot.faults import Fault
from crmrules_sandbox.hubspot.merging import followed
from crmrules_sandbox.hubspot.messages import Request, text_of
from crmrules_sandbox.hubspot.reading import MOST, MOST_WITH_HISTORY, shown, written
from crmrules_sandbox.hubspot.records import Record
from crmrules_sandbox.hubspot.schema import TYPE_IDS, singular
from crmrules_sandbox.hubspot.values import stamp
from crmrules_sandbox.wire.messages import Response

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

Done = Callable[[], dict[str, Any]]


def read(portal: Portal, kind: str, request: Request) -> Response:
    """Read records by id or by a unique property."""
    body = request.json()
    history = _names(body, "propertiesWithHistory")
    inputs = request.inputs(MOST_WITH_HISTORY if history else MOST)
    names, by = _names(body, "properties"), body.get("idProperty")
    if by is not None and by != "hs_object_id":
        _check_unique(portal, kind, by)
    archived, lost = request.flag("archived"), request.strike("missing")
    results, missing, seen = [], [], set()
    for each in inputs:
        asked = text_of(each.get("id"), "id")
        record = _find(portal, kind, asked, by, archived=archived)
        if record is None or (lost is not None and asked in lost.ids):
            missing.append(asked)
        elif record.id not in seen:
            seen.add(record.id)
            results.append(shown(portal, record, names, history))
    errors = [missing_objects(singular(kind).upper(), missing)] if missing else []
    return answer(portal, results, errors if portal.quirks.report_missing else [])


def create(portal: Portal, kind: str, request: Request) -> Response:
    """Create records, each with its associations."""
    claimed: writes.Claims = set()

    def prepare(each: dict[str, Any]) -> Done:
        texts = writes.check(portal, kind, each.get("properties"), None, portal.app, claimed)
        links = linking.check(portal, kind, each.get("associations"))

        def carry_out() -> dict[str, Any]:
            record = writes.make(portal, kind, texts, portal.app)
            for link in links:
                portal.link_as_told(replace(link, from_id=record.id))
            return written(portal, record, texts)

        return carry_out

    return _carry_out(portal, request, prepare, 201)


def update(portal: Portal, kind: str, request: Request) -> Response:
    """Change records by id, or by a unique property if every input names it."""
    claimed: writes.Claims = set()

    def prepare(each: dict[str, Any]) -> Done:
        by = each.get("idProperty")
        if by is not None:
            _check_unique(portal, kind, by)
        record = _find(portal, kind, text_of(each.get("id"), "id"), by)
        if record is None:
            entry = missing_objects(singular(kind).upper(), [str(each["id"])])
            raise ApiError(404, entry["message"], entry["category"], context=entry["context"])
        return _changing(portal, record, each, claimed)

    return _carry_out(portal, request, prepare, 200)


def upsert(portal: Portal, kind: str, request: Request) -> Response:
    """Change the record with a unique value, or create it; associations are not taken."""
    claimed: writes.Claims = set()

    def prepare(each: dict[str, Any]) -> Done:
        by, value = each.get("idProperty"), text_of(each.get("id"), "id")
        _check_unique(portal, kind, by)
        record = _find(portal, kind, value, by)
        if record is not None:
            return _changing(portal, record, each, claimed, new=False)
        values = {**(each.get("properties") or {}), str(by): value}
        texts = writes.check(portal, kind, values, None, portal.app, claimed)
        return lambda: {
            **written(portal, writes.make(portal, kind, texts, portal.app), texts),
            "new": True,
        }

    return _carry_out(portal, request, prepare, 200)


def archive(portal: Portal, kind: str, request: Request) -> Response:
    """Archive records; an unknown id is no error."""
    for each in request.inputs(MOST):
        record_id = text_of(each.get("id"), "id")
        if portal.is_live(kind, record_id):
            portal.archive(kind, record_id)
    return Response(204)


def answer(
    portal: Portal, results: Iterable[Any], errors: list[dict[str, Any]], status: int = 200
) -> Response:
    """Return the answer of a batch: 207 if some inputs failed."""
    now = stamp(portal.now())
    body: dict[str, Any] = {"status": "COMPLETE", "results": [*results][::-1]}
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    body |= {"startedAt": now, "completedAt": now}
    return Response(207 if errors else status, body)


def _changing(
    portal: Portal, record: Record, each: dict[str, Any], claimed: writes.Claims, **more: Any
) -> Done:
    values = each.get("properties")
    texts = writes.check(portal, record.type, values, record, portal.app, claimed)

    def carry_out() -> dict[str, Any]:
        writes.change(portal, record, texts, portal.app)
        return {**written(portal, record, texts), **more}

    return carry_out


def _carry_out(
    portal: Portal, request: Request, prepare: Callable[[dict[str, Any]], Done], status: int
) -> Response:
    inputs = request.inputs(MOST)
    traces = [each.get("objectWriteTraceId") for each in inputs]
    traced = None not in traces and len(set(map(str, traces))) == len(traces)
    failing = request.strike("partial")
    ready, errors = [], []
    for each, trace in zip(inputs, traces, strict=True):
        try:
            _strike(failing, {str(trace), str(each.get("id"))})
            ready.append((prepare(each), trace))
        except ApiError as error:
            lone_miss = error.category == "OBJECT_NOT_FOUND"
            if not traced and not lone_miss and failing is None:
                raise
            errors.append(error.item({"objectWriteTraceId": [str(trace)]} if trace else {}))
    results = []
    for done, trace in ready:
        told = {} if trace is None else {"objectWriteTraceId": trace}
        results.append({**done(), **told})
    return answer(portal, results, errors, status)


def _strike(failing: Fault | None, ids: set[str]) -> None:
    if failing is not None and ids & set(failing.ids):
        raise ApiError(500, failing.message or "Something went wrong", "SERVER_ERROR")


def _find(
    portal: Portal, kind: str, asked: str, by: Any = None, *, archived: bool = False
) -> Record | None:
    if by in (None, "hs_object_id"):
        record = portal.get(kind, asked)
        if record is not None and portal.quirks.merges_in_batch:
            record = followed(portal, kind, asked)
        found = [] if record is None else [record]
    else:
        found = portal.store.holders(kind, by, asked)
    fits = (r for r in found if r.merged_into is None and (r.archived_at is not None) is archived)
    return next(fits, None)


def _check_unique(portal: Portal, kind: str, by: Any) -> None:
    if not isinstance(by, str) or by not in portal.store.unique[kind]:
        raise invalid(
            f"Unable to perform update/upsert by non-unique {TYPE_IDS[kind]} property {by}"
        )


def _names(body: dict[str, Any], key: str) -> list[str]:
    names = body.get(key) or []
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise invalid(f"{key} must be a list of property names")
    return names
