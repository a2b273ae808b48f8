"""Stand between the HubSpot connector and the network, and stop what breaks the contract.

``install`` puts a ``ContractTransport`` around every transport the connector makes; the suite's
conftest does so once for all tests. A broken request is never sent, raises, and is written down,
so that code which catches everything cannot hide it: the fixture fails the test afterwards.

A program in a process of its own is watched by starting it with ``environment(log)``; what it
broke, and how often it was checked, is in the log.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx

HERE = Path(__file__).resolve().parent
LOG = "CRMRULES_TEST_CONTRACT_LOG"
TRANSPORT, FACTORY = "crmrules_hubspot.transport", "http_transport"


class ContractError(AssertionError):
    """A request that HubSpot would refuse, or worse, misread."""


@dataclass
class Watch:
    """What was checked and what was broken. ``log``: a file for other processes to read."""

    checked: int = 0
    broken: list[str] = field(default_factory=list)
    log: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def check(self, request: httpx.Request) -> None:
        """Raise ContractError, and remember it, if a request breaks the contract."""
        found = problems(request)
        story = f"{request.method} {request.url}\n  " + "\n  ".join(found)
        with self._lock:
            self.checked += 1
            self.broken += [story] if found else []
            self._note({"checked": 1, "broken": [story] if found else []})
        if found:
            raise ContractError(story)

    def read(self, log: Path) -> None:
        """Add what another process wrote down."""
        for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
            told = json.loads(line)
            self.checked += told["checked"]
            self.broken += told["broken"]

    def _note(self, told: dict[str, Any]) -> None:
        if self.log is not None:
            with self.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")


SESSION = Watch(log=Path(os.environ[LOG]) if LOG in os.environ else None)
"""The watch of this process."""


class ContractTransport(httpx.BaseTransport):
    """Checks a request, then lets another transport send it."""

    def __init__(self, inner: httpx.BaseTransport, watch: Watch = SESSION) -> None:
        self.inner, self.watch = inner, watch

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request that keeps the contract; raises ContractError for any other."""
        self.watch.check(request)
        return self.inner.handle_request(request)

    def close(self) -> None:
        """Close the other transport."""
        self.inner.close()


def problems(request: httpx.Request) -> list[str]:
    """Return everything wrong with a request; empty if nothing is."""
    from hubspot_contract import limits, sdk

    query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
    found: list[str] = []
    if not request.headers.get("Authorization", "").startswith("Bearer "):
        found.append("the token belongs into the Authorization header, as Bearer")
    sent, body = request.read(), None
    if sent:
        if request.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            found.append("a body is sent as application/json")
        try:
            body = json.loads(sent)
        except ValueError:
            return [*found, "the body is not JSON"]
    found += sdk.contract().problems(request.method, request.url.path, query, body)
    found += limits.problems(request.method, str(request.url), request.url.path, dict(query), body)
    return found


def install(watch: Watch = SESSION) -> Callable[[], None]:
    """Watch every transport the connector makes from now on; return what undoes it.

    Does nothing where the connector, or a package it needs, is not installed.
    """
    try:
        if importlib.util.find_spec(TRANSPORT) is None:
            return lambda: None
        module = importlib.import_module(TRANSPORT)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.startswith("crmrules") and not TRANSPORT.startswith(missing):
            raise  # a broken connector is not an absent one
        return lambda: None
    real = getattr(module, FACTORY)

    def watched(*args: Any, **kwargs: Any) -> httpx.BaseTransport:
        return ContractTransport(real(*args, **kwargs), watch)

    setattr(module, FACTORY, watched)
    return lambda: setattr(module, FACTORY, real)


def environment(log: Path) -> dict[str, str]:
    """Return the environment in which any Python program is watched, as this process would be."""
    places = [str(HERE / "site"), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, LOG: str(log), "PYTHONPATH": os.pathsep.join(p for p in places if p)}


@contextlib.contextmanager
def every_call_checked(calls: Callable[[], int], watch: Watch = SESSION) -> Iterator[None]:
    """Insist that as many requests are checked as a server counts, and that there are any."""
    served, checked = calls(), watch.checked
    yield
    served, checked = calls() - served, watch.checked - checked
    if served == 0:
        raise ContractError("nothing was sent, so nothing was checked")
    if checked < served:
        raise ContractError(f"{served} requests were sent and {checked} checked")
