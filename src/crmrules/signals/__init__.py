"""Every word a rule may use: pure functions of one opportunity as it was known at a moment.

Know before changing: a new chapter is imported here, because importing it is what registers its
signals. A signal returns ``Unknown`` with the reason rather than guess; a count is told only where
the pieces nobody can decide about could not change it.

It compares nothing with a threshold; rules do.
"""

from __future__ import annotations

from crmrules.signals import (
    account,
    avoidance,
    buying,
    competitors,
    concerns,
    concessions,
    criteria,
    deciders,
    development,
    differentiation,
    entry,
    forecast,
    mentions,
    needs,
    negotiation,
    own_words,
    pace,
    power,
    preparation,
    pressing,
    price,
    questions,
    renewal,
    rollout,
    showing,
    showstoppers,
    sponsors,
    standing,
    strengths,
    terms,
    worries,
)
from crmrules.signals._labels import label
from crmrules.signals._registry import (
    SIGNALS,
    Known,
    Reading,
    Signal,
    Unknown,
    Value,
    View,
    facts,
    read,
    signal,
)
from crmrules.signals.fixes import fix_for

__all__ = [
    "SIGNALS",
    "Known",
    "Reading",
    "Signal",
    "Unknown",
    "Value",
    "View",
    "account",
    "avoidance",
    "buying",
    "competitors",
    "concerns",
    "concessions",
    "criteria",
    "deciders",
    "development",
    "differentiation",
    "entry",
    "facts",
    "fix_for",
    "forecast",
    "label",
    "needs",
    "negotiation",
    "pace",
    "power",
    "preparation",
    "mentions",
    "own_words",
    "pressing",
    "price",
    "questions",
    "read",
    "renewal",
    "rollout",
    "showing",
    "showstoppers",
    "signal",
    "sponsors",
    "standing",
    "strengths",
    "terms",
    "worries",
]
