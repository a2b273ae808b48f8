"""PostgreSQL's own lock: held by a connection, and free the moment its process dies.

It is the counterpart of the file lock beside a SQLite file, and works from any machine. It has a
connection of its own for the length of the lease. A connection pooler that hands one connection to
many clients makes it lie, so behind one it is not used: the lease row alone decides, and a dead
holder is replaced only once its row has expired.

The machine of a holder may vanish without a word, and PostgreSQL then keeps its connection for
hours. ``evict`` ends it; ask for that only once the lease has expired.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from crmrules.errors import CrmRulesError

_KEY = "hashtextextended('crmrules ' || current_schema() || ' ' || :org, 0)"
_TRY = text(f"SELECT pg_try_advisory_lock({_KEY})")
_FREE = text(f"SELECT pg_advisory_unlock({_KEY})")
_EVICT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks"  # noqa: S608 - a constant # nosec B608
    " JOIN pg_database ON pg_database.oid = database"
    " WHERE locktype = 'advisory' AND granted AND datname = current_database()"
    f" AND objsubid = 1 AND ((classid::bigint << 32) | objid::bigint) = {_KEY}"
    " AND pid <> pg_backend_pid()"
)
_PATIENCE = 2.0  # seconds for PostgreSQL to end a connection


class SessionLock:
    """The advisory lock of one organization."""

    def __init__(self, engine: Engine, org: str) -> None:
        self._engine, self._org = engine, org
        self._connection: Connection | None = None

    def acquire(self) -> bool | None:
        """Try to take it; None: a pooler stands between, so it would mean nothing."""
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # closing it must close it, or the pool would keep the lock
        held: bool | None = None
        try:
            if not _pooled(connection):
                held = bool(connection.execute(_TRY, {"org": self._org}).scalar_one())
        finally:
            if held:
                self._connection = connection
            else:
                connection.close()
        return held

    def evict(self) -> bool:
        """End the connection that holds the lock, and take it; say whether it is ours now."""
        with self._engine.connect() as connection:
            connection.execute(_EVICT, {"org": self._org})
        until = time.monotonic() + _PATIENCE
        while not self.acquire():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def release(self) -> None:
        """Let it go, and its connection.

        The server may end a closed connection a moment later; the next run must not find it.
        """
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        # A connection that is gone has let it go already.
        with suppress(CrmRulesError, DBAPIError), connection:
            connection.execute(_FREE, {"org": self._org})


def _pooled(connection: Connection) -> bool:
    """Say whether a pooler answered: it cannot know the number the server's process has."""
    driver: Any = connection.connection.dbapi_connection
    told = driver.info.backend_pid
    return bool(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() != told)
