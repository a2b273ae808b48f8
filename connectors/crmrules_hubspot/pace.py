"""How fast we call: below the portal's limits, so that whoever else uses them is not slowed down.

Know before changing: the limit per interval comes with every answer but those of searches and
associations, which are exempt from it; searches have one of their own, five a second for the whole
portal. We take 80 percent of either (hubspot.md, 2 and 6). Waiting is computed once, not polled:
a clock that stands still must not hang a run.

It sends nothing and knows no day's limit.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping

SHARE = 0.8
SEARCHES = 4  # a second
SMALLEST = 100  # per ten seconds: what every portal allows; used until an answer says more
TEN_SECONDS = 10.0


class Window:
    """At most so many calls within so many seconds, by a clock that counts seconds."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self.most, self.seconds, self._clock = most, seconds, clock
        self._sent: deque[float] = deque()

    def wait(self) -> float:
        """Count one call in; return the seconds it has to wait first."""
        now = self._clock()
        while self._sent and self._sent[0] <= now - self.seconds:
            self._sent.popleft()
        at = now
        if len(self._sent) >= max(1, self.most):
            at = self._sent[-max(1, self.most)] + self.seconds
        self._sent.append(max(at, now))
        return max(0.0, at - now)


class Pace:
    """The waiting before each call, shared by all callers of one portal."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._calls = Window(int(SMALLEST * SHARE), TEN_SECONDS, clock)
        self._searches = Window(SEARCHES, 1.0, clock)
        self._sleep, self._lock = sleep, threading.Lock()

    def wait(self, *, search: bool, exempt: bool) -> None:
        """Wait until one more call of this sort fits."""
        with self._lock:
            seconds = 0.0 if exempt else (self._searches if search else self._calls).wait()
        if seconds > 0:
            self._sleep(seconds)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take the limit from the headers of an answer, where it tells one."""
        most = number(headers.get("x-hubspot-ratelimit-max"))
        milliseconds = number(headers.get("x-hubspot-ratelimit-interval-milliseconds"))
        with self._lock:
            if most:
                self._calls.most = max(1, int(most * SHARE))
            if milliseconds:
                self._calls.seconds = milliseconds / 1000

    @property
    def interval(self) -> float:
        """Seconds after which a full interval is free again."""
        return self._calls.seconds


def number(text: str | None) -> int | None:
    """Return a header's whole number; None when it has none."""
    return int(text) if text is not None and text.strip().isdecimal() else None
