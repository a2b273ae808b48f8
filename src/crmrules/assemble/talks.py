"""Whether and when a conversation took place, as far as that is the same in every CRM.

Know before changing: what is not recorded stays unknown; a guess here would be a talk in every
connector.

It knows no field: the caller hands in what it read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from crmrules.raw import Body, flag, text

CONNECTED_SECONDS = 120  # nobody talks to a voice mailbox for two minutes
NOT_HELD = re.compile(r"\s*[\[(]?(?:cancel+ed|no[ -]?show|did not happen)", re.IGNORECASE)
"""How a word or a subject starts that says: this meeting did not take place."""

_HELD = frozenset({"held", "completed", "done", "took place", "attended"})


def held(body: Body, names: Sequence[str]) -> bool | None:
    """Return what the first of the organization's own fields says that says anything."""
    for name in names:
        word = (text(body, name) or "").casefold()
        answer = flag(body, name)
        if answer is None and word:
            answer = False if NOT_HELD.match(word) else True if word in _HELD else None
        if answer is not None:
            return answer
    return None


def connected(seconds: float | None) -> bool | None:
    """Return whether a call of this length reached somebody; a short one does not say."""
    if seconds is None:
        return None
    return True if seconds >= CONNECTED_SECONDS else False if seconds <= 0 else None


def took_place(due: datetime | None, created: datetime, done: datetime | None) -> datetime:
    """Return when a task took place: on its day if it was logged afterwards, else when closed."""
    if done is None:
        return due if due is not None else created
    logged = done - created < timedelta(minutes=5)
    return due if logged and due is not None and due.date() < done.date() else done
