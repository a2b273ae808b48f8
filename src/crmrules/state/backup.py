"""A consistent copy of the store while runs go on: SQLite's own, or PostgreSQL's ``pg_dump``.

The copy holds what the store holds, so it is made for its owner's eyes alone. A copy that could not
be finished is removed. The password of the database reaches ``pg_dump`` by its environment, where
no list of processes shows it.

It restores nothing: docs/state.md says how.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine

from crmrules.errors import StateError, UsageError
from crmrules.state.database import file_of, keep_private
from crmrules.state.failures import translated

_OTHER_TOOLS = "Or back it up by other tools, and add --without-backup to 'state migrate'."


def place(url: URL, version: str) -> Path:
    """Return where the backup before a migration goes: beside the file, or where we are."""
    file = file_of(url)
    if file is None:
        return Path(f"{url.database}.{version}.backup")
    return file.with_name(f"{file.name}.{version}.backup")


def write(engine: Engine, path: Path) -> None:
    """Write the copy. Raises UsageError where it cannot be there, StateError where it fails."""
    if path.exists():
        raise UsageError(
            "the backup would overwrite a file",
            where=str(path),
            remedy="Name one that does not exist.",
        )
    if not path.resolve().parent.is_dir():
        raise UsageError(
            "the folder for the backup does not exist",
            where=str(path),
            remedy=f"Make it: mkdir -p {path.parent}",
        )
    make = _vacuum if file_of(engine.url) is not None else _dump
    keep_private(path)
    try:
        make(engine, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _vacuum(engine: Engine, path: Path) -> None:
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        try:  # past the engine: it would begin a transaction, and VACUUM refuses to be in one
            driver.execute("VACUUM INTO ?", (str(path),))
        except sqlite3.Error as error:
            ours = translated(error)
            if ours is None:
                raise
            raise ours from error


def _dump(engine: Engine, path: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise UsageError(
            "pg_dump is not on this machine, and it makes the backups of PostgreSQL",
            remedy="Install the client programs of PostgreSQL, as new as the server at least."
            f" {_OTHER_TOOLS}",
        )
    url = engine.url
    environment = dict(os.environ) | ({"PGPASSWORD": str(url.password)} if url.password else {})
    address = URL.create("postgresql", url.username, None, url.host, url.port, url.database)
    address = address.update_query_dict(url.query)
    command = [program, "--format=custom", "--no-password", f"--file={path}"]
    command.append(f"--dbname={address.render_as_string(hide_password=False)}")
    done = subprocess.run(  # noqa: S603 - a program of that name, no shell
        command, env=environment, capture_output=True, text=True, check=False, errors="replace"
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise StateError(
            f"pg_dump could not make the backup ({said[:300]})",
            remedy="Is it as new as the server, is there room, may the role read everything?"
            f" {_OTHER_TOOLS}",
        )
