"""The one place where the two databases differ in what they are told.

SQLite and PostgreSQL share the grammar of "insert, or update on conflict", under two imports.

It opens no connection; ``database`` does.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table, changes: Sequence[str] | None = None) -> Insert:
    """Return a statement that inserts a row, or updates the one with its primary key.

    ``changes`` names the columns an existing row takes over; None: all outside the primary key.
    """
    keys = [column.name for column in table.primary_key.columns]
    names = [c.name for c in table.columns if c.name not in keys] if changes is None else changes
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    return statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in names}
    )
