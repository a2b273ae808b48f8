"""Values and processes that the tests of the state store share."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, inspect

from crmrules.connector import CreateTask, Row, SetFields, TaskFields, Write
from crmrules.state import OrgStore, Store

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ORG = "00D000000000001"
ROOT = Path(__file__).resolve().parents[2]
SERVER = "CRMRULES_TESTS_POSTGRES"  # the address of a server, for this process and its children
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
at_length_on_postgres = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.torture)], indirect=True
)
on_postgres = pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


@dataclass(frozen=True)
class Wish:
    write: Write
    opportunity: str = "006A"
    action: str = "create_task"
    rule: str | None = "some-rule"
    owner: str | None = "005A"
    before: Mapping[str, Any] = field(default_factory=dict)
    first_fill: bool = False


def create(key: str, subject: str = "Call them", *, link: bool = True) -> Wish:
    task = TaskFields(subject, "Why", date(2026, 11, 30), "005A", "006A", "some-rule", link)
    return Wish(CreateTask(key, task))


def flags(opportunity: str, *names: str) -> Wish:
    values = {"flags": list(names), "checked_at": NOW}
    return Wish(SetFields(opportunity, values), opportunity, "set_flags", None)


def row(
    kind: str, id_: str, parent: str, body: Mapping[str, Any] | None = None, **more: Any
) -> Row:
    return Row(kind, id_, parent, "2026-11-01T00:00:00Z", body or {"Id": id_}, **more)


def opportunity(id_: str, account: str | None = None, **more: Any) -> Row:
    return row("Opportunity", id_, id_, account=account, **more)


def open_store(folder: Path, clock: Clock | None = None) -> Store:
    """Open the store of a folder: a file in it, or a schema of the server under test."""
    return Store(address(folder), clock=clock or Clock())


def address(folder: Path) -> str:
    server = os.environ.get(SERVER)
    if server is None:
        return f"sqlite:///{folder / 'state.db'}"
    schema = f"s{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    return f"{server}?options=-csearch_path%3D{schema}"


def quick_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder in memory where there is one: thousands of commits need no disk."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)


def content(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the store that a roll-back must leave alone."""
    with store.reading() as connection:
        tables = sorted(inspect(connection).get_table_names())
        return {
            name: sorted(
                (tuple(r) for r in connection.exec_driver_sql(f"SELECT * FROM {name}")), key=repr
            )
            for name in tables
        }


def start(script: str, *args: object) -> subprocess.Popen[str]:
    """Run a script in a process of its own; it says what it has reached on its output."""
    path = os.pathsep.join([str(ROOT / "src"), str(Path(__file__).parent)])
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def states(org: OrgStore) -> dict[str | None, str]:
    from crmrules.state import IntentState

    with org.reading() as tx:
        return {intent.key: str(intent.state) for intent in tx.outbox.intents(*IntentState)}
