"""The key of a task: deterministic, so that it can be computed again after the state is lost.

``cr1:<episode>:<o|m>:<28 hex of sha256(org, opportunity, rule, addressee)>`` (decisions, 3). The
episode is readable so that counting can resume from the tasks themselves. The rule's id is not: it
stands in a field of its own on the task.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import Literal, NamedTuple

Addressee = Literal["o", "m"]
_KEY = re.compile(r"cr1:([1-9][0-9]{0,8}):([om]):([0-9a-f]{28})")


class TaskKey(NamedTuple):
    """The readable parts of a key."""

    episode: int
    addressee: Addressee
    digest: str

    @classmethod
    def parse(cls, text: str | None) -> TaskKey | None:
        """Return the parts, or None if this is not one of our keys."""
        found = _KEY.fullmatch(text or "")
        if found is None:
            return None
        addressee: Addressee = "o" if found[2] == "o" else "m"
        return cls(int(found[1]), addressee, found[3])


def task_key(
    organization: str, opportunity: str, rule: str, episode: int, addressee: Addressee = "o"
) -> str:
    """Return the one key a task for this (rule, opportunity, episode, addressee) can have."""
    parts = f"{organization}\0{opportunity}\0{rule}\0{addressee}"
    digest = hashlib.sha256(parts.encode()).hexdigest()[:28]
    return f"cr1:{episode}:{addressee}:{digest}"


def digest_key(owner: str, day: date) -> str:
    """Return the one key of somebody's digest in the ISO week of a day (decisions, 11)."""
    year, week, _ = day.isocalendar()
    return f"cr1:d:{owner}:{year}-W{week:02}"
