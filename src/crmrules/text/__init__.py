"""Text signals: what mails, notes and transcripts speak of, found on this machine and only there.

Off unless ``[text] signals`` names some. A ``Reader`` cleans the texts of an opportunity and hands
their sentences to a ``Classifier``; what comes back are mentions, which carry no words. The shipped
classifier matches phrases from data files (``patterns/<language>.yml``); another one needs only the
method ``mentions``.

It decides nothing and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from crmrules.text.clean import Cleaner
from crmrules.text.data import languages, load
from crmrules.text.kinds import SIGNALS
from crmrules.text.patterns import Patterns
from crmrules.text.port import Classifier, Text
from crmrules.text.reading import Reader

__all__ = ["SIGNALS", "Classifier", "Patterns", "Reader", "Text", "languages", "reader"]


def reader(
    signals: Iterable[str],
    languages: Iterable[str],
    *,
    rivals: Sequence[str] = (),
    folder: Path | None = None,
) -> Reader | None:
    """Return what reads texts with the shipped patterns; None where no signal is switched on.

    Raises UsageError where a language has no patterns, a pattern is wrong, or google-re2 is
    missing.
    """
    wanted = frozenset(signals)
    if not wanted:
        return None
    books = load(languages, folder)
    return Reader(Patterns(books, wanted, rivals), Cleaner.of(books), wanted)
