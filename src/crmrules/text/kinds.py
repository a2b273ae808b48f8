"""The text signals an administrator may switch on, and the kinds of mention each one gives.

Know before changing: a signal's name stands in configurations, a kind's name in pattern files and
in ``Mention.kind``. Kinds of ours are found only in words that surely are ours, kinds of the
customer in theirs and in notes.

It finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PRICE, COMPETITOR = "price", "competitor"
CONCERN, RESOLVED, REOPENED = "concern", "concern_resolved", "concern_reopened"
IMPLIED, EXPLICIT = "need_implied", "need_explicit"
POSTPONED, EXPLAINED = "postponed", "postponed_reason"
MINIMISE, PRESCRIBE, PRESSURE = "minimise", "prescribe", "pressure"
TRANSCRIPT, QUESTION = "transcript", "question"  # one for each transcript, and for each question
AUTO_REPLY = "auto_reply"  # a mail that nobody wrote: always told, whatever is switched on

SIGNALS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "price": (PRICE,),
        "competitor": (COMPETITOR,),
        "concern": (CONCERN, RESOLVED, REOPENED),
        "need": (IMPLIED, EXPLICIT),
        "postponement": (POSTPONED, EXPLAINED),
        "minimise": (MINIMISE,),
        "prescribe": (PRESCRIBE,),
        "pressure": (PRESSURE,),
        "questions": (TRANSCRIPT, QUESTION),
    }
)
"""What may stand in ``[text] signals`` -> the kinds it switches on."""

OURS = frozenset({MINIMISE, PRESCRIBE, PRESSURE})  # only in words that surely are ours
ANYBODYS = frozenset({COMPETITOR})  # the rest: the customer's words, and notes about them
QUESTION_TYPES = ("none", "payoff", "implication", "problem", "situation")  # the first that fits


def kinds_of(signals: frozenset[str]) -> frozenset[str]:
    """Return the kinds that these signals switch on."""
    return frozenset(kind for name in signals for kind in SIGNALS[name])
