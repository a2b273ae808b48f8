"""Our fields on the opportunity: what they should say, and what differs.

``status`` is critical for an open live P1, attention for P2 and P3, ok when at least one live rule
was judged and none is open, else empty (decisions, 8). ``checked_at`` changes only together with
another value, so an unchanged opportunity is not written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmrules import letters
from crmrules.connector import Capabilities, Problem, SetFields
from crmrules.findings.hold import SILENT, HeldBack
from crmrules.model import Opportunity, OurFields, Phase
from crmrules.plan.types import Finding, Judged, PlannedWrite
from crmrules.rule import Mode, Rule, Severity, Verdict
from crmrules.signals import Known

SUMMARY_LENGTH = 1000  # characters; long enough for a paragraph, short enough for a list view
_SINCE = re.compile(r"\(since \d{4}-\d\d-\d\d\)")
_HIDDEN = SILENT | {HeldBack.SUPPRESSED}


def shown(findings: Iterable[Finding], denied: frozenset[str]) -> list[Finding]:
    """Return the findings people see on the opportunity: open and live, not hidden, not denied.

    ``denied``: rules that a rep answered with "not true" in this episode.
    """
    seen = (
        f
        for f in findings
        if f.held_back not in _HIDDEN and not f.rule.private and f.rule.id not in denied
    )
    return sorted(seen, key=lambda f: (f.rule.severity, f.rule.id))


def wanted_fields(
    judged: Judged, rules: Iterable[Rule], visible: Sequence[Finding]
) -> dict[str, Any]:
    """Return what our fields should say; all empty while no rule is live that others may see."""
    live = [rule for rule in rules if rule.mode is Mode.LIVE and not rule.private]
    if not live or _phase(judged) is None:
        return {"status": None, "flags": (), "summary": None, "buying_phase": None}
    return {
        "status": _status(judged, live, visible),
        "flags": tuple(sorted({f.rule.then.flag for f in visible})),
        "summary": _summary(visible),
        "buying_phase": _phase(judged),
    }


def missing_flags(rules: Iterable[Rule], able: Capabilities) -> tuple[Problem, ...]:
    """Return what stops the flags of live rules from being written, before anything is."""
    if able.flag_words is None or "flags" not in able.flags:
        return ()
    live = {rule.then.flag for rule in rules if rule.mode is Mode.LIVE and not rule.private}
    missing = sorted(live - able.flag_words)
    if not missing:
        return ()
    return (
        Problem(
            f"the CRM's field of our flags has no option {', '.join(missing)}",
            "Run 'crmrules provision': it adds the options of the configured rules.",
            level="error",
        ),
    )


def _status(judged: Judged, live: Iterable[Rule], visible: Sequence[Finding]) -> str | None:
    if any(f.rule.severity is Severity.P1 for f in visible):
        return "critical"
    if visible:
        return "attention"
    verdicts = (judged.judgements[rule.id].verdict for rule in live if rule.id in judged.judgements)
    return "ok" if any(verdict is not Verdict.UNKNOWN for verdict in verdicts) else None


def _phase(judged: Judged) -> str | None:
    """Return the phase by its word; the field's options show people the book's full names."""
    reading = judged.readings.get("phase")
    if isinstance(reading, Known) and reading.value in set(Phase):
        return str(reading.value)
    return None


def _summary(visible: Sequence[Finding]) -> str | None:
    """Return what is open, since when and why it matters.

    No measured value stands in it: "26 days" would be another text, and another write, every day.
    """
    parts = []
    for finding in visible:
        why = " ".join(finding.rule.why.split())
        first = why.split(". ")[0].rstrip(".")
        parts.append(f"{finding.rule.title} (since {finding.episode.since:%Y-%m-%d}). {first}.")
    return letters.cut(" ".join(parts), SUMMARY_LENGTH, "…") or None


def changed_fields(
    wanted: Mapping[str, Any], present: OurFields, writable: frozenset[str], now: datetime
) -> dict[str, Any]:
    """Return only the values that differ, and ``checked_at`` if any does."""
    changes = {
        name: value
        for name, value in wanted.items()
        if name in writable and _normal(value) != _normal(getattr(present, name))
    }
    if changes and "checked_at" in writable:
        changes["checked_at"] = now.replace(microsecond=0)
    return changes


def _normal(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return frozenset(value)
    # After a lost state an episode counts from its task's day; the CRM keeps the earlier one.
    return _SINCE.sub("", (value or "").strip())


def write_of(
    opportunity: Opportunity, wanted: Mapping[str, Any], writable: frozenset[str], now: datetime
) -> PlannedWrite | None:
    """Return the write that brings our fields on an opportunity up to date; None: they are."""
    present = opportunity.our_fields
    changes = changed_fields(wanted, present, writable, now)
    if not changes:
        return None
    return PlannedWrite(
        "set_flags",
        SetFields(opportunity.id, changes),
        opportunity.id,
        before={name: getattr(present, name) for name in changes},
        first_fill=present == OurFields(),
    )
