"""The rules of the machine: each is true of every opportunity in its phases, and of no other."""

from __future__ import annotations

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
_PAGE = """\
id: {id}
title: {title}
mode: live
recommended: live
severity: {severity}
phases: [{phases}]
why: A rule for tests, true of every opportunity in its phases.
source: tests
false_positives: [none]
review: 2030-01-01
maintainer: tests
majors_only: false
settings:
  days: {{value: 0, unit: days, why: every opportunity is as old}}
when: {{all: [{{opportunity_age_days: {{at_least: $days}}}}]}}
clears: {{any: [{{quotes_sent: {{at_least: 900}}}}]}}
then:
  task:
    subject: ["Look at {{opportunity}}", "Look at {{account}}"]
    body: ["Who decides at {{account}}?", "What would they lose by waiting?"]
    due_in_days: 5
  flag: {flag}
tests:
  - name: a day old
    given: {{phase: {first}, opportunity_age_days: 1, quotes_sent: 0}}
    expect: fires
"""
_SEVERITY = {EARLY: "P2", LATER: "P1", BOTH: "P2"}
PAGES = {
    name: _PAGE.format(
        id=name,
        title=f"Rule {name}",
        severity=_SEVERITY[name],
        phases=", ".join(phases),
        first=phases[0],
        flag=name.replace("-", "_"),
    )
    for name, phases in PHASES.items()
}
