"""What stands before the REST API: tokens, quota, faults, the log, and bytes.

Know before changing: one object per server, called by many threads. The order is that of the real
thing: edge failures, then the token, then the day's quota, then the resource. A call that is
answered 401 or refused for quota is not counted; a call whose answer got lost is.

Does not do: sockets (``server``), resources (``api``).
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote_plus

import orjson

from crmrules_sandbox.salesforce.admin import administer
from crmrules_sandbox.salesforce.api import Api, versions
from crmrules_sandbox.salesforce.auth import Auth, Refused
from crmrules_sandbox.salesforce.composite import split_url
from crmrules_sandbox.salesforce.failure import ApiError, not_found
from crmrules_sandbox.salesforce.faults import Call, CallLog, Fault, Faults
from crmrules_sandbox.salesforce.messages import Request, Response
from crmrules_sandbox.salesforce.org import Org

_JSON = "application/json;charset=UTF-8"
_LONGEST_URI = 16_384
_WORTH_ZIPPING = 1_000
_CODES = {
    429: ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    503: ("SERVER_UNAVAILABLE", "The server is temporarily unavailable."),
}
_BEFORE = frozenset({"unauthorized", "status", "html", "drop_before"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as it came: ``target`` with its query, header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Reply:
    """What goes back; ``send`` is how much of the body: all of it, half, or not even a status."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    send: str = "all"


