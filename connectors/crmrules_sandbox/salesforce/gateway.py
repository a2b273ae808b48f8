"""What stands before the REST API: tokens, quota and the org's own faults.

Know before changing: one object per server, called by many threads. The order is that of the real
thing: edge failures, then the token, then the day's quota, then the resource. A call that is
answered 401 or refused for quota is not counted; a call whose answer got lost is.

Does not do: sockets, the log and bytes (``wire``), resources (``api``).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from crmrules_sandbox.salesforce.admin import administer
from crmrules_sandbox.salesforce.api import Api, versions
from crmrules_sandbox.salesforce.auth import Auth, Refused
from crmrules_sandbox.salesforce.composite import split_url
from crmrules_sandbox.salesforce.failure import ApiError, not_found
from crmrules_sandbox.salesforce.faults import Fault
from crmrules_sandbox.salesforce.messages import Request, Response
from crmrules_sandbox.salesforce.org import Org
from crmrules_sandbox.salesforce.setup import fault, parts_of, session_of, soap
from crmrules_sandbox.wire import faults as wire
from crmrules_sandbox.wire import messages as wire_messages
from crmrules_sandbox.wire.gate import Gate, page_of_html, retry
from crmrules_sandbox.wire.messages import Exchange

_LONGEST_URI = 16_384
_SOAP = re.compile(r"/services/Soap/m/\d\d\.0")
_CODES = {
    429: ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    503: ("SERVER_UNAVAILABLE", "The server is temporarily unavailable."),
}


class Gateway(Gate):
    """Answers exchanges for one org."""

    def __init__(
        self, org: Org, api: Api, auth: Auth, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(sleep=sleep)
        self.org = org
        self.api = api
        self.auth = auth
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the org's time."""
        return self.org.now()

    def administer(self, exchange: Exchange) -> Response:
        """Answer a request of the sandbox's own interface."""
        return administer(self, exchange.method, *_admin(exchange))

    def prepare(self, fault: wire.Fault) -> None:
        """Let a fault lock rows, use up the day, or end the open queries."""
        if fault.kind == "lock_rows" and isinstance(fault, Fault):
            for record_id in fault.ids:
                self.org.lock_row(record_id, fault.writes)
        elif fault.kind == "quota_exhausted":
            self.api.used = self.org.daily_limit
        elif fault.kind == "expire_cursors":
            self.api.cursors.expire()

    def stricken(self, exchange: Exchange, fault: wire.Fault) -> wire_messages.Response:
        """Return what a fault answers instead of the resource; nothing was done, nothing counts."""
        if fault.kind == "unauthorized":
            self.auth.revoke(exchange.headers.get("authorization") or "")
            return _no_session()
        if fault.kind == "html":
            return page_of_html(fault)
        code, message = _CODES.get(fault.status, ("UNKNOWN_EXCEPTION", "Something went wrong."))
        error = ApiError(fault.status, fault.code or code, fault.message or message)
        return Response(error.status, error.body(), retry(fault), cost=0)

    def work(self, exchange: Exchange, striking: list[wire.Fault]) -> Response:  # noqa: ARG002
        """Answer with the token endpoint, the versions or a resource."""
        if len(exchange.target) > _LONGEST_URI:
            return Response(414, ApiError(414, "URI_TOO_LONG", "URI too long").body(), cost=0)
        _, query = split_url(exchange.target)
        path = exchange.target.partition("?")[0].rstrip("/")  # parts are decoded one by one later
        if path == "/services/oauth2/token" and exchange.method == "POST":
            return self._token(exchange)
        if path == "/services/data":
            return Response(200, versions(), cost=0)
        if _SOAP.fullmatch(path) and exchange.method == "POST":
            return self._soap(exchange)
        return self._with_session(exchange, path, query)

    def _soap(self, exchange: Exchange) -> Response:
        """Answer the Metadata API, whose envelope carries the session."""
        user_id = self.auth.user_of(f"Bearer {session_of(exchange.body)}")
        if user_id is None:
            return fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader")
        with self._lock:
            self.api.used += 1
        return soap(self.org, exchange.body, user_id)

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
        kind = exchange.headers.get("content-type", "")
        body: Any
        try:
            if kind.startswith("multipart/"):
                body = parts_of(kind, exchange.body)
            else:
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


def _no_session() -> Response:
    error = ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
    return Response(error.status, error.body(), cost=0)


def _admin(exchange: Exchange) -> tuple[str, Mapping[str, str], Any]:
    path, query = split_url(exchange.target)
    body = orjson.loads(exchange.body) if exchange.body else None
    return path.removeprefix("/__sandbox__/").strip("/"), query, body
