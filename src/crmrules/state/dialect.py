"""The one place where the two databases differ in what they are told.

SQLite and PostgreSQL share the grammar of "insert, or update on conflict", under two imports.

It opens no connection; ``database`` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table, changes: Sequence[str] | None = None) -> Insert:
    """Return a statement that inserts a row, or updates the one with its primary key.

    ``changes`` names the columns an existing row takes over; None: all outside the primary key.
    """
    wanted = None if changes is None else tuple(changes)
    return _upsert(connection.dialect.name, table, wanted)


@cache
def _upsert(dialect: str, table: Table, changes: tuple[str, ...] | None) -> Insert:
    """Build the statement once: that costs more than running it."""
    keys = [column.name for column in table.primary_key.columns]
    names = [c.name for c in table.columns if c.name not in keys] if changes is None else changes
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(table)
    return statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in names}
    )
