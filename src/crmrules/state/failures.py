"""What a failure of the database means to the person who runs crmrules, and what to do about it.

PostgreSQL names a failure by its SQLSTATE, except one to connect, which has nothing but words.
SQLite has words only. What is not recognized as the database's or the user's trouble is a bug of
ours and keeps its traceback.

It opens nothing.
"""

from __future__ import annotations

import re
import sqlite3

from crmrules.errors import LockedError, StateError
from crmrules.state.columns import damaged

_WAIT = "Wait until it ends, then run again; 'crmrules status' shows the last runs."
_FULL = "Free some disk space and run again: nothing was lost, the transaction was undone."
_SQLITE = (
    (("full", "no space"), "the disk is full", _FULL),
    (
        ("disk i/o error",),
        "the disk does not take or give what it should",
        "Look at the disk, its quota and ulimit -f, then run again: the transaction was undone.",
    ),
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
_RESTORE = "Restore a backup, or give it an empty database and run 'crmrules sync --full'."
_STATES = {  # SQLSTATE, or its first two characters
    "53100": ("the disk of PostgreSQL is full", _FULL),
    "53": (
        "PostgreSQL has no room for us",
        "Raise its limit of connections or memory, or run fewer syncs at once.",
    ),
    "25006": (
        "PostgreSQL is read-only",
        "Is the address that of a standby? Name the primary in [state] url.",
    ),
    "42501": (
        "the role may not do this in PostgreSQL",
        "Let the role own its database or schema: see docs/state.md.",
    ),
    "XX": ("PostgreSQL found damaged data", _RESTORE),
    "58": ("PostgreSQL cannot read or write its files", "Look at its log and its disk."),
    "57": (
        "PostgreSQL ended the connection",
        "Was it restarted, or did this run stall? Run again: the transaction was undone.",
    ),
    "42": (
        "the tables in PostgreSQL are not those of crmrules",
        "Is it the right database and schema? If it is, restore a backup.",
    ),
}
_REFUSALS = (
    (
        "password authentication failed|no password supplied|role .* does not exist",
        "PostgreSQL does not let us in",
        "Check user and password: in [state] url, ~/.pgpass or PGPASSWORD.",
    ),
    (
        "database .* does not exist",
        "the database does not exist",
        "Make it: createdb --owner ROLE NAME, or name another one in [state] url.",
    ),
    ("pg_hba.conf", "PostgreSQL does not let us in", "Allow this host and role in pg_hba.conf."),
    (
        "too many clients|remaining connection slots",
        "PostgreSQL has no connection left",
        "Raise max_connections, or run fewer syncs at once.",
    ),
)
_NO_SERVER = "Is the server running, and are host and port in [state] url right?"


def translated(error: BaseException) -> StateError | LockedError | None:
    """Return what a failure of the database means to the user; None: a bug, not a failure."""
    if type(error).__module__.partition(".")[0] == "psycopg":
        return _of_postgresql(error)
    return _of_sqlite(error)


def _of_sqlite(error: BaseException) -> StateError | LockedError | None:
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return None
    text = str(error).lower()
    if isinstance(error, UnicodeDecodeError):  # SQLite's own messages, when names are damaged
        return damaged("its text is not readable")
    if "locked" in text or "busy" in text:
        return LockedError("another process is writing to the state store", remedy=_WAIT)
    for words, message, remedy in _SQLITE:
        if any(word in text for word in words):
            return StateError(message, remedy=remedy)
    if isinstance(error, sqlite3.DatabaseError | OverflowError):
        return damaged(str(error))
    return None


def _of_postgresql(error: BaseException) -> StateError | LockedError | None:
    state = getattr(error, "sqlstate", None)
    if state is None:
        names = {kind.__name__ for kind in type(error).__mro__}
        return _unreachable(str(error)) if "OperationalError" in names else None
    if state in ("55P03", "40P01", "40001"):  # lock timeout, deadlock, serialization
        return LockedError("another process is writing to the state store", remedy=_WAIT)
    if state == "0A000" and "recovery" in str(error):  # a standby, asked to write
        state = "25006"
    if state in ("28P01", "28000", "3D000"):
        return _unreachable(str(error))
    found = _STATES.get(state) or _STATES.get(state[:2])
    if found is None:
        return None
    return StateError(f"{found[0]} ({_line(str(error))})", remedy=found[1])


def _unreachable(said: str) -> StateError:
    for words, message, remedy in _REFUSALS:
        if re.search(words, said):
            return StateError(f"{message} ({_line(said)})", remedy=remedy)
    return StateError(f"PostgreSQL cannot be reached ({_line(said)})", remedy=_NO_SERVER)


def _line(said: str) -> str:
    """Return the last line that says something; libpq puts what it tried before it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return (lines or ["no reason given"])[-1][:300]
