"""Many organizations on this machine, so many at the same time and no more."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from crmrules.orgs import unit
from crmrules.orgs.ended import Ended
from crmrules.orgs.unit import Order


def processors() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def run(
    queues: Sequence[Sequence[Order]],
    at_once: int,
    tell: Callable[[str], None],
    stop: threading.Event,
) -> Generator[Ended, None, None]:
    """Yield the end of every sync, in the order in which they end.

    Those of one queue follow each other. The threads here only watch: every sync is a process.
    """
    ends: SimpleQueue[Ended | None] = SimpleQueue()  # None: a queue is over

    def follow(queue: Sequence[Order]) -> None:
        try:
            for order in queue:
                ends.put(unit.run(order, tell, stop))
        finally:
            ends.put(None)

    with ThreadPoolExecutor(at_once) as pool:
        try:
            watched = [pool.submit(follow, queue) for queue in queues]
            for _ in watched:
                yield from iter(ends.get, None)
            for each in watched:
                each.result()  # a bug of ours is not lost
        except BaseException:
            stop.set()
            raise
