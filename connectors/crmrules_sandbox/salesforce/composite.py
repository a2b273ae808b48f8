"""Many requests in one: ``/composite`` (one counted call) and ``/composite/batch`` (each counts).

Know before changing: the outer status is 200 even if every subrequest failed. At most 25
subrequests, at most 5 of them queries (next pages too) or collections. With an outer ``allOrNone``
one failure rolls everything back and the others answer PROCESSING_HALTED, but the body of the
failing collection still says ``"success": true`` for rows that were rolled back, as in the real
thing. The texts of the 400s are not recorded anywhere; their codes are a guess.

Does not do: references between subrequests (``@{...}``), graphs, collation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from crmrules_sandbox.salesforce.failure import ApiError
from crmrules_sandbox.salesforce.messages import Request, Response
from crmrules_sandbox.salesforce.org import Org

_MOST = 25
_MOST_HEAVY = 5
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_HEAVY = re.compile(r"/services/data/v\d+\.0/(query|queryAll|composite/sobjects)([/?]|$)")
_OWN_HEADERS = frozenset({"accept", "authorization", "content-type"})
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."

Handle = Callable[[Request], Response]


def split_url(url: str) -> tuple[str, dict[str, str]]:
    """Return path and query of a URL whose query may be encoded or not (both are accepted)."""
    path, _, text = url.partition("?")
    query = {}
    for pair in filter(None, text.split("&")):
        name, _, value = pair.partition("=")
        query[name] = unquote_plus(value)
    return unquote(path), query


def composite(handle: Handle, org: Org, request: Request) -> Response:
    """Answer ``/composite``. Raises ApiError for a malformed whole."""
    body = request.mapping()
    wanted = body.get("compositeRequest")
    if not isinstance(wanted, list) or not wanted:
        raise ApiError(400, "INVALID_INPUT", "compositeRequest: at least one is required")
    _check(wanted)
    answers: list[Response] = []
    with org.store.atomic() as undo:
        answers.extend(_one(handle, request, each) for each in wanted)
        bad = [answer.status >= 400 or answer.failed_items for answer in answers]
        if body.get("allOrNone") is True and any(bad):
            undo()
            halted = [{"errorCode": "PROCESSING_HALTED", "message": _HALTED}]
            answers = [
                answer if failed else Response(400, halted)
                for answer, failed in zip(answers, bad, strict=True)
            ]
    parts = [
        {
            "body": answer.body,
            "httpHeaders": answer.headers,
            "httpStatusCode": answer.status,
            "referenceId": each["referenceId"],
        }
        for each, answer in zip(wanted, answers, strict=True)
    ]
    return Response(200, {"compositeResponse": parts}, subrequests=len(parts))


def _check(wanted: list[Any]) -> None:
    """Raise ApiError if the composite as a whole breaks a rule."""
    if len(wanted) > _MOST:
        _refuse(f"a composite request may hold {_MOST} subrequests, not {len(wanted)}")
    seen: set[str] = set()
    for each in wanted:
        reference = each.get("referenceId") if isinstance(each, dict) else None
        if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
            _refuse(f"illegal referenceId: {reference}")
        if reference in seen:
            _refuse(f"duplicate referenceId: {reference}")
        seen.add(str(reference))
        own = [name for name in each.get("httpHeaders") or {} if name.casefold() in _OWN_HEADERS]
        if own:
            _refuse(f"a subrequest may not have the header {own[0]}")
    heavy = sum(_HEAVY.match(str(each.get("url"))) is not None for each in wanted)
    if heavy > _MOST_HEAVY:
        _refuse(f"a composite request may hold {_MOST_HEAVY} queries and collections, not {heavy}")


def _refuse(message: str) -> None:
    raise ApiError(400, "INVALID_INPUT", message)


def _one(handle: Handle, outer: Request, each: Mapping[str, Any]) -> Response:
    method, url = each.get("method"), str(each.get("url") or "")
    if method not in _METHODS:
        error = ApiError(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed.")
        return Response(error.status, error.body())
    path, query = split_url(url)
    headers = {k.casefold(): str(v) for k, v in (each.get("httpHeaders") or {}).items()}
    part = Request(
        method=str(method),
        path=path,
        user_id=outer.user_id,
        query=query,
        headers=headers,
        body=each.get("body"),
        nested=True,
    )
    return handle(part)


def batch(handle: Handle, request: Request) -> Response:
    """Answer ``/composite/batch``: one after the other, each a counted call."""
    body = request.mapping()
    wanted = body.get("batchRequests")
    if not isinstance(wanted, list) or not 0 < len(wanted) <= _MOST:
        raise ApiError(400, "INVALID_INPUT", f"batchRequests: 1 to {_MOST} are required")
    results: list[dict[str, Any]] = []
    failed = False
    for each in wanted:
        if failed and body.get("haltOnError") is True:
            error = ApiError(412, "BATCH_PROCESSING_HALTED", "Batch processing halted")
            results.append({"statusCode": error.status, "result": error.body()})
            continue
        url = str(each.get("url") or "").lstrip("/")
        full = url if url.startswith("services/") else f"services/data/{url}"
        again = {**each, "url": f"/{full}", "body": each.get("richInput")}
        answer = _one(handle, request, again)
        failed = failed or answer.status >= 400
        results.append({"statusCode": answer.status, "result": answer.body})
    answered = {"hasErrors": failed, "results": results}
    return Response(200, answered, cost=len(wanted), subrequests=len(wanted))
