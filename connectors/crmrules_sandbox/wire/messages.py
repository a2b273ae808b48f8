"""A request as bytes, an answer as data, and an answer as bytes.

Know before changing: a ``Response`` is plain Python data and may hold a sandbox's own rows, so
nobody changes a body after making it; it becomes bytes once, in ``Gate``.

Does not do: parse anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as it came: ``target`` with its query, header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query, still encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The decoded query; of a repeated name the last one counts."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))


@dataclass(slots=True)
class Response:
    """``body`` None is an empty one; ``cost`` in counted API calls; ``subrequests`` for the log."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cost: int = 1
    subrequests: int = 0


@dataclass(slots=True)
class Reply:
    """What goes back; ``send`` is how much of the body: all of it, half, or not even a status."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    send: str = "all"
