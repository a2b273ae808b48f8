"""Removing what is older than ``retention`` keeps it, a little in every run.

It goes round all opportunities in the order of their ids, a stretch at a time, and remembers where
it stopped: a run spends two seconds on it at most, however large the store. Each stretch is a
transaction of its own, under the lease like any other. SQLite gives the space to new rows; the file
does not shrink.

It decides nothing: ``retention`` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, text, tuple_

from crmrules.state.outbox import state_of
from crmrules.state.retention import Remains, Retention, Settled, overdue
from crmrules.state.schema import (
    audit,
    episode,
    outbox,
    record,
    run,
    snapshot,
    snapshot_week,
    task,
)
from crmrules.state.transaction import Transaction

EVERY = timedelta(days=1)
SECONDS = 2.0
STRETCH = 200  # opportunities looked at together
ROWS = 2000  # of one table removed together
_NOTE = "retention"
_IN_LIST = 500
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


Phases = Callable[[], AbstractContextManager[Transaction]]


@dataclass(slots=True)
class Pruned:
    """How many rows were removed, by table. ``complete``: the round is finished for this day."""

    rows: Counter[str] = field(default_factory=Counter)
    complete: bool = False


def prune(phase: Phases, now: datetime, keep: Retention | None = None) -> Pruned | None:
    """Remove what is overdue; None: that was done less than a day ago.

    ``phase`` opens one transaction. Where the time was over, the next run goes on from there.
    """
    keep, until = keep or Retention(), monotonic() + SECONDS
    with phase() as tx:
        left = tx.history.get(_NOTE) or {}
    if left.get("complete", True) and not _due(left.get("at"), now):
        return None
    pruned = Pruned()
    with phase() as tx:
        pruned.rows["snapshot_week"] += _weeks(tx, keep)
    for name, step in (("run", _runs), ("audit", _audit)):
        removed = ROWS
        while removed == ROWS and monotonic() < until:
            with phase() as tx:
                removed = step(tx, now, keep)
            pruned.rows[name] += removed
    after = left.get("after")
    while not pruned.complete and monotonic() < until:
        with phase() as tx:
            ids = _next(tx, after)
            pruned.rows.update(_stretch(tx, ids, now, keep))
            pruned.complete = len(ids) < STRETCH
            after = None if pruned.complete else ids[-1]
            place = {"at": now.isoformat(), "complete": pruned.complete, "after": after}
            tx.history.set(_NOTE, place)
    return pruned


def _due(last: str | None, now: datetime) -> bool:
    """Say whether a day has passed; also after a clock that ran ahead was put right."""
    return last is None or abs(now - datetime.fromisoformat(last)) >= EVERY


def _runs(tx: Transaction, now: datetime, keep: Retention) -> int:
    """Remove old runs, never the newest: its number goes on."""
    newest = select(func.max(run.c.n)).where(run.c.org == tx.org).scalar_subquery()
    old = and_(run.c.started < now - keep.runs, run.c.as_of < now - keep.runs, run.c.n < newest)
    return _remove(tx, run, run.c.id, old)


def _audit(tx: Transaction, now: datetime, keep: Retention) -> int:
    """Remove old rows of the audit, as far as the database's own clock agrees."""
    newest = select(func.max(audit.c.id)).where(audit.c.org == tx.org).scalar_subquery()
    moment = min(now, _clock(tx.connection)) - keep.audit - timedelta(seconds=1)
    return _remove(tx, audit, audit.c.id, and_(audit.c.at < moment, audit.c.id < newest))


def _weeks(tx: Transaction, keep: Retention) -> int:
    """Remove all weeks but the newest. What their rows held for later weeks goes on."""
    weeks = [week.name for week in tx.snapshots.weeks()]
    old = weeks[: max(0, len(weeks) - keep.weeks)]
    return _remove_these(tx, (snapshot_week, snapshot_week.c.week), old)


def _clock(connection: Connection) -> datetime:
    """Return the database's own moment."""
    if connection.dialect.name == "postgresql":
        moment: datetime = connection.execute(select(func.now())).scalar_one()
        return moment
    said = connection.exec_driver_sql("SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')")
    return datetime.fromisoformat(said.scalar_one())


def _remove(tx: Transaction, table: Table, key: ColumnElement[Any], old: ColumnElement[Any]) -> int:
    some = select(key).where(table.c.org == tx.org, old).limit(ROWS)
    return tx.connection.execute(
        delete(table).where(table.c.org == tx.org, key.in_(some.scalar_subquery()))
    ).rowcount


