"""A request to stop (SIGTERM): the batch at the CRM is finished and saved, nothing new begins.

Before the first write such a request ends the run at once: the transaction is undone. From then on
it waits for the end of the running batch, for ``GRACE`` seconds at most; what is cut off by that is
cleared up by the next run, as after a kill. A request made when all is sent changes nothing.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
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
    """Whether a run, or one of several after each other, was asked to stop, by these signals."""

    def __init__(
        self, *, grace: float = GRACE, signals: Sequence[signal.Signals] = (signal.SIGTERM,)
    ) -> None:
        self.asked = False
        self._signals = signals
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
        """Let the signals ask, until the end; only the main thread of a process can.

        Raises Stopped where it was asked before.
        """
        self._writing = False
        if self.asked:
            raise Stopped
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = [(each, signal.signal(each, lambda *_: self.ask())) for each in self._signals]
        dropped = sys.unraisablehook
        sys.unraisablehook = lambda told: (
            None if isinstance(told.exc_value, Stopped) else dropped(told)
        )  # it is raised again; nobody has to read of it
        try:
            yield
        finally:
            sys.unraisablehook = dropped
            signal.setitimer(signal.ITIMER_REAL, 0)
            for each, handler in before:
                signal.signal(each, handler)

    def _out_of_time(self, _number: int, _frame: FrameType | None) -> None:
        raise Stopped
