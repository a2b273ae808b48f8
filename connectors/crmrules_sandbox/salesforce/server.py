"""The sandbox on a loopback port: HTTPS (or plain HTTP), one thread per connection.

Know before changing: the TLS handshake happens in the connection's own thread, so a client that
never finishes it blocks nobody. Status line, headers and body leave in one write, because a second
small write would wait for the first to be acknowledged. ``stop`` closes every open connection:
keep-alive clients would otherwise hold their threads, and tests would see unclosed sockets.

Does not do: know what is asked (``gateway``), listen anywhere but 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import gzip
import shutil
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crmrules_sandbox.salesforce.api import Api
from crmrules_sandbox.salesforce.auth import Auth
from crmrules_sandbox.salesforce.faults import Call, Faults
from crmrules_sandbox.salesforce.gateway import Exchange, Gateway, Reply
from crmrules_sandbox.salesforce.org import Org
from crmrules_sandbox.salesforce.paging import Cursors
from crmrules_sandbox.salesforce.tls import make_certificates

_HOST = "127.0.0.1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            self.request.settimeout(30)  # for the handshake alone
            self.request.do_handshake()
            self.request.settimeout(None)
        super().setup()

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        exchange = Exchange(self.command, self.path, headers, self._read())
        self._send(self.server.gateway.answer(exchange))

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _read(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        packed = self.headers.get("Content-Encoding", "").lower() == "gzip"
        return gzip.decompress(body) if packed else body

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().partition(b";")[0], 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def _send(self, reply: Reply) -> None:
        if reply.send == "nothing":
            self._hang_up()
            return
        lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        if reply.status not in (204, 304):
            lines.append(f"Content-Length: {len(reply.body)}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        body = b"" if self.command == "HEAD" else reply.body
        if reply.send == "half":
            self.wfile.write(head + body[: len(body) // 2])
            self._hang_up()
        else:
            self.wfile.write(head + body)

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Write nothing: the call log is the log."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, gateway: Gateway, context: ssl.SSLContext | None) -> None:
        self.gateway = gateway
        self._context = context
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((_HOST, port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._context is not None:
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write nothing: clients hang up in the middle, and so do the faults."""

    def close_connections(self) -> None:
        with self._lock:
            connections = [*self._connections]
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        ends = time.monotonic() + 2
        while self._connections and time.monotonic() < ends:
            time.sleep(0.005)


class SandboxServer:
    """A fake Salesforce org on a loopback port, from construction (or ``with``) until ``stop``.

    ``port`` 0 takes a free one. ``tls`` False serves plain HTTP. ``page_size`` is the most rows of
    a query page; one below 200 also lowers the smallest page, so tests need few rows.
    ``token_life`` None: tokens do not end. ``sleep`` is how the fault ``slow`` waits.
    """

    def __init__(
        self,
        org: Org,
        port: int = 0,
        *,
        tls: bool = True,
        page_size: int = 2000,
        most_cursors: int = 10,
        token_life: timedelta | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.org = org
        self.auth = Auth(org, token_life=token_life)
        self.api = Api(org, Cursors(page_size, most_open=most_cursors))
        self.gateway = Gateway(org, self.api, self.auth, sleep=sleep)
        self._folder = Path(tempfile.mkdtemp(prefix="crmrules-sandbox-"))
        context = None
        self._ca_file: Path | None = None
        if tls:
            self._ca_file, context = make_certificates(self._folder)
        self._server = _Server(port, self.gateway, context)
        self.port = int(self._server.server_address[1])
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}"
        self.auth.instance_url = self.url
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        self._stopped = False

    @property
    def ca_file(self) -> str:
        """Path of the CA certificate for clients (PEM); empty for plain HTTP."""
        return "" if self._ca_file is None else str(self._ca_file)

    @property
    def faults(self) -> Faults:
        """The faults to arm."""
        return self.gateway.faults

    @property
    def calls(self) -> list[Call]:
        """Every request so far, oldest first (a copy)."""
        return self.gateway.calls.list()

    @property
    def counted(self) -> int:
        """API calls the org would have counted so far, from the log."""
        return sum(call.counted for call in self.calls)

    def forget_calls(self) -> None:
        """Start the log anew."""
        self.gateway.calls.clear()

    def token(self, user_id: str | None = None) -> str:
        """Return a new access token; None means for the integration user."""
        return self.auth.issue(user_id)

    def stop(self) -> None:
        """Close the port and every connection and remove the certificates. May be called twice."""
        if self._stopped:
            return
        self._stopped = True
        self._server.shutdown()
        self._thread.join()
        self._server.close_connections()
        self._server.server_close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