def _stretch(tx: Transaction, ids: Sequence[str], now: datetime, keep: Retention) -> dict[str, int]:
    """Remove what is overdue of these opportunities; return how many rows, by table."""
    closed_on, writes = _stored(tx, ids), _writes(tx, ids)
    old: dict[str, list[Any]] = {"outbox": [], "task": [], "episode": []}
    for id_ in ids:
        episodes, tasks = tx.past(id_)
        remains = Remains(id_ in closed_on, episodes, tasks, writes.get(id_, ()))
        gone = overdue(remains, now, keep)
        old["outbox"] += gone.writes
        old["task"] += gone.tasks
        old["episode"] += [(id_, rule, n) for rule, n in gone.episodes]
    newest = select(func.max(outbox.c.id)).where(outbox.c.org == tx.org)
    last = tx.connection.execute(newest).scalar_one()  # stays: the numbers go on from it
    old["outbox"] = [id_ for id_ in old["outbox"] if id_ != last]
    removed = {name: _remove_these(tx, _KEYS[name], old[name]) for name in old}
    return removed | {"snapshot": _snapshots(tx, ids, now - keep.snapshots)}


_KEYS: dict[str, tuple[Table, Any]] = {
    "outbox": (outbox, outbox.c.id),
    "task": (task, task.c.key),
    "episode": (episode, tuple_(episode.c.opportunity, episode.c.rule, episode.c.n)),
}


def _remove_these(tx: Transaction, of: tuple[Table, Any], keys: Sequence[Any]) -> int:
    table, key = of
    removed = 0
    for start in range(0, len(keys), _IN_LIST):
        some = delete(table).where(table.c.org == tx.org, key.in_(keys[start : start + _IN_LIST]))
        removed += tx.connection.execute(some).rowcount
    return removed


def _next(tx: Transaction, after: str | None) -> list[str]:
    """Return the next opportunities of which anything is kept beside their records, by id."""
    found: set[str] = set()
    columns = (episode.c.opportunity, task.c.opportunity, outbox.c.opportunity, snapshot.c.id)
    for column in columns:
        query = select(column).distinct().where(column.table.c.org == tx.org).order_by(column)
        if after is not None:
            query = query.where(column > after)
        found.update(tx.connection.execute(query.limit(STRETCH)).scalars())
    return sorted(found)[:STRETCH]


def _stored(tx: Transaction, ids: Sequence[str]) -> dict[str, date | None]:
    """Return the opportunities whose record is stored, with the day they closed, if they did."""
    query = select(record.c.id, record.c.won, record.c.closed_on).where(
        record.c.org == tx.org, text("record.own = 1"), record.c.id.in_(ids)
    )
    rows = tx.connection.execute(query)
    return {row.id: row.closed_on if row.won is not None else None for row in rows}


def _writes(tx: Transaction, ids: Sequence[str]) -> dict[str, list[Settled]]:
    columns = (outbox.c.id, outbox.c.state, outbox.c.key, outbox.c.rule, outbox.c.opportunity)
    moments = (outbox.c.last_attempt, run.c.started, run.c.as_of)
    planned = outbox.outerjoin(run, and_(run.c.org == outbox.c.org, run.c.id == outbox.c.run))
    query = (
        select(*columns, *moments)
        .select_from(planned)
        .where(outbox.c.org == tx.org, outbox.c.opportunity.in_(ids))
    )
    found: dict[str, list[Settled]] = {}
    for id_, state, key, rule, opportunity, *known in tx.connection.execute(query):
        at = max((moment for moment in known if moment is not None), default=_LONG_AGO)
        settled = Settled(id_, state_of(state), at, key, rule)
        found.setdefault(opportunity, []).append(settled)
    return found


def _snapshots(tx: Transaction, ids: Sequence[str], before: datetime) -> int:
    """Remove what no kept week reads, and all of what vanished before a moment.

    ``ids`` are opportunities and accounts. One that closed, and is stored, keeps its past: only
    now is it known how it ended.
    """
    begin = min((week.taken_at for week in tx.snapshots.weeks()), default=None)
    columns = (snapshot.c.id, snapshot.c.taken_at, snapshot.c.body.is_(None).label("gone"))
    mine = and_(snapshot.c.org == tx.org, snapshot.c.id.in_(ids))
    rows: dict[str, list[Any]] = {}
    for row in tx.connection.execute(select(*columns).where(mine).order_by(snapshot.c.taken_at)):
        rows.setdefault(row.id, []).append(row)
    stored = tx.mirror.stored(list(rows))
    old: list[tuple[str, datetime]] = []
    for id_, many in rows.items():
        last = many[-1]
        vanished = last.gone and id_ not in stored and last.taken_at < before
        if begin is None or vanished:
            old += [(id_, row.taken_at) for row in many]
            continue
        past = [row for row in many if row.taken_at <= begin]
        going = past if past and past[-1].gone else past[:-1]
        old += [(id_, row.taken_at) for row in going]
    return _remove_these(tx, (snapshot, tuple_(snapshot.c.id, snapshot.c.taken_at)), old)
