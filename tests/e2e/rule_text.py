"""The rule file that end-to-end tests use: true of every opportunity in its phases."""

from __future__ import annotations

_RULE = """\
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
clears: {{any: [{{quotes_sent: {{at_least: {quotes}}}}}]}}
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


def rule(
    name: str,
    *,
    severity: str = "P2",
    phases: str = "recognition, evaluation",
    quotes: int = 900,
) -> str:
    """Return a rule file that fires on every opportunity in these phases."""
    return _RULE.format(
        id=name,
        title=f"Rule {name}",
        severity=severity,
        phases=phases,
        first=phases.partition(",")[0],
        quotes=quotes,
        flag=name.replace("-", "_"),
    )
