"""The audit is append-only, and the database itself sees to it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DBAPIError
from state_kit import NOW, ORG, open_store

from crmrules.state.retention import Retention
from crmrules.state.schema import audit
from crmrules.state.upgrade import SCRIPTS

TODAY = datetime.now(UTC)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as store:
        store.for_org(ORG)
        yield store


def row(n: int, at: datetime) -> dict:
    said = {"action": "create_task", "opportunity": "006A", "result": "done", "rules_hash": "h"}
    return {"org": ORG, "id": n, "run": "r1", "at": at} | said


def add(store, *rows: dict) -> None:
    with store.engine.begin() as connection:
        connection.execute(insert(audit), list(rows))


def refused(store, statement) -> None:
    with (
        pytest.raises(DBAPIError, match="append-only"),
        store.engine.begin() as connection,
    ):
        connection.execute(statement)


def test_no_row_is_changed_or_removed_before_its_time(store):
    add(store, row(1, TODAY - timedelta(days=399)), row(2, TODAY))
    refused(store, update(audit).where(audit.c.id == 1).values(result="rejected"))
    refused(store, update(audit).where(audit.c.id == 2).values(at=NOW - timedelta(days=900)))
    for n in (1, 2):
        refused(store, delete(audit).where(audit.c.id == n))


def test_a_row_may_go_after_its_time(store):
    add(store, row(1, TODAY - timedelta(days=401)), row(2, TODAY))
    with store.engine.begin() as connection:
        assert connection.execute(delete(audit).where(audit.c.id == 1)).rowcount == 1


def test_no_way_round_is_left_open(store, database):
    add(store, row(1, TODAY))
    if database == "postgresql":
        refused(store, text("TRUNCATE audit"))
        return
    values = row(1, TODAY) | {"result": "rejected", "at": "2026-01-01T00:00:00.000000Z"}
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    refused(store, text(f"REPLACE INTO audit ({names}) VALUES ({marks})").bindparams(**values))


def test_the_database_refuses_for_as_long_as_the_retention_says():
    script = (SCRIPTS / "versions" / "v0002_guarded.py").read_text()
    days = {int(n) for n in re.findall(r"(\d+) days'", script)}
    assert days == {Retention().audit.days}
