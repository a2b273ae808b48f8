"""A sync in a process of its own that kills itself where it is told to.

Called as ``killed_sync.py CONFIG AS_OF POINT CALL``; POINT is one of ``before`` (the write leaves),
``after`` (the CRM has it, the answer is not recorded), ``recorded``, ``pull``, ``committed`` (the
decision, nothing sent), ``between`` (two batches) or ``never``; CALL counts from 1.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from crmrules import sync, writeback
from crmrules.cli.wire import make
from crmrules.settings import load


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(connector, point: str, call: int) -> None:
    seen = {"writes": 0, "pages": 0}
    write, pull, settle, drain = connector.write, connector.pull, writeback._settle, sync.drain

    def killed_write(writes):
        seen["writes"] += 1
        here = seen["writes"] == call
        if here and point == "before":
            die()
        outcomes = write(writes)
        if here and point == "after":
            die()
        return outcomes

    def killed_settle(*args):
        settle(*args)
        if point == "inside" and seen["writes"] == call:
            die()

    def killed_pull(marks):
        for batch in pull(marks):
            seen["pages"] += 1
            if point == "pull" and seen["pages"] == call:
                die()
            yield batch

    def killed_drain(*args, **kwargs):
        if point == "committed":
            die()
        sent = drain(*args, **kwargs)
        if point == "recorded":
            die()
        return sent

    connector.write, connector.pull = killed_write, killed_pull
    writeback._settle, sync.drain = killed_settle, killed_drain


def main(config: str, as_of: str, point: str, call: str, batch: str) -> int:
    writeback.BATCH = int(batch)
    now = datetime.fromisoformat(as_of)
    settings, base = load(Path(config))
    made = make(settings, base, now=now)
    made.connector._transport._sleep = lambda _: None
    arm(made.connector, point, int(call))
    try:
        return sync.sync(made.job(now=now)).exit_code
    finally:
        made.close()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
