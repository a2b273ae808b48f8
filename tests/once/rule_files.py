"""The rules of the machine: each is true of every opportunity in its phases, and of no other."""

from __future__ import annotations

from rule_text import rule

EARLY, LATER, BOTH = "once-early", "once-later", "once-both"
PHASES = {
    EARLY: ("recognition", "evaluation"),
    LATER: ("concerns",),
    BOTH: ("evaluation", "concerns"),
}
STAGES = {
    "Prospecting": "recognition",
    "Value Proposition": "evaluation",
    "Negotiation/Review": "concerns",
    "Closed Lost": "",
}
"""The stages the machine uses, and their phases."""
_SEVERITY = {EARLY: "P2", LATER: "P1", BOTH: "P2"}
PAGES = {
    name: rule(name, severity=_SEVERITY[name], phases=", ".join(phases))
    for name, phases in PHASES.items()
}
