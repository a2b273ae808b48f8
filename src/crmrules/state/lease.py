"""One run at a time, per organization, also when a run dies, stalls, or wakes up late.

Two layers. A lock that is free the moment its process dies, so a killed run needs nobody to clean
up: the operating system's on ``<database>.lock`` beside a SQLite file, a connection's on PostgreSQL
(``advisory``). And the lease row, which carries a token that only ever grows: every transaction of
a run checks its token, so a run that was overtaken writes nothing any more. Where the first layer
does not reach, the row of a dead holder is free once it has expired.

It does not wait: who finds it taken is told by whom, and leaves.
"""

from __future__ import annotations

import fcntl
import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

from sqlalchemy import Connection, RowMapping, select, update

from crmrules.errors import LockedError, StateError, UsageError
from crmrules.state.columns import clean
from crmrules.state.dialect import upsert
from crmrules.state.schema import lease

TIME_TO_LIVE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Fence:
    """The right to write for one organization, as long as nobody has overtaken us."""

    org: str
    nonce: str
    token: int


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a lease; ``nonce`` is what ``unlock`` asks for."""

    holder: str
    host: str
    pid: int
    since: datetime
    nonce: str
    expires: datetime


class Reach(Enum):
    """Whose rows the first layer, once it is ours, proves to be left behind."""

    NOTHING = 0  # it is not ours, or means nothing
    HOST = 1  # those of this machine
    EVERYWHERE = 2


class FileLock:
    """The operating system's lock beside a SQLite file."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self, holder: str, now: datetime) -> None:
        """Take it at once or raise LockedError, naming who holds it."""
        while True:
            descriptor = _open(self.path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                who = os.pread(descriptor, 500, 0).decode("utf-8", "replace") or "another run"
                os.close(descriptor)
                raise _locked(who) from None
            if _same_file(descriptor, self.path):
                break
            os.close(descriptor)  # somebody unlocked by force in between: theirs is another file
        said = f"{holder}, process {os.getpid()} on {socket.gethostname()} since {_z(now)}"
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, said.encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let it go. The file stays: removing it would let two runs lock two files of one name."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def force(self) -> None:
        """Take the file away from a holder that cannot be reached; its token fences it off."""
        self.path.unlink(missing_ok=True)


def acquire(
    connection: Connection, org: str, holder: str, now: datetime, nonce: str, reach: Reach
) -> Fence:
    """Write the lease row.

    A row within ``reach`` of the first layer is what a killed run left behind, however fresh.
    Raises LockedError while somebody else holds it.
    """
    query = select(lease).where(lease.c.org == org).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    host, token = socket.gethostname(), 1
    if row is not None:
        token = row["token"] + 1
        here = reach is Reach.HOST and row["host"] == host
        left_behind = here or reach is Reach.EVERYWHERE
        if row["nonce"] is not None and row["expires"] > now and not left_behind:
            raise refused(_held(row))
    values = {"org": org, "holder": clean(holder), "host": host, "pid": os.getpid(), "since": now}
    values |= {"nonce": nonce, "token": token, "expires": now + TIME_TO_LIVE}
    connection.execute(upsert(connection, lease), values)
    return Fence(org, nonce, token)


def check(connection: Connection, fence: Fence, now: datetime) -> None:
    """Renew the lease inside a transaction, or raise LockedError where we were overtaken."""
    renewed = connection.execute(
        update(lease)
        .where(lease.c.org == fence.org, lease.c.token == fence.token, lease.c.nonce == fence.nonce)
        .values(expires=now + TIME_TO_LIVE)
    )
    if renewed.rowcount != 1:
        raise LockedError(
            "another run has taken over while this one stalled; this one writes nothing more",
            remedy="Nothing to do: the other run continues. Look at 'crmrules status'.",
        )


def release(connection: Connection, fence: Fence) -> None:
    """Give the lease back; nothing happens where we were overtaken."""
    connection.execute(
        update(lease)
        .where(lease.c.org == fence.org, lease.c.token == fence.token, lease.c.nonce == fence.nonce)
        .values(nonce=None)
    )


def held(connection: Connection, org: str) -> Held | None:
    """Return who holds the lease, None when nobody does."""
    row = connection.execute(select(lease).where(lease.c.org == org)).mappings().one_or_none()
    return None if row is None or row["nonce"] is None else _held(row)


def _held(row: RowMapping) -> Held:
    return Held(row["holder"], row["host"], row["pid"], row["since"], row["nonce"], row["expires"])


def refused(who: Held | None) -> LockedError:
    """Return what a run is told that finds the lease taken; None: by one that just begins."""
    if who is None:
        return _locked("one that is just beginning or ending")
    said = f"{who.holder}, process {who.pid} on {who.host} since {_z(who.since)}"
    return _locked(said, who.nonce)


def unlock(connection: Connection, org: str, nonce: str) -> None:
    """End the lease with this nonce by force. Raises UsageError where it is not the one held."""
    ended = connection.execute(
        update(lease)
        .where(lease.c.org == org, lease.c.nonce == nonce)
        .values(nonce=None, token=lease.c.token + 1)
    )
    if ended.rowcount != 1:
        raise UsageError(
            f"no run holds a lock with the id {nonce!r}",
            remedy="The id is in the message of the run that was refused; it may have ended since.",
        )


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise StateError(
            f"the lock file cannot be opened: {error.strerror}",
            where=str(path),
            remedy="Let the user that runs crmrules write in the folder of the state file.",
        ) from error


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _locked(who: str, nonce: str | None = None) -> LockedError:
    force = f" If it is gone for good: crmrules unlock --id {nonce}" if nonce else ""
    return LockedError(
        f"another run holds the lock: {who}",
        remedy=f"Wait until it ends, then run again; nothing was done.{force}",
    )


def _z(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
