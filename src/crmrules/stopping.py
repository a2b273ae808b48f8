"""A request to stop (SIGTERM): the batch at the CRM is finished and saved, nothing new begins.

Before the first write such a request ends the run at once: the transaction is undone. From then on
it waits for the end of the running batch, for ``GRACE`` seconds at most; what is cut off by that is
cleared up by the next run, as after a kill. A request made when all is sent changes nothing.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE = 8.0
"""Seconds; platforms kill ten seconds after they asked, and saving takes its share."""

AGAIN = 3.0
"""Seconds; Python drops what is raised in some places (a finalizer), so it is raised again."""


class Stopped(BaseException):
    """The run ends here because it was asked to; no handler of errors may swallow it."""

    exit_code = 4


class Stop:
    """Whether a run, or one of several after each other, was asked to stop."""

    def __init__(self, *, grace: float = GRACE) -> None:
        self.asked = False
        self._grace, self._writing = grace, False

    def begin_writing(self) -> None:
        """From now on a request waits for the end of the batch."""
        self._writing = True

    def ask(self) -> None:
        """Ask to stop; raises Stopped where nothing was written yet."""
        self.asked = True
        signal.signal(signal.SIGALRM, self._out_of_time)
        signal.setitimer(signal.ITIMER_REAL, self._grace if self._writing else AGAIN, AGAIN)
        if not self._writing:
            raise Stopped

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Let SIGTERM ask, until the end; only the main thread of a process can."""
        self._writing = False
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGTERM, lambda *_: self.ask())
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGTERM, before)

    def _out_of_time(self, _number: int, _frame: FrameType | None) -> None:
        raise Stopped
