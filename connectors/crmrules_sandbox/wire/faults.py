"""Things that go wrong on demand, and the log of what was asked.

Know before changing: a fault counts the requests it matches and strikes from the ``nth`` on,
``times`` times. Without ``path`` it matches the calls its sandbox calls ``USUAL`` only, so it
cannot hit a token endpoint by accident. Whether a fault strikes before or after the work is done is
the whole point of most of them: ``drop_before`` and ``drop_after`` look the same to the client.

Does not do: carry faults out (``gate``).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, TypeVar

EVERYWHERE = frozenset(
    {
        "unauthorized",  # 401; the token is worthless from then on
        "status",  # answer with `status`, and `retry_after` if given
        "html",  # answer with `status` and a page instead of JSON, as the edge does
        "drop_before",  # close the connection, nothing done
        "drop_after",  # do it, then close the connection
        "truncated_body",  # do it, then send half of the answer
        "slow",  # wait `seconds` first (or, with `after`, between the work and the answer)
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to go wrong; ``path`` and ``body`` are regular expressions to be found.

    ``path`` is held against path and decoded query, ``body`` against the request's text.
    ``retry_after`` is sent as it is (seconds or an HTTP date). ``after`` lets kinds ``status``,
    ``html`` and ``slow`` strike when the work is done. Raises ValueError for an unknown kind.
    """

    KINDS: ClassVar[frozenset[str]] = EVERYWHERE
    USUAL: ClassVar[str] = ""

    kind: str
    nth: int = 1
    times: int = 1
    method: str | None = None
    path: str | None = None
    body: str | None = None
    status: int = 503
    retry_after: str | int | None = None
    code: str | None = None
    message: str | None = None
    seconds: float = 1.0
    after: bool = False
    ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in self.KINDS:
            raise ValueError(
                f"no fault of kind {self.kind!r}; there are {', '.join(sorted(self.KINDS))}"
            )

    def matches(self, method: str, target: str, body: str) -> bool:
        """Tell whether a request is one of those the fault is about."""
        if self.method is not None and self.method != method:
            return False
        if re.search(self.path or self.USUAL, target) is None:
            return False
        return self.body is None or re.search(self.body, body) is not None


_Kind = TypeVar("_Kind", bound=Fault)


def fault_from(data: Mapping[str, Any], make: type[_Kind]) -> _Kind:
    """Make a fault from JSON; raises ValueError for an unknown key or kind."""
    if unknown := set(data) - {each.name for each in fields(make)}:
        raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
    lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
    return make(**{**data, **lists})


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    struck: int = 0


class Faults:
    """The faults of one server, in the order they were added."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Arm faults."""
        with self._lock:
            self._armed.extend(_Armed(fault) for fault in faults)

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._armed.clear()

    def pending(self) -> list[Fault]:
        """Return the faults that have not struck as often as they should."""
        with self._lock:
            return [each.fault for each in self._armed if each.struck < each.fault.times]

    def take(self, method: str, target: str, body: bytes) -> list[Fault]:
        """Return the faults that strike at this request, and count it for all."""
        if not self._armed:
            return []
        text, striking = body.decode("utf-8", "replace"), []
        with self._lock:
            for each in self._armed:
                if each.struck >= each.fault.times or not each.fault.matches(method, target, text):
                    continue
                each.seen += 1
                if each.seen >= each.fault.nth:
                    each.struck += 1
                    striking.append(each.fault)
        return striking


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it was answered; ``counted`` in API calls, ``status`` 0 if it was dropped."""

    method: str
    path: str
    subrequests: int
    counted: int
    status: int


class CallLog:
    """Every request to a server, oldest first."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def add(self, call: Call) -> None:
        """Write one down."""
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._calls.clear()

    def list(self) -> list[Call]:
        """Return a copy."""
        with self._lock:
            return [*self._calls]


def as_json(things: Iterable[Fault | Call]) -> list[dict[str, Any]]:
    """Return faults or calls as JSON objects."""
    return [asdict(each) for each in things]
