"""The state store: what is open, for whom, and in which transaction.

One transaction is one atomic phase: watermarks, episodes and intents become durable together or not
at all. ``dry_run`` is the same transaction, always undone, so a plan sees what a sync would do.
Nothing reaches the database before the first use, so that ``--help`` and ``init`` need none.

It decides nothing and knows no CRM.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, text

from crmrules.errors import StateError, UsageError
from crmrules.state import backup, upgrade
from crmrules.state.columns import damaged
from crmrules.state.database import connect, file_of, parse, read_only
from crmrules.state.organization import OrgStore
from crmrules.state.schema import VERSION

_QUICK_CHECK_BYTES = 64 << 20  # up to here the check at the start takes less than a second


def _now() -> datetime:
    return datetime.now(UTC)


class Store:
    """One database, for any number of organizations.

    ``clock`` gives the moments of leases and runs; ``nonce`` the ids of leases.
    Raises UsageError for an address that cannot be one.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], datetime] = _now,
        nonce: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        self.url = parse(url)
        self.file = file_of(self.url)
        self.clock, self.nonce = clock, nonce
        self._engine: Engine | None = None
        self._ready = False

    @property
    def engine(self) -> Engine:
        """The engine, made at the first use."""
        if self._engine is None:
            self._engine = connect(self.url)
        return self._engine

    def for_org(self, org: str) -> OrgStore:
        """Return the part of one organization; a new database gets its tables first.

        Raises StateError for a store that is damaged, newer than this program, or not migrated.
        """
        self._prepare()
        return OrgStore(self, org)

    def organizations(self) -> list[str]:
        """Return the organizations that have ever been in this store."""
        self._prepare()
        with self.reading() as connection:
            found = connection.execute(text("SELECT org FROM meta ORDER BY org")).scalars()
            return [str(org) for org in found]

    def _prepare(self) -> None:
        if self._ready:
            return
        if self.file is not None and self.file.exists():
            self._quick_check(self.file)
        with self.reading() as connection:
            found = upgrade.check(connection)
        if found is None:
            upgrade.upgrade(self.engine)
        elif found != VERSION:
            raise StateError(
                f"the state store has version {found}, this program needs {VERSION}",
                remedy="Run 'crmrules state migrate'; it makes a backup first.",
            )
        self._ready = True

    def _quick_check(self, file: Path) -> None:
        if file.stat().st_size <= _QUICK_CHECK_BYTES:
            self._pragma("quick_check(1)")

    def verify(self) -> None:
        """Read the whole database and every index. Raises StateError where it is damaged."""
        if self.file is not None:
            self._pragma("integrity_check(1)")

    def _pragma(self, check: str) -> None:
        with self.reading() as connection:
            said = connection.exec_driver_sql(f"PRAGMA {check}").scalar_one()
        if said != "ok":
            raise damaged(str(said).replace("\n", " ")[:200])

    def migrate(self, to: str = VERSION, *, keep: bool = True) -> Path | None:
        """Bring the tables to a version; return the backup made before, None where none was.

        ``keep`` False makes no backup. Raises UsageError for a version that there never was.
        """
        if to not in upgrade.versions():
            raise UsageError(
                f"there is no version {to} of the state store",
                remedy=f"Name one of {', '.join(upgrade.versions())}.",
            )
        with self.reading() as connection:
            found = upgrade.check(connection)
        if found == to or (found is None and to != VERSION):
            return None
        kept = None
        if found is not None and keep:
            kept = backup.place(self.url, found)
            self.backup(kept)
        if found is not None and to < found:
            upgrade.downgrade(self.engine, to)
        else:
            upgrade.upgrade(self.engine)
        self._ready = False
        return kept

    def backup(self, path: Path) -> None:
        """Write a consistent copy, while runs go on.

        Raises UsageError where it cannot be there, StateError where it could not be made.
        """
        backup.write(self.engine, path)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a consistent view that never waits for a writer, and writes nothing."""
        with self.engine.connect() as connection:
            reader = connection.execution_options(**read_only(self.url))
            with reader.begin() as transaction:
                yield reader
                transaction.rollback()

    def close(self) -> None:
        """Close every connection."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        self._ready = False

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()
