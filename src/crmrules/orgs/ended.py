"""How one organization's sync ended, and what that makes of all of them together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from io import StringIO
from typing import IO

BUG, USAGE, ACCESS, LEFT, STATE, GUARD, LOCKED = 1, 2, 3, 4, 5, 6, 75
WORST_FIRST = (BUG, STATE, ACCESS, USAGE, GUARD, LEFT, LOCKED, 0)
"""Exit codes by who has to act: first what needs somebody, last what the next run does by itself.
"""


@dataclass(slots=True)
class Ended:
    """The end of one sync. ``code`` is the contract's; ``said``: the error told to people, or "".

    ``out`` is what it printed, to be read once from its start; empty where it came to nothing.
    """

    config: str
    code: int
    seconds: float = 0.0
    said: str = ""
    out: IO[str] = field(default_factory=StringIO)


def worst(codes: Iterable[int]) -> int:
    """Return the code that needs somebody most; one that is none of ours before all others."""
    found = set(codes)
    strange = sorted(found.difference(WORST_FIRST))
    return next(iter(strange), next((code for code in WORST_FIRST if code in found), 0))


def not_begun(config: str) -> Ended:
    """Return the end of a sync that was not begun, because all were asked to stop."""
    return Ended(config, LEFT, said="not begun: stopped on request; the next sync looks after it")
