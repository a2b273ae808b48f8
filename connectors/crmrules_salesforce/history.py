"""From the two history objects to changes, and to when an opportunity closed.

Know before changing: ``tracked`` is a promise that the changes are complete, and judgements in the
past rest on it. OpportunityHistory is always on and writes one row whenever amount, probability,
stage or close date change (Object Reference), so those three are tracked where its last row agrees
with the opportunity; where it does not, somebody's import went around it and nothing is promised.
Fields of OpportunityFieldHistory are promised only where their rows say they are kept, or the
mapping says so.

It invents no change: the first row is the creation, not a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from crmrules.assemble import history as assemble
from crmrules.connector import Row
from crmrules.mapping import Mapping
from crmrules.model import HISTORY_FIELDS, Change
from crmrules.raw import Body, as_number, day, moment, start_of, text

_FORECASTS = {"BestCase": "Best Case", "MostLikely": "Most Likely", "Forecast": "Commit"}


def forecast(body: Body, name: str) -> str | None:
    """Return a forecast category under the name people see (history keeps the API name)."""
    value = text(body, name)
    return _FORECASTS.get(value, value) if value is not None else None


def _amount(body: Body, name: str) -> float | None:
    return as_number(body.get(name))


def _date(body: Body, name: str) -> str | None:
    found = day(body, name)
    return None if found is None else found.isoformat()


_Reader = Callable[[Body, str], str | float | None]
_READERS: dict[str, _Reader] = {
    "stage": text,
    "amount": _amount,
    "close_date": _date,
    "forecast": forecast,
    "next_step": text,
    "owner": text,
}
_COLUMNS = {  # model field -> column of the opportunity
    "stage": "StageName",
    "amount": "Amount",
    "close_date": "CloseDate",
    "forecast": "ForecastCategoryName",
    "next_step": "NextStep",
    "owner": "OwnerId",
}
_SNAPSHOT = {**_COLUMNS, "forecast": "ForecastCategory"}  # OpportunityHistory has these alone
_COMPLETE = ("stage", "amount", "close_date")
_TRACKING = {**{column: field for field, column in _COLUMNS.items()}, "Owner": "owner"}


class History(NamedTuple):
    """All changes we know of, and of which fields we know all."""

    changes: tuple[Change, ...]
    tracked: frozenset[str]


def ordered(rows: Iterable[Row]) -> list[Row]:
    """Return rows of a history object by time, and by id within one second."""
    dated = [(moment(row.body, "CreatedDate"), row) for row in rows]
    return [
        row
        for _, row in sorted(
            ((at, row) for at, row in dated if at is not None), key=lambda p: (p[0], p[1].id)
        )
    ]


def read(
    own: Row, snapshots: Sequence[Row], fields: Sequence[Row], mapping: Mapping, pipeline: str
) -> History:
    """Return the history of one opportunity; both sequences come from ``ordered``."""
    changes: list[Change] = []
    tracked: set[str] = set()
    for field, column in _SNAPSHOT.items():
        mine = _from_fields(field, fields)
        seen = [row for row in snapshots if column in row.body]
        if seen and not (mine and field not in _COMPLETE):
            changes += _from_snapshots(field, seen)
            last = _READERS[field](seen[-1].body, column)
            complete = field in _COMPLETE and _agrees(field, own, last)
        else:
            changes += mine
            kept = bool(mine) or field in mapping.tracked
            complete = kept and (not mine or _agrees(field, own, mine[-1].new))
        if complete and _COLUMNS[field] in own.body:
            tracked.add(field)
    stages = (change for change in changes if change.field == "stage")
    changes += assemble.phases(stages, partial(mapping.phase, pipeline))
    if "stage" in tracked:
        tracked.add("phase")
    changes.sort(key=lambda change: change.known_at)
    return History(tuple(changes), frozenset(tracked) & frozenset(HISTORY_FIELDS))


def _agrees(field: str, own: Row, last: Any) -> bool:
    return bool(_READERS[field](own.body, _COLUMNS[field]) == last)


def _from_snapshots(field: str, rows: Sequence[Row]) -> list[Change]:
    column, read_value = _SNAPSHOT[field], _READERS[field]
    found = []
    for before, after in pairwise(rows):
        old, new = read_value(before.body, column), read_value(after.body, column)
        if old != new:
            found.append(_change(field, old, new, after))
    return found


def _from_fields(field: str, rows: Sequence[Row]) -> list[Change]:
    found = []
    for row in rows:
        if _TRACKING.get(str(row.body.get("Field"))) != field:
            continue
        values = [_READERS[field](row.body, name) for name in ("OldValue", "NewValue")]
        if field == "owner" and not any(str(value).startswith("005") for value in values):
            continue  # the CRM writes an owner change twice, once with names
        found.append(_change(field, values[0], values[1], row))
    return found


def _change(field: str, old: Any, new: Any, row: Row) -> Change:
    at = moment(row.body, "CreatedDate")
    assert at is not None  # noqa: S101 - ``ordered`` dropped the undated ones
    by = text(row.body, "CreatedById")
    return Change(record=row.id, known_at=at, field=field, old=old, new=new, by=by)


def closed_at(own: Row, snapshots: Sequence[Row], observed_at: datetime) -> datetime:
    """Return when a closed opportunity reached its present stage, else its close date."""
    close = day(own.body, "CloseDate")
    reached = (
        assemble.Reached(
            text(row.body, "StageName"), moment(row.body, "CreatedDate") or observed_at
        )
        for row in snapshots
    )
    return assemble.closed_at(
        text(own.body, "StageName"),
        tuple(reached),
        stated=None if close is None else start_of(close),
        changed=moment(own.body, "LastModifiedDate"),
        observed_at=observed_at,
    )
