"""What stands before every sandbox's API: faults, the log, and bytes.

Know before changing: one object per server, called by many threads. Edge failures come first, then
whatever the sandbox's ``work`` does; a call whose answer got lost is logged with what it cost.

Does not do: sockets (``server``), tokens and quotas (each sandbox's own gateway).
"""

from __future__ import annotations

import json
import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote_plus

import orjson

from crmrules_sandbox.wire.faults import Call, CallLog, Fault, Faults
from crmrules_sandbox.wire.messages import Exchange, Reply, Response

ADMIN = "/__sandbox__/"
_WORTH_ZIPPING = 1_000


class Gate(ABC):
    """Answers exchanges. A sandbox says what is asked, what is done and how failure is worded."""

    BEFORE: frozenset[str] = frozenset({"unauthorized", "status", "html", "drop_before"})
    JSON = "application/json;charset=UTF-8"

    def __init__(self, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.faults = Faults()
        self.calls = CallLog()
        self._sleep = sleep

    @abstractmethod
    def now(self) -> datetime:
        """Return the sandbox's time, for the Date header."""

    @abstractmethod
    def administer(self, exchange: Exchange) -> Response:
        """Answer a request of the sandbox's own interface."""

    @abstractmethod
    def prepare(self, fault: Fault) -> None:
        """Let a fault of the sandbox's own kinds change something before the work."""

    @abstractmethod
    def stricken(self, exchange: Exchange, fault: Fault) -> Response:
        """Return what a fault answers instead of the API; nothing was done, nothing counts."""

    @abstractmethod
    def work(self, exchange: Exchange, striking: list[Fault]) -> Response:
        """Do what is asked; ``striking`` are the faults that strike at it."""

    def answer(self, exchange: Exchange) -> Reply:
        """Answer one exchange, faults and all."""
        if exchange.target.startswith(ADMIN):
            return self._reply(exchange, self.administer(exchange))
        striking = self.faults.take(exchange.method, unquote_plus(exchange.target), exchange.body)
        for fault in striking:
            if fault.kind == "slow" and not fault.after:
                self._sleep(fault.seconds)
            self.prepare(fault)
        early = next((f for f in striking if f.kind in self.BEFORE and not f.after), None)
        if early is not None and early.kind == "drop_before":
            response, reply = Response(0, cost=0), Reply(0, send="nothing")
        elif early is not None:
            response = self.stricken(exchange, early)
            reply = self._reply(exchange, response)
        else:
            response = self.work(exchange, striking)
            reply = self._spoil(exchange, self._reply(exchange, response), striking)
        status = 0 if reply.send == "nothing" else reply.status
        call = Call(exchange.method, exchange.path, response.subrequests, response.cost, status)
        self.calls.add(call)
        return reply

    def _spoil(self, exchange: Exchange, reply: Reply, striking: list[Fault]) -> Reply:
        for fault in striking:
            if fault.kind == "slow" and fault.after:
                self._sleep(fault.seconds)
            elif fault.kind in self.BEFORE and fault.after:
                reply = self._reply(exchange, self.stricken(exchange, fault))
            elif fault.kind == "drop_after":
                reply.send = "nothing"
            elif fault.kind == "truncated_body":
                reply.send = "half"
        return reply

    def _reply(self, exchange: Exchange, response: Response) -> Reply:
        headers = {"Date": format_datetime(self.now(), usegmt=True), **response.headers}
        if response.status in (204, 304):
            return Reply(response.status, b"", headers)
        content = response.body
        body = content.encode() if isinstance(content, str) else _json(content)
        headers.setdefault("Content-Type", self.JSON)
        if "gzip" in exchange.headers.get("accept-encoding", "") and len(body) > _WORTH_ZIPPING:
            pack = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = pack.compress(body) + pack.flush()
            headers["Content-Encoding"] = "gzip"
        return Reply(response.status, body, headers)


def _json(value: Any) -> bytes:
    """Return JSON; half a character, which a CRM stores where it is sent one, as its escape."""
    try:
        return orjson.dumps(value, default=dict)
    except TypeError:
        return json.dumps(value, default=dict).encode()


def page_of_html(fault: Fault) -> Response:
    """Return the answer of an edge that speaks HTML where JSON is expected."""
    page = f"<html><body><h1>{fault.status}</h1></body></html>"
    return Response(fault.status, page, {**retry(fault), "Content-Type": "text/html"}, cost=0)


def retry(fault: Fault) -> dict[str, str]:
    """Return the Retry-After header a fault asks for, if any."""
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
