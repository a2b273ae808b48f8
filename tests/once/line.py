"""The line between a connector and a sandbox's request handler, without a socket, and its faults.

Everything a connector sends passes ``Line.send``. A fault strikes the next call that writes, or the
next calls that read; a write that comes late is kept and handed to the CRM when the clock reaches
its hour. ``Line.ledger`` is told of each write before the CRM sees it.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from json import dumps, loads
from typing import Any
from urllib.parse import urlencode

import httpx
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

from crmrules_sandbox.wire.gate import Gate
from crmrules_sandbox.wire.messages import Exchange, Reply

WRITE_FAULTS = (
    "dropped before",  # the connection broke, nothing was done
    "dropped after",  # all was done, the answer got lost
    "half",  # half of the batch was done, the answer got lost
    "partly refused",  # some records of the batch are locked, or fail for the moment
    "5xx before",
    "5xx after",
    "429",
    "quota",
    "cut",  # all was done, half of the answer came
    "page",  # all was done, a proxy's page came instead of the answer
    "late",  # the CRM does it after we have given up
)
READ_FAULTS = ("read dropped", "read 5xx", "read cut")


class LostError(Exception):
    """There is no answer; ``slow``: we gave up waiting."""

    def __init__(self, *, slow: bool = False) -> None:
        super().__init__("no answer")
        self.slow = slow


@dataclass
class Late:
    """A request that the CRM does later; ``at``: when it left."""

    at: datetime
    exchange: Exchange


@dataclass
class Line:
    """The way to one CRM. ``dialect`` knows what a request of it means."""

    gate: Gate
    dialect: Any
    clock: Callable[[], datetime]
    writes: list[str] = field(default_factory=list)  # faults of the next writes, in their order
    reads: list[tuple[int, str, int]] = field(default_factory=list)  # (how many pass, kind, times)
    late: list[Late] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    ledger: Callable[[list[dict[str, Any]]], None] = lambda _: None
    point: Callable[[str], None] = lambda _: None

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        """Answer one request, or raise LostError."""
        exchange = Exchange(method, target, headers, body)
        records = self.dialect.records(exchange)
        if records is None:
            return self._read(exchange)
        self.ledger(records)
        kind = self.writes.pop(0) if self.writes else ""
        reply = self._write(exchange, kind, records)
        self.point("answered")
        return reply

    def _read(self, exchange: Exchange) -> Reply:
        kind = ""
        if self.reads:
            passing, kind, times = self.reads[0]
            if passing > 0:
                self.reads[0], kind = (passing - 1, kind, times), ""
            elif times > 1:
                self.reads[0] = (0, kind, times - 1)
            else:
                self.reads.pop(0)
        if not kind:
            return self.gate.answer(exchange)
        self.struck[kind] += 1
        if kind == "read dropped":
            raise LostError
        if kind == "read 5xx":
            return self.dialect.refusal(503)
        return _cut(self.gate.answer(exchange))

    def _write(self, exchange: Exchange, kind: str, records: list[dict[str, Any]]) -> Reply:
        if kind:
            self.struck[kind] += 1
        match kind:
            case "dropped before":
                raise LostError
            case "late":
                self.late.append(Late(self.clock(), exchange))
                raise LostError(slow=True)
            case "half":
                half = self.dialect.half(exchange)
                if half is not None:
                    self.gate.answer(half)
                raise LostError
            case "5xx before":
                return self.dialect.refusal(503)
            case "429" | "quota":
                return self.dialect.refusal(kind)
            case "partly refused":
                self.dialect.refuse_some(records)
        reply = self.gate.answer(exchange)
        match kind:
            case "dropped after":
                raise LostError
            case "5xx after":
                return self.dialect.refusal(500)
            case "cut":
                return _cut(reply)
            case "page":
                return Reply(200, b"<html>sign in</html>", {"Content-Type": "text/html"})
        return reply

    def deliver(self, until: datetime | None = None, older: Callable[[Late], bool] | None = None):
        """Let the CRM do what came late; ``older`` picks some."""
        due = [one for one in self.late if older is None or older(one)]
        self.late = [one for one in self.late if one not in due]
        for one in due:
            self.gate.answer(one.exchange)
        return len(due)


def _cut(reply: Reply) -> Reply:
    return Reply(reply.status, reply.body[: len(reply.body) // 2], {"Content-Type": "text/plain"})


# -- requests ----------------------------------------------------------------------------------


class RequestsLine(HTTPAdapter):
    """What stands in for the Salesforce connector's sockets, below its own checks."""

    def __init__(self, inner: Any, line: Line) -> None:
        super().__init__()
        self.inner, self.line = inner, line

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.inner._before()
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        url = str(request.path_url)
        headers = {"authorization": request.headers.get("Authorization", "")}
        headers["content-type"] = request.headers.get("Content-Type", "")
        try:
            reply = self.line.send(str(request.method), url, headers, body)
        except LostError as lost:
            if lost.slow:
                raise requests.ReadTimeout("no answer") from None
            raise requests.ConnectionError(ProtocolError("reset")) from None
        response = requests.Response()
        response.status_code = reply.status
        response.headers = CaseInsensitiveDict(reply.headers)
        response.encoding = "utf-8"
        response._content = reply.body
        response.raw = HTTPResponse(io.BytesIO(b""), preload_content=False)
        response.url, response.request = str(request.url), request
        return response


# -- httpx -------------------------------------------------------------------------------------


class HttpxLine:
    """What stands in for the HubSpot connector's client: its answers and errors are httpx's own.

    One call through a real client costs as much as what it asks for.
    """

    def __init__(self, line: Line, token: str) -> None:
        self.line = line
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def request(
        self, method: str, path: str, *, json: Any = None, params: dict[str, str] | None = None
    ) -> httpx.Response:
        target = f"{path}?{urlencode(params)}" if params else path
        body = b"" if json is None else dumps(json).encode()
        try:
            reply = self.line.send(method, target, self._headers, body)
        except LostError as lost:
            if lost.slow:
                raise httpx.ReadTimeout("no answer") from None
            raise httpx.RemoteProtocolError("reset") from None
        return httpx.Response(reply.status, headers=reply.headers, content=reply.body)

    def close(self) -> None:
        """Do nothing: there is no connection."""


def as_json(exchange: Exchange) -> Any:
    return loads(exchange.body) if exchange.body else None
