"""Opening the database, and turning its failures into errors a person can act on.

SQLite runs in WAL mode with synchronous=FULL: what was committed survives a power cut, and the
outbox relies on it. Every writing transaction begins IMMEDIATE, because one that starts by reading
and wants to write later fails at once when somebody else wrote in between.

It knows neither tables nor organizations.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from crmrules.errors import CrmRulesError, LockedError, StateError, UsageError
from crmrules.state.columns import damaged

BUSY_SECONDS = 10.0
READ_ONLY = "crmrules_read_only"  # execution option: begin without asking for the write lock
_FULL = "Free some disk space and run again: nothing was lost, the transaction was undone."
_FAILURES = (
    (("full", "no space"), "the disk is full", _FULL),
    (
        ("readonly", "read-only"),
        "the state store is read-only",
        "Let the user that runs crmrules write to the file and to its folder.",
    ),
    (
        ("unable to open",),
        "the state file cannot be opened",
        "Check that the folder exists and that we may read and write in it.",
    ),
)
_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-16000",  # 16 MB; beyond that, dirty pages go to disk: memory stays flat
    "PRAGMA journal_size_limit=67108864",
)


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
    return parsed


def file_of(url: URL) -> Path | None:
    """Return the SQLite file, None for a database server."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


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


def connect(url: URL) -> Engine:
    """Return an engine that speaks to this database the way the module says."""
    sqlite = url.get_backend_name() == "sqlite"
    options: dict[str, Any] = {}
    if sqlite:
        options["connect_args"] = {"timeout": BUSY_SECONDS, "isolation_level": None}
    if sqlite:
        _keep_private(Path(str(url.database)))
    try:
        engine = create_engine(url, **options)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise UsageError(
            f"the driver for {url.drivername!r} is not installed",
            where="[state] url",
            remedy="Install it, for PostgreSQL the package psycopg[binary].",
        ) from error
    event.listen(engine, "handle_error", _translate)
    if sqlite:
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _keep_private(file: Path) -> None:
    """Make a new file for its owner alone: it will hold what customers told us.

    SQLite gives its journal the rights of the file. One that exists keeps what an admin chose.
    """
    with suppress(OSError):  # opening it says what is wrong, in our words
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _prepare(connection: sqlite3.Connection, _: object) -> None:
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


def translated(error: BaseException) -> StateError | LockedError | None:
    """Return what a failure of the database means to the user; None: a bug, not a failure."""
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return None
    text = str(error).lower()
    if isinstance(error, UnicodeDecodeError):  # SQLite's own messages, when names are damaged
        return damaged("its text is not readable")
    if "locked" in text or "busy" in text:
        return LockedError(
            "another process is writing to the state store",
            remedy="Wait until it ends, then run again; 'crmrules status' shows the last runs.",
        )
    for words, message, remedy in _FAILURES:
        if any(word in text for word in words):
            return StateError(message, remedy=remedy)
    if isinstance(error, sqlite3.DatabaseError | OverflowError):
        return damaged(str(error))
    return None
