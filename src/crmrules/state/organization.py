"""The state of one organization: its lease, its transactions, its runs.

While a lease is held here, every transaction is fenced by it, asked or not.

It decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, func, select

from crmrules.errors import CrmRulesError
from crmrules.findings import EpisodeStatus
from crmrules.state import lease, runs
from crmrules.state.advisory import SessionLock
from crmrules.state.database import room, undo_open
from crmrules.state.dialect import upsert
from crmrules.state.lease import Fence, FileLock, Held, Reach
from crmrules.state.prune import prune
from crmrules.state.retention import Retention
from crmrules.state.schema import VERSION, episode, meta
from crmrules.state.transaction import Transaction
from crmrules.state.types import Intent, Status

if TYPE_CHECKING:
    from crmrules.state.store import Store

log = structlog.get_logger()


class OrgStore:
    """What the store holds for one organization."""

    def __init__(self, store: Store, org: str) -> None:
        self._store, self.org = store, org
        self._fence: Fence | None = None
        self._file_lock = None if store.file is None else FileLock(store.file)
        self._session_lock = None if store.file is not None else SessionLock(store.engine, org)

    @contextmanager
    def lease(self, holder: str) -> Iterator[Fence]:
        """Hold the right to write; raise LockedError at once where another run has it."""
        now = self._store.clock()
        with self._alone(holder, now) as reach:
            nonce = self._store.nonce()
            with self._store.engine.begin() as connection:
                fence = lease.acquire(connection, self.org, holder, now, nonce, reach)
            self._fence = fence
            try:
                with self._nothing_left_open():
                    yield fence
            finally:
                self._fence = None
                self._release(fence)

    @contextmanager
    def _alone(self, holder: str, now: datetime) -> Iterator[Reach]:
        """Hold the lock that ends with its process; give back what that proves of older rows."""
        if self._file_lock is not None:
            self._file_lock.acquire(holder, now)
            try:
                yield Reach.HOST
            finally:
                self._file_lock.release()
        elif self._session_lock is not None:
            try:
                yield self._connected(self._session_lock, now)
            finally:
                with suppress(CrmRulesError):  # it ends with the process at the latest
                    self._session_lock.release()

    def _connected(self, lock: SessionLock, now: datetime) -> Reach:
        ours = lock.acquire()
        if ours is None:
            return Reach.NOTHING
        if ours:
            return Reach.EVERYWHERE
        who = self.held()
        stalled = who is not None and who.expires <= now
        if stalled and lock.evict():
            return Reach.EVERYWHERE
        raise lease.refused(who)

    def _release(self, fence: Fence) -> None:
        # What ended the run matters more than a lease that could not be given back: it expires.
        with suppress(CrmRulesError), self._store.engine.begin() as connection:
            lease.release(connection, fence)

    @contextmanager
    def _nothing_left_open(self) -> Iterator[None]:
        """Let an interrupted transaction not keep the lock that giving up takes."""
        try:
            yield
        except BaseException:
            undo_open(self._store.engine)
            raise

    def held(self) -> Held | None:
        """Return who holds the lease, None when nobody does."""
        with self._store.reading() as connection:
            return lease.held(connection, self.org)

    def unlock(self, nonce: str) -> None:
        """End another run's lease by force; what it still tries to write is refused.

        Raises UsageError where no run holds a lease with this id.
        """
        with self._store.engine.begin() as connection:
            lease.unlock(connection, self.org, nonce)
        if self._file_lock is not None:
            self._file_lock.force()
        elif self._session_lock is not None and self._session_lock.evict():
            self._session_lock.release()

    @contextmanager
    def transaction(self, fence: Fence | None = None) -> Iterator[Transaction]:
        """Open one atomic phase; committed at its end, undone by any exception.

        Raises LockedError where the fence was overtaken, and writes nothing then.
        """
        with self._store.engine.begin() as connection:
            yield self._enter(connection, fence)

    @contextmanager
    def dry_run(self, fence: Fence | None = None) -> Iterator[Transaction]:
        """Open the same phase, always undone: the store's content stays as it was."""
        with self._store.engine.connect() as connection, connection.begin() as transaction:
            try:
                yield self._enter(connection, fence)
            finally:
                transaction.rollback()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a consistent view for reports; it waits for nobody, and must not write."""
        with self._store.reading() as connection:
            yield Transaction(connection, self.org)

    def _enter(self, connection: Connection, fence: Fence | None) -> Transaction:
        mine = fence or self._fence
        if mine is not None:
            lease.check(connection, mine, self._store.clock())
        self._count(connection)
        return Transaction(connection, self.org)

    def _count(self, connection: Connection) -> None:
        query = select(meta.c.generation).where(meta.c.org == self.org)
        generation = connection.execute(query).scalar_one_or_none() or 0
        values = {"org": self.org, "schema_version": VERSION, "generation": generation + 1}
        connection.execute(upsert(connection, meta), values)

    def take(self, fence: Fence, limit: int, *, after: int = 0) -> list[Intent]:
        """Return the next intents to send, durably marked as being sent (write-ahead).

        Raises StateError where the disk is so full that their answers might not be recorded.
        """
        if self._store.file is not None:
            room(self._store.file)
        with self.transaction(fence) as tx:
            return tx.outbox.take(limit, self._store.clock(), after=after)

    @contextmanager
    def run(self, as_of: datetime, rules_hash: str, command: str = "sync") -> Iterator[Run]:
        """Write the row of a run and, at its end, how it ended; an error gives its exit code."""
        now = self._store.clock()
        with self.transaction() as tx:
            id_ = runs.begin(
                tx.connection, self.org, command=command, now=now, as_of=as_of, rules=rules_hash
            )
        run = Run(id_, rules_hash)
        try:
            with structlog.contextvars.bound_contextvars(run=id_), self._nothing_left_open():
                yield run
        except BaseException as error:
            run.exit_code = getattr(error, "exit_code", 1)
            with suppress(CrmRulesError):  # the error that ended the run is the one to show
                self._end(run)
            raise
        self._end(run)

    def _end(self, run: Run) -> None:
        with self.transaction() as tx:
            runs.end(
                tx.connection,
                self.org,
                run.id,
                now=self._store.clock(),
                exit_code=run.exit_code,
                counts=run.counts or {},
                calls=run.calls,
                floor=run.floor,
            )

    def prune(self, now: datetime, keep: Retention | None = None) -> None:
        """Remove what is older than we keep it: once a day, for two seconds at most.

        Never fails a run that has done its work: what is left is removed by a later one.
        """
        try:
            pruned = prune(self.transaction, now, keep)
        except CrmRulesError as error:
            log.warning("retention", error=error.message)
            return
        if pruned is not None and any(pruned.rows.values()):
            log.info("retention", complete=pruned.complete, **pruned.rows)

    def status(self, limit: int = 10) -> Status:
        """Return what there is to say about this organization's state."""
        with self.reading() as tx:
            opened = (
                select(episode.c.rule, func.count())
                .where(episode.c.org == self.org, episode.c.status == str(EpisodeStatus.OPEN))
                .group_by(episode.c.rule)
                .order_by(episode.c.rule)
            )
            return Status(
                self.org,
                runs.last(tx.connection, self.org, limit),
                tx.mirror.marks(),
                tx.outbox.counts(),
                {row.rule: row[1] for row in tx.connection.execute(opened)},
                tx.mirror.count(),
                runs.last_success(tx.connection, self.org),
                lease.held(tx.connection, self.org),
                tx.outbox.waiting_since(),
                tuple(tx.snapshots.weeks()),
                runs.last_complete(tx.connection, self.org),
                tx.history.refused_since(),
            )


@dataclass(slots=True)
class Run:
    """A run that goes on; what is set here is written at its end."""

    id: str
    rules_hash: str
    exit_code: int = 0
    counts: Mapping[str, Any] | None = None
    calls: int | None = None
    floor: int | None = None

    def finish(
        self,
        counts: Mapping[str, Any],
        *,
        exit_code: int = 0,
        calls: int | None = None,
        floor: int | None = None,
    ) -> None:
        """Say what the run did; written when its context ends."""
        self.counts, self.exit_code = counts, exit_code
        self.calls, self.floor = calls, floor
