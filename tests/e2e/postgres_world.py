"""An organization whose state is on PostgreSQL, in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesforce_world import SalesforceWorld


@dataclass
class OnPostgres(SalesforceWorld):
    """``postgres`` is the server, ``database`` the name of the database, made anew."""

    database: str = "postgres"
    postgres: Any = None

    @property
    def state_url(self) -> str:
        return self.postgres.url(self.database)

    def settle(self):
        """Sync once so that every finding is pending, and let the settle time pass."""
        self.synced()
        self.advance()
        return self

    def forget(self) -> None:
        self.postgres.sql(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        self.postgres.sql(f"CREATE DATABASE {self.database}")


@contextmanager
def on_postgres(server: Any, folder: Path, database: str, **more: Any) -> Iterator[OnPostgres]:
    """Make such a world with an empty database."""
    world = OnPostgres(folder, database=database, postgres=server, **more)
    try:
        world.forget()
        yield world
    finally:
        world.server.stop()
