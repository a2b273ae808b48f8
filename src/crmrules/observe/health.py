"""Whether syncs go well, in one word and a reason, from how the last one ended.

A run that left single records, or was skipped because another was at work, is no failure; that no
run comes to its end any more is one. It names no record and no customer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

CODES = (0, 1, 2, 3, 4, 5, 6, 75)
WORDS = {
    1: "a bug; the traceback is in the log",
    2: "the configuration or a rule is wrong",
    3: "sign-in or a permission",
    5: "the state store cannot be used",
    6: "a guard stopped it before writing",
}


def verdict(exit_code: int) -> str | None:
    """Return why a run that ended so means that syncs fail; None: it does not."""
    if exit_code in (0, 4, 75):
        return None
    return f"{WORDS.get(exit_code, 'it ended in an unknown way')} (exit {exit_code})"


def stale(complete: datetime | None, begun: datetime, now: datetime, most: timedelta) -> str | None:
    """Return the reason where no sync has come to its end for too long; None: one has.

    ``complete``: when the last one did; where none ever did, ``begun`` counts.
    """
    since = begun if complete is None else complete
    if now - since <= most:
        return None
    ago = "since it began" if complete is None else f"since {complete:%Y-%m-%dT%H:%M:%SZ}"
    return f"no sync has come to its end {ago}"
