"""Heartbeats, notices and traces: what leaves this machine, where an address is configured.

Each raises where it could not tell; whoever calls it counts that and goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from crmrules import __version__
from crmrules.observe import trace
from crmrules.observe.ping import PATIENCE, Hurried, post, post_json
from crmrules.observe.steps import Steps
from crmrules.observe.targets import Targets
from crmrules.plan import stamp

_HURRY = 1.0  # seconds for each, once the process was asked to stop
_SKIPPED = 75


class Teller:
    """Tells them one after another. ``patient``: whether there is time to wait for slow servers."""

    def __init__(self, exporter: Any, patient: Callable[[], bool]) -> None:
        self._exporter, self._patient = exporter, patient
        self._lines = {name: Hurried() for name in ("heartbeat", "notice", "trace")}

    def heartbeat(self, targets: Targets | None, run_id: str, code: int | None) -> None:
        """Tell that a run begins (None), or how it ended, as Healthchecks has it.

        The address alone is a success, with ``/start``, the exit code or ``/log`` (a run that was
        skipped) behind it the rest; ``rid`` tells runs apart
        (https://healthchecks.io/docs/http_api/).
        """
        if targets is None or not targets.heartbeat:
            return
        ends = {None: "/start", 0: "", _SKIPPED: "/log"}
        parts = urlsplit(targets.heartbeat)
        path = parts.path.rstrip("/") + ends.get(code, f"/{code}")
        query = "&".join(filter(None, (parts.query, f"rid={run_id}")))
        url = urlunsplit((parts.scheme, parts.netloc, path, query, ""))
        body = b"" if code is None else f"exit {code}".encode()
        self._send("heartbeat", lambda: post(url, body, "text/plain"))

    def notice(
        self,
        targets: Targets,
        told: bool | None,
        run_id: str,
        code: int,
        reason: str | None,
        now: datetime,
    ) -> bool | None:
        """Tell that syncs begin to fail, or go well again; return what was told last.

        ``told``: what was told before; None: nothing, and then only a failure is told.
        """
        well = reason is None
        if not targets.notice or told is well:
            return told
        if told is None and well:
            return well
        state = "ok" if well else "failing"
        text = f"crmrules {targets.org}: {state}" + (f": {reason}" if reason else "")
        said = {"text": text, "state": state, "org": targets.org, "exit": code, "reason": reason}
        said |= {"at": stamp(now), "run_id": run_id, "version": __version__}
        self._send("notice", lambda: post_json(targets.notice, said))
        return well

    def trace(self, targets: Targets, run_id: str, code: int, steps: Steps) -> None:
        """Send the trace of a run."""
        if self._exporter is None and not targets.otlp:
            return
        exporter = self._exporter or trace.otlp(targets.otlp)
        said: dict[str, str | int] = {"crmrules.run_id": run_id, "crmrules.exit": code}
        said["crmrules.org"] = targets.org
        self._send("trace", lambda: trace.send(exporter, steps, __version__, said))

    def _send(self, name: str, work: Callable[[], None]) -> None:
        self._lines[name](work, PATIENCE if self._patient() else _HURRY)