class Gateway:
    """Answers exchanges for one org."""

    def __init__(
        self, org: Org, api: Api, auth: Auth, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.org = org
        self.api = api
        self.auth = auth
        self.faults = Faults()
        self.calls = CallLog()
        self._sleep = sleep
        self._lock = threading.Lock()

    def answer(self, exchange: Exchange) -> Reply:
        """Answer one exchange, faults and all."""
        if exchange.target.startswith("/__sandbox__/"):
            return self._reply(exchange, administer(self, exchange.method, *_admin(exchange)))
        striking = self.faults.take(exchange.method, unquote_plus(exchange.target), exchange.body)
        self._prepare(striking)
        early = next((f for f in striking if f.kind in _BEFORE and not f.after), None)
        if early is not None:
            response = self._stricken(exchange, early)
            reply = self._reply(exchange, response)
            reply.send = "nothing" if early.kind == "drop_before" else "all"
        else:
            response = self._work(exchange)
            reply = self._spoil(exchange, self._reply(exchange, response), striking)
        status = 0 if reply.send == "nothing" else reply.status
        path = exchange.target.partition("?")[0]
        self.calls.add(Call(exchange.method, path, response.subrequests, response.cost, status))
        return reply

    def _prepare(self, striking: list[Fault]) -> None:
        for fault in striking:
            if fault.kind == "slow" and not fault.after:
                self._sleep(fault.seconds)
            elif fault.kind == "lock_rows":
                for record_id in fault.ids:
                    self.org.lock_row(record_id, fault.writes)
            elif fault.kind == "quota_exhausted":
                self.api.used = self.org.daily_limit
            elif fault.kind == "expire_cursors":
                self.api.cursors.expire()

    def _stricken(self, exchange: Exchange, fault: Fault) -> Response:
        """Return what a fault answers instead of the resource; nothing was done, nothing counts."""
        if fault.kind == "unauthorized":
            self.auth.revoke(exchange.headers.get("authorization") or "")
            return _no_session()
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        if fault.kind == "html":
            page = f"<html><body><h1>{fault.status}</h1></body></html>"
            return Response(fault.status, page, {**headers, "Content-Type": "text/html"}, cost=0)
        code, message = _CODES.get(fault.status, ("UNKNOWN_EXCEPTION", "Something went wrong."))
        error = ApiError(fault.status, fault.code or code, fault.message or message)
        return Response(error.status, error.body(), headers, cost=0)

    def _spoil(self, exchange: Exchange, reply: Reply, striking: list[Fault]) -> Reply:
        for fault in striking:
            if fault.kind == "slow" and fault.after:
                self._sleep(fault.seconds)
            elif fault.kind in ("status", "html") and fault.after:
                reply = self._reply(exchange, self._stricken(exchange, fault))
            elif fault.kind == "drop_after":
                reply.send = "nothing"
            elif fault.kind == "truncated_body":
                reply.send = "half"
        return reply

    def _work(self, exchange: Exchange) -> Response:
        if len(exchange.target) > _LONGEST_URI:
            return Response(414, ApiError(414, "URI_TOO_LONG", "URI too long").body(), cost=0)
        _, query = split_url(exchange.target)
        path = exchange.target.partition("?")[0].rstrip("/")  # parts are decoded one by one later
        if path == "/services/oauth2/token" and exchange.method == "POST":
            return self._token(exchange)
        if path == "/services/data":
            return Response(200, versions(), cost=0)
        return self._with_session(exchange, path, query)

    def _with_session(self, exchange: Exchange, path: str, query: Mapping[str, str]) -> Response:
        user_id = self.auth.user_of(exchange.headers.get("authorization"))
        if user_id is None:
            return _no_session()
        if path.startswith("/services/data/"):
            return self._resource(exchange, path, query, user_id)
        known = path == "/services/oauth2/userinfo"
        body = self._userinfo(user_id) if known else not_found().body()
        return Response(200 if known else 404, body, cost=0)

    def _resource(
        self, exchange: Exchange, path: str, query: Mapping[str, str], user_id: str
    ) -> Response:
        with self._lock:
            exhausted = self.api.used >= self.org.daily_limit
            self.api.used += not exhausted
        if exhausted:
            error = ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            response = Response(error.status, error.body(), cost=0)
        else:
            response = self._rest(exchange, path, query, user_id)
            with self._lock:
                self.api.used += response.cost - 1
        usage = f"api-usage={self.api.used}/{self.org.daily_limit}"
        response.headers["Sforce-Limit-Info"] = usage
        return response

    def _rest(
        self, exchange: Exchange, path: str, query: Mapping[str, str], user_id: str
    ) -> Response:
        try:
            body = orjson.loads(exchange.body) if exchange.body else None
        except orjson.JSONDecodeError as error:
            refusal = ApiError(400, "JSON_PARSER_ERROR", f"Unexpected character: {error.msg}")
            return Response(refusal.status, refusal.body())
        return self.api.handle(
            Request(
                method=exchange.method,
                path=path,
                user_id=user_id,
                query=query,
                headers=exchange.headers,
                body=body,
            )
        )

    def _token(self, exchange: Exchange) -> Response:
        _, form = split_url("?" + exchange.body.decode("utf-8", "replace"))
        _, query = split_url(exchange.target)
        try:
            granted = self.auth.grant({**query, **form}, exchange.headers.get("authorization"))
        except Refused as error:
            refusal = {"error": error.error, "error_description": error.description}
            return Response(400, refusal, cost=0)
        return Response(200, granted, cost=0)

    def _userinfo(self, user_id: str) -> dict[str, Any]:
        user = self.org.get("User", user_id) or {}
        return {
            "sub": f"{self.auth.instance_url}/id/{self.org.organization['Id']}/{user_id}",
            "user_id": user_id,
            "organization_id": self.org.organization["Id"],
            "preferred_username": user.get("Username"),
            "name": user.get("Name"),
            "email": user.get("Email"),
        }

    def _reply(self, exchange: Exchange, response: Response) -> Reply:
        headers = {"Date": format_datetime(self.org.now(), usegmt=True), **response.headers}
        if response.status in (204, 304):
            return Reply(response.status, b"", headers)
        if isinstance(response.body, str):
            body = response.body.encode()
        else:
            body = orjson.dumps(response.body, default=dict)
        headers.setdefault("Content-Type", _JSON)
        if "gzip" in exchange.headers.get("accept-encoding", "") and len(body) > _WORTH_ZIPPING:
            pack = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = pack.compress(body) + pack.flush()
            headers["Content-Encoding"] = "gzip"
        return Reply(response.status, body, headers)


def _no_session() -> Response:
    error = ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
    return Response(error.status, error.body(), cost=0)


def _admin(exchange: Exchange) -> tuple[str, Mapping[str, str], Any]:
    path, query = split_url(exchange.target)
    body = orjson.loads(exchange.body) if exchange.body else None
    return path.removeprefix("/__sandbox__/").strip("/"), query, body
