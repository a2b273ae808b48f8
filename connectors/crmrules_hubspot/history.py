"""From the history of a deal's properties to changes, and to when the deal closed.

Know before changing: ``tracked`` is a promise that the changes are complete, and judgements in the
past rest on it. HubSpot keeps the history of every property on every plan, but cuts long ones: one
with 20 versions that does not reach back to the creation may have lost its beginning and promises
nothing. Nor does one that was not read, or whose newest version is not today's value.

What was set with the creation is no change. A deal that another was merged into has versions of
both; they are versions like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as AnyMapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from crmrules.assemble.facts import Written
from crmrules.assemble.history import Reached, phases
from crmrules.assemble.history import closed_at as when_closed
from crmrules.connector import Row
from crmrules.model import Change, Phase
from crmrules.raw import Body, as_number, flag, text
from crmrules_hubspot.portal import Portal
from crmrules_hubspot.values import as_moment, changed, created, day, moment, properties, record

PROPERTIES = {  # model field -> property of the deal
    "stage": "dealstage",
    "amount": "amount",
    "close_date": "closedate",
    "owner": "hubspot_owner_id",
    "next_step": "hs_next_step",
    "forecast": "hs_manual_forecast_category",
}
_CUT = 20  # versions; HubSpot promises no more of some properties
_WITH_THE_CREATION = timedelta(minutes=1)


class Version(NamedTuple):
    """One value a property had, as it came, and since when."""

    value: Any
    at: datetime
    user: str | None


class Versions(NamedTuple):
    """The values of one property by time; ``whole`` when every entry could be read."""

    found: tuple[Version, ...]
    whole: bool


class History(NamedTuple):
    """All changes we know of, and of which fields we know all; no changes: no history at hand."""

    changes: tuple[Change, ...] | None
    tracked: frozenset[str]


def versions(own: Row, name: str) -> Versions | None:
    """Return the history of one property, oldest first; None when it is not at hand."""
    history = own.body.get("history")
    entries = history.get(name) if isinstance(history, AnyMapping) else None
    if not isinstance(entries, list):
        return None
    found = []
    for entry in reversed(entries):  # of one instant the first in HubSpot's order is the newest
        at = moment(entry, "timestamp") if isinstance(entry, AnyMapping) else None
        if at is not None:
            found.append(Version(entry.get("value"), at, text(entry, "updatedByUserId")))
    found.sort(key=lambda version: version.at)
    return Versions(tuple(found), len(found) == len(entries))


def read(own: Row, portal: Portal, phase: Callable[[str], Phase | None], born: datetime) -> History:
    """Return the history of one deal, made at ``born``; ``phase`` is the phase of a stage."""
    if not isinstance(own.body.get("history"), AnyMapping):
        return History(None, frozenset())
    changes: list[Change] = []
    tracked: set[str] = set()
    for field, name in PROPERTIES.items():
        history = versions(own, name)
        if history is None:
            continue
        changes += _changes(own, field, history.found, portal, born)
        if _complete(own, field, history, portal.zone, born):
            tracked.add(field)
    changes += phases([c for c in changes if c.field == "stage"], phase)
    if "stage" in tracked:
        tracked.add("phase")
    changes.sort(key=lambda change: change.known_at)
    return History(tuple(changes), frozenset(tracked))


def _value(field: str, value: Any, zone: tzinfo) -> str | float | None:
    if field == "amount":
        return as_number(value)
    if field == "close_date":
        found = day({"": value}, "", zone)
        return None if found is None else found.isoformat()
    return text({"": value}, "")


def _changes(
    own: Row, field: str, found: Sequence[Version], portal: Portal, born: datetime
) -> list[Change]:
    changes: list[Change] = []
    before: str | float | None = None
    for index, version in enumerate(found):
        value = _value(field, version.value, portal.zone)
        if value != before and not (index == 0 and version.at <= born + _WITH_THE_CREATION):
            changes.append(
                Change(
                    record=f"{record(own)}@{PROPERTIES[field]}@{version.at.isoformat()}",
                    known_at=version.at,
                    field=field,
                    old=before,
                    new=value,
                    by=portal.owner_of(version.user),
                )
            )
        before = value
    return changes


def _complete(own: Row, field: str, history: Versions, zone: tzinfo, born: datetime) -> bool:
    name, found = PROPERTIES[field], history.found
    if not history.whole or name not in properties(own):
        return False
    if len(found) >= _CUT and found[0].at > born + _WITH_THE_CREATION:
        return False
    last = _value(field, found[-1].value, zone) if found else None
    return _value(field, properties(own)[name], zone) == last


def next_steps(own: Row, portal: Portal, observed_at: datetime) -> list[Written]:
    """Return every text the next step had, when, and by whom; the present one last."""
    name, owner = PROPERTIES["next_step"], text(properties(own), "hubspot_owner_id")
    history = versions(own, name)
    found = [
        Written(words, version.at, record(own), portal.owner_of(version.user))
        for version in (() if history is None else history.found)
        if (words := text({"": version.value}, "")) is not None
    ]
    current = text(properties(own), name)
    if current is not None:
        found.append(Written(current, changed(own, observed_at), record(own), owner))
    return found


def outcome(own: Body, portal: Portal, by_name: Callable[[str | None], bool | None]) -> bool | None:
    """Return True when won, False when lost, None while open.

    The stage's own metadata counts, then the deal's flags, then what its stage is called.
    """
    stage = text(own, "dealstage")
    known = portal.stages.get(stage or "")
    if known is not None:
        return known.won if known.closed else None
    closed, won = (flag(own, name) for name in ("hs_is_closed", "hs_is_closed_won"))
    if closed is None:
        return by_name(stage)
    if not closed:
        return None
    return by_name(stage) is True if won is None else won


def closed_at(own: Row, observed_at: datetime) -> datetime:
    """Return when a closed deal reached its present stage, else its close date."""
    history = versions(own, "dealstage")
    return when_closed(
        text(properties(own), "dealstage"),
        [
            Reached(text({"": v.value}, ""), v.at)
            for v in (() if history is None else history.found)
        ],
        stated=as_moment(properties(own).get("closedate")),
        changed=changed(own, created(own, observed_at)),
        observed_at=observed_at,
    )
