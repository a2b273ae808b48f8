"""A server that answers everybody the same bytes, and keeps what it was sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Self

Talk = Callable[[bytes], Iterator[bytes]]
"""Given a whole request, yield the answer piece by piece; the connection is closed after it."""


def answer(status: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Listener:
    """``talk`` says what to answer; ``requests`` are those that arrived, ``connections`` how many.

    ``context``: speak TLS with it.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.talk: Talk = lambda _: iter([answer(404, b"")])
        self.rude = False  # hang up before anything is said
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.02)
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []
        self.port = self._socket.getsockname()[1]
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://localhost:{self.port}"

    def always(self, *pieces: bytes) -> None:
        self.talk = lambda _: iter(pieces)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join(timeout=5)
        self._socket.close()

    @property
    def ended(self) -> bool:
        return self._ends.is_set()

    def wait(self, seconds: float) -> None:
        """Wait, or not that long when the test is over."""
        self._ends.wait(seconds)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ends.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as open_ones:
            open_ones.enter_context(connection)
            if self.rude:
                return
            connection.settimeout(5)
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                open_ones.enter_context(connection)
            request = _request(connection)
            if request:
                self.requests.append(request)
                for piece in self.talk(request):
                    connection.sendall(piece)


def _request(connection: socket.socket) -> bytes:
    """Read one request with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            break
        body += more
    return head + b"\r\n\r\n" + body
