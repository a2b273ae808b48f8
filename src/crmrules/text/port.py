"""The port of a classifier: sentences in, mentions out.

Know before changing: whoever implements it runs on this machine and sends nothing anywhere. A
sentence is hidden from ``repr``, so that no traceback and no log line shows what somebody wrote.

It classifies nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from crmrules.model import Mention, Speaker


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence, cleaned. ``verbatim``: a turn of a transcript, as it was spoken."""

    sentence: str = field(repr=False)
    record: str  # the activity it stands in
    at: datetime
    speaker: Speaker | None = None  # None: a summary, or nobody can tell
    verbatim: bool = False


class Classifier(Protocol):
    """Finds in sentences what the text signals are about."""

    def mentions(self, texts: Sequence[Text]) -> tuple[Mention, ...]:
        """Return what was found, in the order of the texts."""
