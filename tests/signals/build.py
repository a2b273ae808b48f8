"""Opportunities for tests of signals, told in days before one fixed moment.

Know before changing: everything that is not said stays unknown (None), so that a test names what a
signal reads. Records are named by the test, or after their kind and day, such as ``meeting-12``.

It decides nothing: no signal and no measure is computed here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from crmrules.baseline import Baseline
from crmrules.model import (
    Activity,
    ActivityKind,
    Change,
    Criterion,
    Direction,
    Need,
    Opportunity,
    Person,
    Phase,
    Quote,
)
from crmrules.signals import SIGNALS, Known, Unknown, View

NOW = datetime(2026, 6, 17, 12, tzinfo=UTC)  # a Wednesday
OPPORTUNITY = "opportunity-1"


def ago(days: float) -> datetime:
    """Return the moment so many days before ``NOW``; a negative number lies ahead."""
    return NOW - timedelta(days=days)


def opportunity(**facts: Any) -> Opportunity:
    """Return an opportunity, created 100 days ago, of which only ``facts`` are known.

    ``age`` (days) may stand for ``created_at``.
    """
    age = facts.pop("age", 100)
    known = {
        "record": OPPORTUNITY,
        "known_at": ago(age),
        "id": OPPORTUNITY,
        "created_at": ago(age),
        "observed_at": NOW,
    }
    return Opportunity(**{**known, **facts})


def view(one: Opportunity | None = None, baseline: Baseline | None = None, **facts: Any) -> View:
    """Return a view at ``NOW`` of the opportunity, or of a new one with these facts."""
    subject = one if one is not None else opportunity(**facts)
    return View(subject, NOW, baseline or Baseline())


def reading(signal: str, baseline: Baseline | None = None, **facts: Any) -> Known[Any] | Unknown:
    """Return what a registered signal reads from an opportunity with these facts."""
    return SIGNALS[signal].function(view(None, baseline, **facts))


def person(name: str, days: float = 90, **facts: Any) -> Person:
    """Return a person who was added so many days ago; id and record are made from the name."""
    known = {"record": f"role-{name}", "known_at": ago(days), "id": name, "name": name.title()}
    return Person(**{**known, **facts})


def activity(kind: ActivityKind, days: float, **facts: Any) -> Activity:
    """Return an activity so many days ago, logged at that moment (or now, if it lies ahead)."""
    known = {
        "record": f"{kind}-{days:g}",
        "known_at": min(ago(days), NOW),
        "kind": kind,
        "at": ago(days),
    }
    return Activity(**{**known, **facts})


def meeting(days: float, *people: str, held: bool | None = True, **facts: Any) -> Activity:
    """Return a meeting with the customer; ``held`` None: nobody recorded whether it took place."""
    known = {"held": held, "with_customer": True, "people": people}
    return activity(ActivityKind.MEETING, days, **{**known, **facts})


def call(days: float, *people: str, held: bool | None = True, **facts: Any) -> Activity:
    """Return a call to the customer that connected, unless ``held`` says otherwise."""
    known = {"held": held, "with_customer": True, "people": people}
    return activity(ActivityKind.CALL, days, **{**known, **facts})


def mail(
    days: float, *people: str, direction: Direction | None = Direction.INBOUND, **facts: Any
) -> Activity:
    """Return a mail from the customer, unless ``direction`` says otherwise."""
    return activity(ActivityKind.EMAIL, days, **{"direction": direction, "people": people, **facts})


def quote(days: float, status: str | None = "Presented", **facts: Any) -> Quote:
    """Return a quote made so many days ago."""
    known = {"record": f"quote-{days:g}", "known_at": ago(days), "status": status}
    return Quote(**{**known, **facts})


def need(days: float = 10, *, explicit: bool = True, **facts: Any) -> Need:
    """Return a need recorded so many days ago."""
    known = {"record": f"need-{days:g}", "known_at": ago(days), "text": "Faster picking"}
    return Need(**{**known, "explicit": explicit, **facts})


def change(field: str, days: float, old: Any = None, new: Any = None, **facts: Any) -> Change:
    """Return one change of a field so many days ago."""
    known = {"record": f"{field}-{days:g}", "known_at": ago(days)}
    return Change(**{**known, "field": field, "old": old, "new": new, **facts})


def moves(*steps: tuple[float, Phase]) -> dict[str, Any]:
    """Return the facts of a complete phase history: since so many days, in which phase.

    The first step is the phase at creation, whatever its day.
    """
    changes = tuple(
        change("phase", day, before.value, after.value)
        for (_, before), (day, after) in pairwise(steps)
    )
    return {"phase": steps[-1][1], "changes": changes, "tracked": frozenset({"phase"})}


def criterion(days: float = 10, name: str = "Go-live", **facts: Any) -> Criterion:
    """Return a line about a criterion, recorded so many days ago."""
    known = {"record": f"note-{days:g}", "known_at": ago(days), "name": name}
    return Criterion(**{**known, **facts})
