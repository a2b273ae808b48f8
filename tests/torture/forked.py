"""Syncs on demand, each in a process of its own, forked from one that has imported everything.

Called as ``forked.py CONFIG LOG``. For every line on stdin, ``{"as_of": ...}``, one line tells the
process of the new run and one, when it has ended, how. What runs write to stderr is in the log.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from client import sleepless

from crmrules import cli, sync, writeback  # noqa: F401 - before the fork, for all runs
from crmrules.cli import sync as command  # noqa: F401
from crmrules.cli import wire


def run(config: str, log: str, told: dict[str, Any]) -> int:
    for target, descriptor in ((os.devnull, 1), (log, 2)):
        file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, descriptor)
        os.close(file)
    return cli.run(["sync", "--config", config, "--as-of", told["as_of"], "--initial"])


def tell(what: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main(config: str, log: str) -> None:
    wire.connect = sleepless(wire.connect)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                code = run(config, log, json.loads(line))
            finally:
                sys.stderr.flush()
                os._exit(code)
        tell({"pid": pid})
        _, status = os.waitpid(pid, 0)
        tell({"code": os.waitstatus_to_exitcode(status)})


if __name__ == "__main__":
    main(*sys.argv[1:])
