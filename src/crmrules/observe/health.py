"""Whether syncs go well, in one word and a reason, from how the last one ended.

A run that left single records, or was skipped because another was at work, is no failure; that no
run comes to its end any more is one, and one that found the CRM out of reach is when others did so
before it. It names no record and no customer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

CODES = (0, 1, 2, 3, 4, 5, 6, 75)
WORDS = {
    1: "a bug; the traceback is in the log",
    2: "the configuration or a rule is wrong",
    3: "sign-in or a permission",
    5: "the state store cannot be used",
    6: "a guard stopped it before writing",
}
_IN_A_ROW = 3  # a CRM that is out of reach once or twice is an ordinary night


def verdict(exit_code: int, cut: int) -> str | None:
    """Return why a run that ended so means that syncs fail; None: it does not.

    ``cut``: how many ended with exit 4 before they came to their end, since one last did.
    """
    if exit_code == 4 and cut >= _IN_A_ROW:
        return f"the last {cut} runs could not come to their end (exit 4)"
    if exit_code in (0, 4, 75):
        return None
    return f"{WORDS.get(exit_code, 'it ended in an unknown way')} (exit {exit_code})"


def stale(
    complete: datetime | None,
    begun: datetime,
    now: datetime,
    overdue: Callable[[datetime], datetime],
) -> str | None:
    """Return the reason where no sync has come to its end for too long; None: one has.

    ``complete``: when the last one did; where none ever did, ``begun`` counts. ``overdue`` says
    from when on that is too long ago.
    """
    if now <= overdue(begun if complete is None else complete):
        return None
    ago = "since it began" if complete is None else f"since {complete:%Y-%m-%dT%H:%M:%SZ}"
    return f"no sync has come to its end {ago}"


def code_of(error: BaseException) -> int:
    """Return the exit code that an error means."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    code = getattr(error, "exit_code", 1)
    return code if isinstance(code, int) else 1
