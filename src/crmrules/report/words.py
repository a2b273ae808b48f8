"""The words of the page: what people read instead of our codes."""

from __future__ import annotations

from datetime import date, datetime

from crmrules.model import ActivityKind, Focus, Phase
from crmrules.plan import Finding, in_short
from crmrules.rule import Severity
from crmrules.texts import safe

LONGEST_NAME = 200  # UTF-16 code units of an opportunity's or account's name
URGENCY = {
    Severity.P1: "within 2 days",
    Severity.P2: "this week",
    Severity.P3: "when it suits",
}
PHASES = {
    Phase.RECOGNITION: "Recognition of needs",
    Phase.EVALUATION: "Evaluation of options",
    Phase.CONCERNS: "Resolution of concerns",
    Phase.IMPLEMENTATION: "Implementation",
    Phase.DEVELOPMENT: "Changes over time",
}
"""The buying phases under the book's full names."""
FOCUS = {
    Focus.POWER: "power",
    Focus.DISSATISFACTION: "dissatisfaction",
    Focus.RECEPTIVITY: "receptivity",
    None: "focus not known",
}
"""In the order of a list: those who decide first."""
KINDS = {
    ActivityKind.MEETING: "meeting",
    ActivityKind.CALL: "call",
    ActivityKind.EMAIL: "e-mail",
}
"""The kinds of activities that are conversations."""


def evidence(finding: Finding) -> list[tuple[str, str]]:
    """Return what a finding rests on: (signal, value) in words."""
    return in_short(finding.evidence)


def day(moment: date | datetime | None) -> str:
    """Return a day as "24 Nov 2026"; "not known" where there is none."""
    return "not known" if moment is None else f"{moment.day} {moment:%b %Y}"


def money(amount: float | None, currency: str | None) -> str:
    """Return an amount with its currency, without cents."""
    return "amount not known" if amount is None else f"{amount:,.0f} {safe(currency or '')}".strip()


def named(text: str | None, otherwise: str, limit: int = LONGEST_NAME) -> str:
    """Return a name from the CRM as it may be shown; ``otherwise`` where nothing is to be seen."""
    return safe(text or "", limit) or otherwise


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 rule", "3 rules"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """Return a share between 0 and 1 in percent."""
    return f"{100 * share:.0f} %"
