"""The sandbox's own interface under ``/__sandbox__/``, for tests that run a client elsewhere.

Know before changing: it needs no token, which is right on loopback and nowhere else. It looks past
rights and deletion on purpose: a test asks it what is really there.

Does not do: anything a real org has.

    GET|POST|DELETE faults   list, arm (one object or a list), disarm
    GET|DELETE calls         the log: method, path, subrequests, counted, status
    GET rows/Task            every stored row, the recycle bin too
    POST rows                load rows: {"Task": [{...}]}
    POST writes/Task         {"id": ..., "values": {...}, "user_id": ...}: a person changes a record
    POST quota               {"used": n, "limit": n}
    POST access              {"hide"|"show"|"make_read_only"|"deny"|"allow": {"Task": ["Field"]}}
    POST token               a token: {"user_id": ...}; DELETE token: all tokens are worthless
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.salesforce.failure import ApiError, not_found
from crmrules_sandbox.salesforce.faults import Fault
from crmrules_sandbox.salesforce.messages import Response
from crmrules_sandbox.wire.admin import Handler, watching

if TYPE_CHECKING:
    from crmrules_sandbox.salesforce.gateway import Gateway

_ACCESS = frozenset({"hide", "show", "make_read_only", "deny", "allow"})


def administer(
    gateway: Gateway, method: str, path: str, query: Mapping[str, str], body: Any
) -> Response:
    """Answer a request of the sandbox's own interface."""
    name, _, rest = path.partition("/")
    handler = _HANDLERS.get((method, name))
    if handler is None:
        return Response(404, not_found().body(), cost=0)
    try:
        return Response(200, handler(gateway, rest, {**query, **_object(body)}, body), cost=0)
    except ApiError as error:
        return Response(error.status, error.body(), cost=0)
    except (KeyError, TypeError, ValueError) as error:
        return Response(400, [{"message": str(error), "errorCode": "SANDBOX"}], cost=0)


def _object(body: Any) -> dict[str, Any]:
    return body if isinstance(body, dict) else {}


def _rows(gateway: Gateway, rest: str, _data: dict[str, Any], _body: Any) -> Any:
    with gateway.org.lock:
        return [*gateway.org.rows(rest)]


def _load(gateway: Gateway, _rest: str, _data: dict[str, Any], body: Any) -> Any:
    gateway.org.load(body)
    return {"loaded": {name: len(rows) for name, rows in body.items()}}


def _write(gateway: Gateway, rest: str, data: dict[str, Any], _body: Any) -> Any:
    org, user = gateway.org, data.get("user_id")
    if data.get("id") is None:
        return {"id": org.insert(rest, data["values"], user)}
    return {"id": org.update(rest, data["id"], data["values"], user)}


def _quota(gateway: Gateway, _rest: str, data: dict[str, Any], _body: Any) -> Any:
    gateway.org.daily_limit = int(data.get("limit", gateway.org.daily_limit))
    gateway.api.used = int(data.get("used", gateway.api.used))
    return {"used": gateway.api.used, "limit": gateway.org.daily_limit}


def _access(gateway: Gateway, _rest: str, data: dict[str, Any], _body: Any) -> Any:
    for verb in _ACCESS & set(data):
        for sobject, names in data[verb].items():
            getattr(gateway.org, verb)(sobject, *names, user_id=data.get("user_id"))
    return {}


def _token(gateway: Gateway, _rest: str, data: dict[str, Any], _body: Any) -> Any:
    return {"token": gateway.auth.issue(data.get("user_id"))}


def _revoke(gateway: Gateway, _rest: str, _data: dict[str, Any], _body: Any) -> Any:
    gateway.auth.revoke()
    return {}


_HANDLERS: dict[tuple[str, str], Handler] = {
    **watching(Fault),
    ("GET", "rows"): _rows,
    ("POST", "rows"): _load,
    ("POST", "writes"): _write,
    ("POST", "quota"): _quota,
    ("POST", "access"): _access,
    ("POST", "token"): _token,
    ("DELETE", "token"): _revoke,
}
