"""The sandbox's own interface under ``/__sandbox__/``, for tests that run a client elsewhere.

Know before changing: it needs no token, which is right on loopback and nowhere else. It looks past
scopes, lag and archiving on purpose: a test asks it what is really there.

Does not do: anything a real account has.

    GET|POST|DELETE faults     list, arm (one object or a list), disarm
    GET|DELETE calls           the log: method, path, subrequests, counted, status
    GET records/tasks          every stored record, archived and merged ones too
    POST writes/tasks          {"id": ..., "values": {...}, "links": [[type, id]], "user_id": ...}:
                               a person creates or changes a record
    POST archive|restore|purge/tasks   {"id": ...}
    POST merge/deals           {"winner": ..., "loser": ...}
    POST require/deals         {"property": ..., "ids": [...]}
    POST redefine/deals        {"name": ..., "type": ..., ...}: a definition is changed
    POST quirks                {"search_cap": 5, ...}
    POST scopes                {"grant": [...], "revoke": [...]}
    POST quota                 {"used": n, "limit": n}
    POST token                 a token; DELETE token: all tokens are worthless
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot.failure import ApiError, no_such_path
from crmrules_sandbox.hubspot.faults import Fault
from crmrules_sandbox.wire.admin import Handler, watching
from crmrules_sandbox.wire.messages import Response

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.gateway import Gateway


def administer(
    gateway: Gateway, method: str, path: str, query: Mapping[str, str], body: Any
) -> Response:
    """Answer a request of the sandbox's own interface."""
    name, _, rest = path.partition("/")
    handler = _HANDLERS.get((method, name))
    if handler is None:
        return Response(404, no_such_path(path).body(), cost=0)
    data = {**query, **(body if isinstance(body, dict) else {})}
    try:
        return Response(200, handler(gateway, rest, data, body), cost=0)
    except ApiError as error:
        return Response(error.status, error.body(), cost=0)
    except (KeyError, TypeError, ValueError) as error:
        return Response(400, {"status": "error", "message": repr(error)}, cost=0)


def _records(gateway: Gateway, rest: str, _data: dict[str, Any], _body: Any) -> Any:
    with gateway.portal.lock:
        return [asdict(record) for record in gateway.portal.store.tables[rest].values()]


def _write(gateway: Gateway, rest: str, data: dict[str, Any], _body: Any) -> Any:
    portal, user = gateway.portal, data.get("user_id")
    if data.get("id") is None:
        links = [(kind, record_id) for kind, record_id in data.get("links", ())]
        return {"id": portal.create(rest, data["values"], links, user)}
    portal.update(rest, data["id"], data["values"], user)
    return {"id": data["id"]}


def _archive(gateway: Gateway, rest: str, data: dict[str, Any], _body: Any) -> Any:
    gateway.portal.archive(rest, data["id"])
    return {"id": data["id"]}


def _restore(gateway: Gateway, rest: str, data: dict[str, Any], _body: Any) -> Any:
    gateway.portal.restore(rest, data["id"])
    return {"id": data["id"]}


def _purge(gateway: Gateway, rest: str, data: dict[str, Any], _body: Any) -> Any:
    gateway.portal.purge(rest, data["id"])
    return {"id": data["id"]}


def _merge(gateway: Gateway, rest: str, data: dict[str, Any], _body: Any) -> Any:
    return {"id": gateway.portal.merge(rest, data["winner"], data["loser"])}


def _require(gateway: Gateway, rest: str, data: dict[str, Any], _body: Any) -> Any:
    gateway.portal.require(rest, data["property"], data["ids"])
    return {}


def _redefine(gateway: Gateway, rest: str, data: dict[str, Any], _body: Any) -> Any:
    changes = {key: value for key, value in data.items() if key != "name"}
    gateway.portal.redefine(rest, data["name"], **changes)
    return gateway.portal.definitions[rest][data["name"]]


def _quirks(gateway: Gateway, _rest: str, data: dict[str, Any], _body: Any) -> Any:
    gateway.portal.quirks.set(**data)
    return asdict(gateway.portal.quirks)


def _scopes(gateway: Gateway, _rest: str, data: dict[str, Any], _body: Any) -> Any:
    gateway.portal.grant(*data.get("grant", ()))
    gateway.portal.revoke(*data.get("revoke", ()))
    return sorted(gateway.portal.scopes)


def _quota(gateway: Gateway, _rest: str, data: dict[str, Any], _body: Any) -> Any:
    gateway.portal.daily_limit = int(data.get("limit", gateway.portal.daily_limit))
    used = gateway.meter.used_today()
    gateway.meter.used = int(data.get("used", used))
    return {"used": gateway.meter.used, "limit": gateway.portal.daily_limit}


def _token(gateway: Gateway, _rest: str, _data: dict[str, Any], _body: Any) -> Any:
    return {"token": gateway.issue()}


def _revoke(gateway: Gateway, _rest: str, _data: dict[str, Any], _body: Any) -> Any:
    gateway.revoke()
    return {}


_HANDLERS: dict[tuple[str, str], Handler] = {
    **watching(Fault),
    ("GET", "records"): _records,
    ("POST", "writes"): _write,
    ("POST", "archive"): _archive,
    ("POST", "restore"): _restore,
    ("POST", "purge"): _purge,
    ("POST", "merge"): _merge,
    ("POST", "require"): _require,
    ("POST", "redefine"): _redefine,
    ("POST", "quirks"): _quirks,
    ("POST", "scopes"): _scopes,
    ("POST", "quota"): _quota,
    ("POST", "token"): _token,
    ("DELETE", "token"): _revoke,
}
