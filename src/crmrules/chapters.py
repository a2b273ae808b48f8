"""The chapters that rules belong to, by how their ids begin, in the order of the book."""

from __future__ import annotations

from types import MappingProxyType

CHAPTERS = MappingProxyType(
    {
        "buy": "How customers buy",
        "entry": "Getting in",
        "needs": "Needs",
        "crit": "Decision criteria",
        "comp": "Competition",
        "conc": "Concerns",
        "nego": "Negotiation",
        "post": "After the decision",
    }
)
OWN = "Your own rules"


def chapter(rule: str) -> str:
    """Return the chapter of a rule, from its id; ``OWN`` for what is none of the book's."""
    return CHAPTERS.get(rule.partition("-")[0], OWN)
