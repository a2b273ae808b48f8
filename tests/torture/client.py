"""A process that syncs whenever it is told to, as a scheduler's would: the product, measured alone.

Called as ``client.py CONFIG``. Every line on stdin is one run, ``{"as_of": ..., "clock": ...,
"options": [...]}``; every line on stdout says how it ended. ``clock`` is the state store's time:
leases, attempts and runs are stamped with it. What it waits for between tries is not waited.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import sys
from datetime import datetime
from typing import Any

from crmrules import cli
from crmrules.cli import wire
from crmrules.state import Store

PAGE = os.sysconf("SC_PAGESIZE")


class Clock:
    """The simulated time of the store."""

    now: datetime

    def store(self, url: str) -> Store:
        return Store(url, clock=lambda: self.now)


def memory() -> int:
    """Return the resident memory of this process in bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - not a real file
        return int(file.read().split()[1]) * PAGE


def sleepless(connect: Any) -> Any:
    def connected(*args: Any, **kwargs: Any) -> Any:
        connector = connect(*args, **kwargs)
        connector._transport._sleep = lambda _: None
        return connector

    return connected


def run(config: str, told: dict[str, Any]) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    args = ["sync", "--config", config, "--as-of", told["as_of"], "--format", "json"]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run([*args, *told.get("options", ())])
    report = json.loads(out.getvalue()) if out.getvalue() else None
    return {"code": code, "err": err.getvalue()[-2000:], "report": report}


def main(config: str) -> None:
    clock = Clock()
    wire.Store = clock.store  # type: ignore[misc]
    wire.connect = sleepless(wire.connect)
    answers = sys.stdout
    for line in sys.stdin:
        told = json.loads(line)
        clock.now = datetime.fromisoformat(told["clock"])
        ran = run(config, told)
        gc.collect()
        print(json.dumps(ran | {"memory": memory()}), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
