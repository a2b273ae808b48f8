"""The rows of the runs: begun before anything else, ended whatever happens.

A run that was killed has no exit code; that is how one sees it.

It judges nothing about a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from crmrules.state.schema import run
from crmrules.state.types import RunRow

_COLUMNS: Final = tuple(field.name for field in fields(RunRow))


def begin(
    connection: Connection, org: str, *, command: str, now: datetime, as_of: datetime, rules: str
) -> str:
    """Write the row of a new run and return its id."""
    newest = select(func.max(run.c.n)).where(run.c.org == org)
    n = (connection.execute(newest).scalar_one() or 0) + 1
    values = {"org": org, "id": f"r{n}", "n": n, "command": command, "started": now}
    connection.execute(insert(run).values(**values, as_of=as_of, rules_hash=rules))
    return f"r{n}"


def end(
    connection: Connection,
    org: str,
    run_id: str,
    *,
    now: datetime,
    exit_code: int,
    counts: Mapping[str, Any],
    calls: int | None,
    floor: int | None,
) -> None:
    """Write how a run ended."""
    connection.execute(
        update(run)
        .where(run.c.org == org, run.c.id == run_id)
        .values(ended=now, exit=exit_code, counts=dict(counts), calls=calls, floor=floor)
    )


def last(connection: Connection, org: str, limit: int) -> tuple[RunRow, ...]:
    """Return the newest runs, newest first."""
    query = (
        select(*(run.c[name] for name in _COLUMNS))
        .where(run.c.org == org)
        .order_by(run.c.n.desc())
        .limit(limit)
    )
    return tuple(RunRow(**row) for row in connection.execute(query).mappings())


def last_success(connection: Connection, org: str) -> RunRow | None:
    """Return the newest sync that did all it had to; None: there was none, or it is forgotten."""
    query = (
        select(*(run.c[name] for name in _COLUMNS))
        .where(run.c.org == org, run.c.command == "sync", run.c.exit == 0)
        .order_by(run.c.n.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else RunRow(**row)


def last_complete(connection: Connection, org: str) -> RunRow | None:
    """Return the newest sync that came to its end, though it may have left single records."""
    query = (
        select(*(run.c[name] for name in _COLUMNS))
        .where(run.c.org == org, run.c.command == "sync", run.c.exit.in_((0, 4)))
        .where(run.c.calls.is_not(None))  # only a run that came to its end says how many it made
        .order_by(run.c.n.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else RunRow(**row)
