"""What stands before the API: tokens, limits and the portal's own faults.

Know before changing: the order is that of the real thing: the edge (a token that is none, a target
too long), then the token, then limits, then scopes, then the body. A call that is refused for its
token or for a limit is not counted; a call whose answer got lost is.

Does not do: sockets, the log and bytes (``wire``), resources (``api``).
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from crmrules_sandbox.hubspot.admin import administer
from crmrules_sandbox.hubspot.api import Api, family_of
from crmrules_sandbox.hubspot.failure import ApiError, missing_scopes, no_session
from crmrules_sandbox.hubspot.faults import Fault
from crmrules_sandbox.hubspot.limits import Meter, refusal
from crmrules_sandbox.hubspot.portal import Portal
from crmrules_sandbox.wire import faults as wire
from crmrules_sandbox.wire.gate import ADMIN, Gate, page_of_html, retry
from crmrules_sandbox.wire.messages import Exchange, Response

_LONGEST_TARGET = 16_000
_MESSAGES = {
    500: "internal error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    423: "The resource is locked",
}


class Gateway(Gate):
    """Answers exchanges for one portal."""

    BEFORE = Gate.BEFORE | {"rate_limited", "missing_scopes", "migrating"}
    JSON = "application/json;charset=utf-8"

    def __init__(self, portal: Portal, *, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(sleep=sleep)
        self.portal = portal
        self.meter = Meter(portal)
        self.api = Api(portal, self.meter)
        self._tokens: set[str] = set()

    def now(self) -> datetime:
        """Return the portal's time."""
        return self.portal.now()

    def issue(self) -> str:
        """Return a new token that works."""
        token = f"pat-na1-{uuid.uuid4()}"
        self._tokens.add(token)
        return token

    def revoke(self) -> None:
        """Make every token worthless."""
        self._tokens.clear()

    def administer(self, exchange: Exchange) -> Response:
        """Answer a request of the sandbox's own interface."""
        body: Any = orjson.loads(exchange.body) if exchange.body else None
        path = exchange.path.removeprefix(ADMIN).strip("/")
        return administer(self, exchange.method, path, exchange.query, body)

    def prepare(self, fault: wire.Fault) -> None:
        """Let a fault use up the day."""
        if fault.kind == "daily_exhausted":
            self.meter.use_up_the_day()

    def stricken(self, exchange: Exchange, fault: wire.Fault) -> Response:
        """Return what a fault answers instead of the API; nothing was done, nothing counts."""
        if fault.kind == "html":
            return page_of_html(fault)
        if fault.kind == "rate_limited" and isinstance(fault, Fault):
            waiting = retry(fault).get("Retry-After")
            return refusal(fault.policy, self.portal.app_id, waiting)
        if fault.kind == "unauthorized":
            self._tokens.discard(_token(exchange) or "")
            return _failed(no_session(fault.code or "INVALID_AUTHENTICATION"))
        if fault.kind == "missing_scopes" and isinstance(fault, Fault):
            return _failed(missing_scopes(fault.scopes))
        if fault.kind == "migrating":
            message = "This account is being migrated to another data center."
            error = ApiError(477, message, "MIGRATION_IN_PROGRESS")
        else:
            message = fault.message or _MESSAGES.get(fault.status, "Something went wrong")
            error = ApiError(fault.status, message, fault.code or "SERVER_ERROR")
        response = _failed(error)
        response.headers |= retry(fault)
        return response

    def work(self, exchange: Exchange, striking: list[wire.Fault]) -> Response:
        """Answer with the API, if token and limits allow."""
        token = _token(exchange)
        if token is not None and not re.fullmatch(r"[\w.~+/=-]+", token):
            return Response(530, "error code: 1016", {"Content-Type": "text/plain"}, cost=0)
        if len(exchange.target) > _LONGEST_TARGET:
            page = "<html><body><h1>414 Request-URI Too Large</h1></body></html>"
            return Response(414, page, {"Content-Type": "text/html"}, cost=0)
        if token not in self._tokens:
            return _failed(no_session())
        family = family_of(exchange.path)
        with self.portal.lock:
            policy = self.meter.take(family)
            headers = self.meter.headers(family)
        if policy is not None:
            waiting = {"TEN_SECONDLY_ROLLING": "10", "SECONDLY": "1"}.get(policy)
            response = refusal(
                policy, self.portal.app_id, waiting if self.portal.quirks.retry_after else None
            )
        else:
            response = self._answer(exchange, striking)
        response.headers |= headers
        response.headers["X-HubSpot-Correlation-Id"] = str(uuid.uuid4())
        return response

    def _answer(self, exchange: Exchange, striking: list[wire.Fault]) -> Response:
        ours = [fault for fault in striking if isinstance(fault, Fault)]
        try:
            return self.api.handle(exchange, ours)
        except ApiError as error:
            return _failed(error, cost=1)


def _failed(error: ApiError, cost: int = 0) -> Response:
    return Response(error.status, error.body(), cost=cost)


def _token(exchange: Exchange) -> str | None:
    kind, _, token = exchange.headers.get("authorization", "").partition(" ")
    return token if kind.casefold() == "bearer" and token else None
