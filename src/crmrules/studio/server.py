"""Serve the studio on this machine until somebody stops it, or nobody looks at it any more."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn

from crmrules.errors import UsageError
from crmrules.studio.app import application
from crmrules.studio.desk import Desk
from crmrules.studio.door import Door

_ADDRESS = "127.0.0.1"


def serve(desk: Desk, *, port: int, idle: float, tell: Callable[[Door], None]) -> None:
    """Serve until interrupted, or until nothing was asked for ``idle`` seconds.

    ``tell`` gets the door, once somebody can come in by it. Port 0: any free one.
    Raises UsageError where the port is taken.
    """
    with _listening(port) as sock:
        door = Door(sock.getsockname()[1])
        config = uvicorn.Config(
            application(desk, door),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            ws="none",
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)

        async def run() -> None:
            waiting = asyncio.create_task(_stop_when_idle(server, door, idle))
            tell(door)
            await server.serve(sockets=[sock])
            waiting.cancel()

        asyncio.run(run())


async def _stop_when_idle(server: uvicorn.Server, door: Door, idle: float) -> None:
    while (left := door.last_seen + idle - door.clock()) > 0:  # noqa: ASYNC110 - who goes away
        await asyncio.sleep(left)  # tells nobody; and somebody may have come meanwhile
    server.should_exit = True


def _listening(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((_ADDRESS, port))
    except OSError as error:
        sock.close()
        raise UsageError(
            f"port {port} is taken",
            where="--port",
            remedy="Choose another one, or leave it out for a free one.",
        ) from error
    sock.listen(64)
    return sock
