"""Short ways to build opportunities for signal tests; all times are days before NOW."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from crmrules.baseline import Baseline
from crmrules.model import (
    Activity,
    ActivityKind,
    Change,
    Direction,
    Opportunity,
    Person,
    Quote,
)
from crmrules.signals import SIGNALS, Known, Unknown, View

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)  # a Tuesday
MAIL_SEEN = Baseline(inbound_share=0.5)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def opportunity(**values: Any) -> Opportunity:
    given: dict[str, Any] = {
        "record": "006",
        "id": "006",
        "known_at": ago(100),
        "created_at": ago(100),
        "observed_at": NOW,
    }
    return Opportunity(**(given | values))


def silent() -> Opportunity:
    """One of which nothing can be read but that it exists."""
    return opportunity(needs=(), siblings=None)


def reading(name: str, found: Opportunity, baseline: Baseline | None = None) -> Any:
    return SIGNALS[name].function(View(found, NOW, baseline or Baseline()))


def known(name: str, found: Opportunity, baseline: Baseline | None = None) -> Any:
    answer = reading(name, found, baseline)
    assert isinstance(answer, Known), answer
    return answer.value


def from_records(name: str, found: Opportunity, baseline: Baseline | None = None) -> Any:
    answer = reading(name, found, baseline)
    assert isinstance(answer, Known), answer
    return answer.value, answer.records


def reason(name: str, found: Opportunity, baseline: Baseline | None = None) -> str:
    answer = reading(name, found, baseline)
    assert isinstance(answer, Unknown), answer
    return answer.reason


def talk(record: str, days: float, kind: str = "meeting", **values: Any) -> Activity:
    """A conversation that took place; ``days`` may be negative for one that lies ahead."""
    given: dict[str, Any] = {
        "record": record,
        "known_at": ago(max(days, 0.1)),
        "kind": ActivityKind(kind),
        "at": ago(days),
        "held": None if days < 0 else True,
        "with_customer": True,
    }
    return Activity(**(given | values))


def mail(record: str, days: float, *, inbound: bool | None = True, **values: Any) -> Activity:
    words = {True: Direction.INBOUND, False: Direction.OUTBOUND, None: None}
    return talk(record, days, "email", direction=words[inbound], **values)


def person(record: str, days: float = 90, **values: Any) -> Person:
    given: dict[str, Any] = {"record": record, "known_at": ago(days), "id": record, "name": record}
    return Person(**(given | values))


def quote(record: str, days: float, **values: Any) -> Quote:
    given: dict[str, Any] = {"record": record, "known_at": ago(days), "status": "Presented"}
    return Quote(**(given | values))


def change(record: str, days: float, field: str, old: Any, new: Any) -> Change:
    return Change(record=record, known_at=ago(days), field=field, old=old, new=new)


def tracked(*changes: Change, **values: Any) -> Opportunity:
    """An opportunity whose history of stage, dates, amounts and next steps is complete."""
    fields = frozenset({"phase", "close_date", "amount", "next_step"})
    return opportunity(changes=changes, tracked=fields, **values)
