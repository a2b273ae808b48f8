"""A scheduler in a process of its own that has no time to wait: its memory, run after run.

Called as ``long.py CONFIG RUNS``. Every line on stdout tells the memory after a run, in bytes.
"""

from __future__ import annotations

import gc
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from client import memory, sleepless

from crmrules import log
from crmrules.cli import scheduler, wire
from crmrules.stopping import Stop


def main(config: str, runs: int) -> None:
    log.configure("json")
    wire.connect = sleepless(wire.connect)
    now = [datetime(2026, 11, 24, 9, tzinfo=UTC)]
    stop = Stop(signals=scheduler.SIGNALS)
    real, made = scheduler.once, [0]

    def once(*args: Any, **more: Any) -> Any:
        try:
            return real(*args, **more)
        finally:
            made[0] += 1
            gc.collect()
            sys.stdout.write(f"{memory()}\n")
            sys.stdout.flush()
            stop.asked = made[0] == runs

    def wait(seconds: float) -> bool:
        now[0] += timedelta(seconds=seconds)
        return stop.asked

    scheduler.once = once
    scheduler.Service(Path(config), stop=stop, wait=wait, clock=lambda: now[0]).forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
