"""A sandbox on a loopback port: HTTPS (or plain HTTP), one thread per connection.

Know before changing: the TLS handshake happens in the connection's own thread, so a client that
never finishes it blocks nobody. Status line, headers and body leave in one write, because a second
small write would wait for the first to be acknowledged. ``stop`` closes every open connection:
keep-alive clients would otherwise hold their threads, and tests would see unclosed sockets.

Does not do: know what is asked (``gate``), listen anywhere but 127.0.0.1.
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
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crmrules_sandbox.wire.faults import Call, Faults
from crmrules_sandbox.wire.gate import Gate
from crmrules_sandbox.wire.messages import Exchange, Reply
from crmrules_sandbox.wire.tls import make_certificates

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
        self._send(self.server.gate.answer(exchange))

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

    def __init__(self, port: int, gate: Gate, context: ssl.SSLContext | None) -> None:
        self.gate = gate
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


class Server:
    """A gate on a loopback port, from construction (or ``with``) until ``stop``; port 0: any."""

    def __init__(self, gate: Gate, port: int, *, tls: bool) -> None:
        self._gate = gate
        self._folder = Path(tempfile.mkdtemp(prefix="crmrules-sandbox-"))
        context = None
        self._ca_file: Path | None = None
        if tls:
            self._ca_file, context = make_certificates(self._folder)
        self._server = _Server(port, gate, context)
        self.port = int(self._server.server_address[1])
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._stopped = False

    def start(self) -> None:
        """Begin to answer; subclasses call it when they are whole."""
        self._thread.start()

    @property
    def ca_file(self) -> str:
        """Path of the CA certificate for clients (PEM); empty for plain HTTP."""
        return "" if self._ca_file is None else str(self._ca_file)

    @property
    def faults(self) -> Faults:
        """The faults to arm."""
        return self._gate.faults

    @property
    def calls(self) -> list[Call]:
        """Every request so far, oldest first (a copy)."""
        return self._gate.calls.list()

    @property
    def counted(self) -> int:
        """API calls the CRM would have counted so far, from the log."""
        return sum(call.counted for call in self.calls)

    def forget_calls(self) -> None:
        """Start the log anew."""
        self._gate.calls.clear()

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
