"""The process of one organization among many: ``python -m crmrules.cli.child NAME BATCH WORD...``.

Know before changing: standard input is a life line to the process that watches this one. It ends
when that one is gone, even by SIGKILL, and then this one stops as if it had been asked to.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def main(words: list[str]) -> int:
    """Run the command in ``words[2:]`` for the configuration called ``words[0]``."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from structlog.contextvars import bind_contextvars

    from crmrules.batch import Batch
    from crmrules.cli import run

    name, batch, *command = words
    bind_contextvars(config=name)
    return run(command, batch=Batch(batch, name))


def _end_with_parent() -> None:
    while os.read(0, 512):  # nothing is ever sent
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
