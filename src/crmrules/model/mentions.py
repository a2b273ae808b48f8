"""What a classifier found in the words people wrote: a sentence, whose it is, what it speaks of.

Know before changing: a mention stays on this machine. It has no text of its own: only where it
stands, so that nothing of a customer's words travels into a task, a log or a report.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from crmrules.model.pieces import Frozen


class Speaker(StrEnum):
    """Whose words they are."""

    CUSTOMER = "customer"
    US = "us"


class Mention(Frozen):
    """One sentence that speaks of something; ``topic`` and ``stance`` where its kind has them."""

    kind: str
    record: str  # the activity it stands in
    at: datetime  # when it was said
    speaker: Speaker | None = None  # None: nobody can tell
    topic: str | None = None
    stance: Literal["for", "against"] | None = None
