"""A studio that runs, for the tests of it."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from salesforce_world import SalesforceWorld

from crmrules.cli.wire import make
from crmrules.preview import Snapshot
from crmrules.settings import load
from crmrules.studio import Desk
from crmrules.studio.app import application
from crmrules.studio.door import Door

HOSTILE = "<img src=x onerror=alert(1)> & {{ 7 * 7 }}"


@dataclass
class Running:
    """A studio that listens, in a thread of this process."""

    desk: Desk
    door: Door
    world: SalesforceWorld

    @property
    def overlay(self) -> Path:
        return self.world.folder / "overlay.yaml"


def snapshot(world) -> Snapshot:
    made = make(*load(world.config), now=world.now)
    try:
        return Snapshot.load(made.job(now=world.now))
    finally:
        made.close()


@contextmanager
def listening(desk):
    sock = socket.create_server(("127.0.0.1", 0))
    door = Door(sock.getsockname()[1])
    config = uvicorn.Config(application(desk, door), log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    until = time.monotonic() + 120
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield door
    finally:
        server.should_exit = True
        thread.join(60)
        sock.close()
