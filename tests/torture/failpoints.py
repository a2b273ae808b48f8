"""Where a run may die: before and after every transaction and every request, each with a name.

``STEPS`` is the list. It is complete by construction: both kinds of step are met at the one place
all of them pass (the database's commit, the HTTP transport), and are named by the code that makes
them; a step that stands in no list is a new name, and the test of the trace fails.

A death is an exception that nothing catches; after it no commit and no request goes through any
more, so what the dying code still tries leaves no trace, as with a kill. The file lock is free
then, and the lease row still stands, as with a kill.
"""

from __future__ import annotations

import copy
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

import crmrules_hubspot.transport as hubspot
import crmrules_salesforce.session as salesforce
from crmrules.state import store

STEPS = {
    "request in check": "signing in and looking at what is there",
    "request in pull": "reading a page",
    "request in may_write": "asking whether we may write",
    "request in tasks_by_key": "reading uncertain tasks back by their keys",
    "request in write": "writing a batch, and what it asks before",
    "commit in lease": "taking the lease",
    "commit in run": "beginning the run's row",
    "commit in sync": "the decision: rows, watermarks, episodes, intents",
    "commit in take": "marking a batch as being sent",
    "commit in _send": "what the CRM answered",
    "commit in _cleared_up": "what reading back has told",
    "commit in prune": "forgetting what is older than its retention",
    "commit in _end": "ending the run's row",
    "commit in _release": "giving the lease back",
}
SIDES = ("before", "after")
_PASSED_ON = {"transaction", "dry_run"}  # how a transaction is opened, not why


class Killed(BaseException):
    """The process is gone."""


class Line:
    """One run's way past the failpoints. ``at``: die there, at that hit; None: never."""

    def __init__(self, at: tuple[str, int] | None = None) -> None:
        self.at, self.dead = at, False
        self.hits: Counter[str] = Counter()

    def meet(self, point: str) -> None:
        if self.dead:
            raise Killed(point)
        self.hits[point] += 1
        if self.at == (point, self.hits[point]):
            self.dead = True
            raise Killed(point)

    def pass_(self, step: str, work: Any) -> Any:
        self.meet(f"before {step}")
        done = work()
        self.meet(f"after {step}")
        return done


def _frames() -> Iterator[tuple[str, str]]:
    frame = sys._getframe(2)
    while frame is not None:
        yield str(frame.f_globals.get("__name__")), frame.f_code.co_name
        frame = frame.f_back  # type: ignore[assignment]


def _committing() -> str:
    """Name a commit by the innermost function of ours that asked for a transaction."""
    ours = ("crmrules.sync", "crmrules.writeback", "crmrules.unlisted", "crmrules.state.")
    found = (name for module, name in _frames() if module.startswith(ours))
    return f"commit in {next(name for name in found if name not in _PASSED_ON)}"


def _requesting() -> str:
    """Name a request by the outermost method of the connector."""
    found = [name for module, name in _frames() if module.endswith(".connector")]
    return f"request in {found[-1] if found else 'nobody'}"


@contextmanager
def watched(line: Line) -> Iterator[Line]:
    """Let every commit and every request of the product pass by a line."""
    connect, send, factory = store.connect, salesforce.Adapter.send, hubspot.http_transport

    def connected(url: Any) -> Any:
        engine = connect(url)
        engine.dialect = copy.copy(engine.dialect)  # other stores may share it
        commit = engine.dialect.do_commit
        engine.dialect.do_commit = lambda raw: line.pass_(_committing(), lambda: commit(raw))
        return engine

    def sent(self: Any, *args: Any, **kwargs: Any) -> Any:
        return line.pass_(_requesting(), lambda: send(self, *args, **kwargs))

    class Transport(httpx.BaseTransport):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.inner = factory(*args, **kwargs)

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            def whole() -> httpx.Response:
                answer = self.inner.handle_request(request)
                answer.read()  # a body that is cut off fails here
                return answer

            return line.pass_(_requesting(), whole)

        def close(self) -> None:
            self.inner.close()

    store.connect, salesforce.Adapter.send, hubspot.http_transport = connected, sent, Transport
    try:
        yield line
    finally:
        store.connect, salesforce.Adapter.send = connect, send
        hubspot.http_transport = factory
