"""A small vocabulary and one good rule file, which tests break in one place each."""
# ruff: noqa: E501 - one test of a rule file is one line of facts

from __future__ import annotations

from pathlib import Path

from crmrules.model import Phase
from crmrules.rulebook import RuleProblem
from crmrules.rulecheck import check_folders
from crmrules.signals._registry import Signal, Unknown


def a_signal(name: str, kind: type, values: tuple[str, ...] = (), unit: str = "") -> Signal:
    why = Unknown("a test")
    return Signal(name, lambda _: why, kind, unit, "Meaning.", "never", "", "", values)


VOCABULARY = {
    entry.name: entry
    for entry in (
        a_signal("phase", str, tuple(Phase)),
        a_signal("is_major", bool),
        a_signal("discount_above_allowance", float),
        a_signal("discount_serves_criterion", bool),
        a_signal("age_days", int),
        a_signal("forecast", str, ("commit", "best case")),
        a_signal("days_to_meeting", float, unit="days"),
    )
}

GOOD = """\
id: nego-early-concession
title: A discount is on the table before the buyer has decided what matters
mode: shadow
recommended: live
severity: P2
phases: [recognition, evaluation]
why: While the buyer is still comparing, price is not yet what decides.
source: "Takeaway 7, negotiation: concede late"
false_positives:
  - A published programme that every such customer gets.
review: 2027-05-01
maintainer: sales operations
settings:
  points: {value: 5, unit: percentage points, floor: 1, why: less is rounding}
when:
  all:
    - discount_above_allowance: {at_least: $points}
clears:
  any:
    - discount_above_allowance: {at_most: 0}
    - discount_serves_criterion: {is: true}
then:
  task:
    subject: ["Hold the {discount_above_allowance:g} points at {account}", "Hold the discount at {account}"]
    body:
      - "Ask: what else would we need to settle?"
      - "Check what they want most."
    due_in_days: 5
  flag: early_concession
tests:
  - name: eight points over the allowance
    given: {phase: evaluation, is_major: true, discount_above_allowance: 8, discount_serves_criterion: false}
    expect: fires
  - name: exactly the limit counts
    given: {phase: recognition, is_major: true, discount_above_allowance: 5}
    expect: fires
  - name: just below the limit is rounding
    given: {phase: evaluation, is_major: true, discount_above_allowance: 4.9}
    expect: quiet
  - name: in the concerns phase
    given: {phase: concerns, is_major: true, discount_above_allowance: 8}
    expect: quiet
  - name: the discount was withdrawn
    given: {phase: evaluation, is_major: true, discount_above_allowance: 0}
    expect: clears
  - name: it buys something that matters
    given: {phase: evaluation, is_major: true, discount_above_allowance: 8, discount_serves_criterion: true}
    expect: clears
  - name: quotes live in another system
    given: {phase: evaluation, is_major: true}
    expect: unknown
"""
NAME = "negotiation/nego-early-concession.yml"


def folder(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def problems_of(root: Path, files: dict[str, str]) -> list[RuleProblem]:
    return check_folders([folder(root, files)], vocabulary=VOCABULARY)[1]


def line_of(text: str, part: str) -> int:
    [line] = [n for n, one in enumerate(text.splitlines(), 1) if part in one]
    return line
