"""``/metrics`` and ``/healthz`` of ``crmrules run``: read only, on this machine unless told else.

It serves from a thread while a run is under way, and knows no CRM and no store.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from crmrules.errors import UsageError

_SECONDS = 10  # for a request to arrive
_LOOK = 0.1  # seconds until it notices that it is to end


class Endpoints:
    """The two pages. ``health`` returns None where all is well, else the reason in words."""

    def __init__(
        self,
        place: tuple[str, int],
        *,
        metrics: Callable[[], bytes],
        health: Callable[[], str | None],
    ) -> None:
        try:
            self._server = _server(place, metrics, health)
        except OSError as error:
            raise UsageError(
                f"cannot listen at {place[0]}:{place[1]}: {error.strerror or error}",
                where="[observe] listen",
                remedy='Name a free place such as "127.0.0.1:9647", or "" for none.',
            ) from error
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_LOOK,),
            daemon=True,
            name="crmrules-endpoints",
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _server(
    place: tuple[str, int], metrics: Callable[[], bytes], health: Callable[[], str | None]
) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS
        server_version = "crmrules"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, metrics(), CONTENT_TYPE_LATEST)
            elif self.path == "/healthz":
                reason = health()
                self._answer(200 if reason is None else 503, (reason or "ok").encode() + b"\n")
            else:
                self._answer(404, b"there are /metrics and /healthz\n")

        do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

        def _answer(
            self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8"
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Log no request: a scraper asks every few seconds."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Let a client that goes away half-way be."""

    return Server(place, Handler)
