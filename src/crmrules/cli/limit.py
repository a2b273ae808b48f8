"""How long a run may take in all, however slowly a server answers.

Know before changing: a server that sends a byte now and then passes every timeout between bytes, so
an alarm ends the run wherever it stands, as a kill would; what a kill leaves is what the next run
starts with (``state.outbox``). It is raised as no ``Exception``: nothing on the way may take it for
an answer of the CRM.

Works in the main thread of a POSIX system; elsewhere a run is not limited.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crmrules.errors import RetryableError

_AGAIN = 5.0  # seconds until a run that swallowed the alarm is alarmed again


class _OverdueError(BaseException):
    """The alarm, on its way from wherever the run stands to ``limited``."""


def _alarm(*_: Any) -> None:
    raise _OverdueError


@contextmanager
def limited(minutes: float) -> Iterator[None]:
    """End what is inside after so many minutes; raises RetryableError then."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, minutes * 60, _AGAIN)
    try:
        yield
    except _OverdueError:
        raise RetryableError(
            f"the run was ended after {minutes:g} minutes",
            remedy="Nothing is lost or doubled: the next run goes on from here. If it happens "
            "again, find out what is slow, or raise the limit.",
            where="[guard] max_minutes",
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
