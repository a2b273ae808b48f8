"""Opening the database, and turning its failures into errors a person can act on.

SQLite runs in WAL mode with synchronous=FULL: what was committed survives a power cut, and the
outbox relies on it. Every writing transaction begins IMMEDIATE, because one that starts by reading
and wants to write later fails at once when somebody else wrote in between.

PostgreSQL is told the same: commits are waited for, a lock is waited for as long as SQLite does,
and a transaction whose process stalls longer than a lease lasts is ended by the server.

It knows neither tables nor organizations.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from crmrules.errors import CrmRulesError, StateError, UsageError
from crmrules.state import mounts
from crmrules.state.columns import damaged
from crmrules.state.failures import translated

BUSY_SECONDS = 10.0
READ_ONLY = "crmrules_read_only"  # execution option: begin without asking for the write lock
_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-16000",  # 16 MB; beyond that, dirty pages go to disk: memory stays flat
    "PRAGMA journal_size_limit=67108864",
)
SPARE_BYTES = 16 << 20  # the answers to a thousand writes, their audit, and the journal of both
CONNECT_SECONDS = 10
_SESSION = (
    "SET synchronous_commit = on",  # what a role or a database turned off must not cost an intent
    "SET idle_in_transaction_session_timeout = '15min'",
    "SET idle_session_timeout = 0",  # the connection of the advisory lock only waits
    # A machine that vanished is noticed within two minutes, not two hours.
    "SET tcp_keepalives_idle = 60",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 6",
)
_DRIVER = "psycopg"
_in_use: WeakKeyDictionary[Engine, set[Any]] = WeakKeyDictionary()  # the driver's connections


def parse(url: str) -> URL:
    """Return the parsed address. Raises UsageError where it is none that we can use."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UsageError(
            "the state address is not a URL",
            where="[state] url",
            remedy="Write 'sqlite:///crmrules.db' or 'postgresql+psycopg://user@host/database'.",
        ) from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise UsageError(
            f"state cannot live in {parsed.get_backend_name()!r}",
            where="[state] url",
            remedy="Use sqlite or postgresql+psycopg.",
        )
    if parsed.get_backend_name() == "sqlite":
        _check_folder(parsed)
    elif parsed.drivername != f"postgresql+{_DRIVER}":
        raise UsageError(
            f"state is reached by the driver {_DRIVER} alone",
            where="[state] url",
            remedy=f"Begin it with 'postgresql+{_DRIVER}://'.",
        )
    return parsed


def file_of(url: URL) -> Path | None:
    """Return the SQLite file, None for a database server."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def _check_place(folder: Path) -> None:
    kind = mounts.network(folder)
    if kind is not None:
        raise StateError(
            f"the state file would be on a network share ({kind}: {folder})",
            where="[state] url",
            remedy="Put it on a local disk, or use PostgreSQL.",
        )


def _check_folder(url: URL) -> None:
    if url.database in (None, "", ":memory:"):
        raise UsageError(
            "state in memory would be lost with the run",
            where="[state] url",
            remedy="Name a file: sqlite:///crmrules.db",
        )
    folder = Path(str(url.database)).resolve().parent
    if not folder.is_dir():
        raise UsageError(
            f"the folder of the state file does not exist: {folder}",
            where="[state] url",
            remedy=f"Make it (mkdir -p {folder}) or name another one.",
        )
    _check_place(folder)


def connect(url: URL) -> Engine:
    """Return an engine that speaks to this database the way the module says."""
    sqlite = url.get_backend_name() == "sqlite"
    options: dict[str, Any] = {}
    if sqlite:
        options["connect_args"] = {"timeout": BUSY_SECONDS, "isolation_level": None}
        keep_private(Path(str(url.database)))
    else:
        options["connect_args"] = _unsaid(url, connect_timeout=CONNECT_SECONDS)
    try:
        engine = create_engine(url, **options)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise UsageError(
            "the driver for PostgreSQL is not installed",
            where="[state] url",
            remedy="pip install 'crmrules[postgres]'",
        ) from error
    event.listen(engine, "handle_error", _translate)
    in_use: set[Any] = set()
    event.listen(engine, "checkout", lambda raw, *_: in_use.add(raw))
    event.listen(engine, "checkin", lambda raw, *_: in_use.discard(raw))
    _in_use[engine] = in_use
    if sqlite:
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "connect", _prepare_session)
    return engine


def undo_open(engine: Engine) -> None:
    """Undo whatever transaction is open; for where none can be, but after an interruption.

    What a signal raises between the begin of a transaction and the block that would end it leaves
    it open, and everything that follows would wait for its lock in vain.
    """
    for raw in list(_in_use.get(engine, ())):
        with suppress(Exception):  # it may be gone; then so is its lock
            raw.rollback()


def _unsaid(url: URL, **defaults: Any) -> dict[str, Any]:
    """Return what the address leaves open: what an admin writes there stands."""
    return {name: value for name, value in defaults.items() if name not in url.query}


def read_only(url: URL) -> dict[str, Any]:
    """Return the options of a connection that sees one moment, waits for nobody and only reads."""
    if url.get_backend_name() == "sqlite":
        return {READ_ONLY: True}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def room(file: Path) -> None:
    """Raise StateError where the disk has too little room left to record what is sent."""
    free = shutil.disk_usage(file.parent).free
    if free < SPARE_BYTES:
        raise StateError(
            f"the disk of the state file is almost full ({free >> 20} MB left,"
            f" {SPARE_BYTES >> 20} MB are needed); nothing was sent",
            remedy="Free some disk space and run again: nothing was lost.",
        )


def keep_private(file: Path) -> None:
    """Make a new file for its owner alone: it will hold what customers told us.

    SQLite gives its journal the rights of the file. One that exists keeps what an admin chose.
    """
    with suppress(OSError):  # opening it says what is wrong, in our words
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _prepare_session(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        for statement in (*_SESSION, f"SET lock_timeout = {int(BUSY_SECONDS * 1000)}"):
            cursor.execute(statement)
    connection.commit()


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    try:
        _set_up(connection)
    except UnicodeDecodeError as error:  # SQLite quotes what is damaged; the engine lets it pass
        raise damaged("its text is not readable") from error


def _set_up(connection: sqlite3.Connection) -> None:
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        connection.close()
        raise StateError(
            f"this file system cannot hold the state file safely (journal mode {mode})",
            remedy="Put it on a local disk, not on a network share, or use PostgreSQL.",
        )
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _translate(context: ExceptionContext) -> None:
    """Raise our error in place of the driver's; one that tells of a bug of ours passes."""
    error = context.original_exception
    if isinstance(error, CrmRulesError):
        raise error
    ours = translated(error)
    if ours is not None:
        raise ours from error
