from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from state_kit import (
    NOW,
    ORG,
    Clock,
    address,
    content,
    create,
    flags,
    on_postgres,
    on_sqlite,
    open_store,
    opportunity,
    start,
)

from crmrules.connector import Outcome, Result
from crmrules.errors import StateError, UsageError
from crmrules.findings import Episode, EpisodeStatus, TaskRecord
from crmrules.state import Answer, Store, upgrade
from crmrules.state.schema import VERSION, metadata


def _layout(connection):
    """Columns in their order, keys and indexes of every table, as the database knows them."""
    inspector, found = inspect(connection), {}
    for table in sorted(metadata.tables):
        columns = [
            (c["name"], str(c["type"]), c["nullable"], c.get("primary_key"))
            for c in inspector.get_columns(table)
        ]
        keys = inspector.get_pk_constraint(table), inspector.get_unique_constraints(table)
        indexes = sorted(
            (i["name"], i["column_names"], {k: str(v) for k, v in i["dialect_options"].items()})
            for i in inspector.get_indexes(table)
        )
        found[table] = (columns, keys, indexes)
    return found


def test_the_migrations_make_exactly_the_tables_of_the_schema(tmp_path):
    with open_store(tmp_path) as store:
        store.for_org(ORG)
        with store.reading() as connection:
            migrated = _layout(connection)
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
    (tmp_path / "direct").mkdir()
    with open_store(tmp_path / "direct") as direct, direct.engine.begin() as connection:
        metadata.create_all(connection)
        assert _layout(connection) == migrated


def test_the_version_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(upgrade.SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [VERSION]


def test_every_table_is_keyed_by_organization_first():
    for table in metadata.tables.values():
        assert next(iter(table.primary_key.columns)).name == "org"


def _set_version(path: Path, version: str) -> None:
    with open_store(path) as store:
        store.for_org(ORG)
        with store.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})


@pytest.mark.fault("S7")
def test_a_store_of_a_newer_program_is_refused(tmp_path):
    _set_version(tmp_path, "0099")
    with open_store(tmp_path) as store:
        for use in (lambda: store.for_org(ORG), store.migrate):
            with pytest.raises(StateError, match="0099") as caught:
                use()
            assert caught.value.exit_code == 5
            assert "newer" in caught.value.remedy


def test_a_store_of_an_older_program_asks_for_the_migration(tmp_path):
    _set_version(tmp_path, "0000")
    with open_store(tmp_path) as store, pytest.raises(StateError) as caught:
        store.for_org(ORG)
    assert "crmrules state migrate" in caught.value.remedy


@pytest.mark.fault("S7")
@on_sqlite
def test_an_older_store_is_backed_up_before_it_is_touched(tmp_path, monkeypatch):
    _set_version(tmp_path, "0001")
    seen = []
    monkeypatch.setattr(
        upgrade, "upgrade", lambda _: seen.append(sorted(tmp_path.glob("*.backup")))
    )
    with open_store(tmp_path) as store:
        kept = store.migrate()
        assert seen == [[kept]]
        assert store.migrate(keep=False) is None


def test_a_version_that_there_never_was_is_refused(tmp_path):
    with open_store(tmp_path) as store, pytest.raises(UsageError, match="0077") as caught:
        store.migrate("0077")
    assert "0001, 0002, 0003" in caught.value.remedy


def _fill(store):
    org = store.for_org(ORG)
    with org.lease("sync") as fence, org.run(NOW, "hash") as run:
        with org.transaction(fence) as tx:
            tx.mirror.put([opportunity("006A", "001A")], run.id)
            tx.mirror.set_marks({"Opportunity": "m1"})
            tx.outbox.plan([create("cr1:1:o:a"), flags("006A", "late")], run.id)
            tx.save(
                episodes=[Episode("some-rule", "006A", 1, EpisodeStatus.OPEN, NOW, NOW, NOW)],
                tasks=[TaskRecord("cr1:1:o:a", "some-rule", "006A", 1, made_at=NOW)],
            )
            tx.history.demote("other-rule", NOW, "31 % useful")
            tx.snapshots.take(NOW)
            tx.packs.used("a hash", b"rules", "1.0", NOW)
        taken = org.take(fence, 1)
        with org.transaction(fence) as tx:
            tx.outbox.settle([Answer(taken[0], Outcome(Result.DONE, "00T"))], run=run.id, now=NOW)
    return org


SINCE_0003 = ("snapshot", "snapshot_week", "pack")


def _kept(store):
    """The content without what only one version holds."""
    return {
        name: rows
        for name, rows in content(store).items()
        if name not in ("alembic_version", "task", "episode", *SINCE_0003)
    }


@pytest.mark.fault("S7")
def test_down_and_up_again_keeps_what_the_older_version_can_hold(tmp_path):
    with open_store(tmp_path) as store:
        org = _fill(store)
        before = _kept(store)
        with org.reading() as tx:
            past = tx.past("006A")
        told = replace(past[1][0], evidence=("00T1",), accepted_at=NOW)
        with org.transaction() as tx:
            tx.save(tasks=[told])
        store.migrate("0001", keep=False)
        assert _version(store) == "0001"
        assert _columns(store, "task") >= {"last_values"}
        assert _kept(store) == before | {"meta": _kept(store)["meta"]}
        with pytest.raises(StateError, match="0001"):
            store.for_org(ORG)
        store.migrate(keep=False)
        with store.for_org(ORG).reading() as tx:
            assert tx.past("006A") == past
        assert _kept(store) == before | {"meta": _kept(store)["meta"]}


def test_going_back_to_0002_loses_the_weeks_and_the_packs_alone(tmp_path):
    with open_store(tmp_path) as store:
        org = _fill(store)
        before = content(store)
        store.migrate("0002", keep=False)
        assert _columns(store, "snapshot") == {"org", "taken_at", "opportunity", "body"}
        store.migrate(keep=False)
        after = content(store)
        gone = {"snapshot", "snapshot_week", "pack"}
        assert all(len(before[name]) == 1 and after[name] == [] for name in gone)
        assert {n: r for n, r in after.items() if n not in gone} == {
            n: r for n, r in before.items() if n not in gone
        }
        with org.transaction() as tx:
            assert tx.snapshots.take(NOW) == 1


def test_down_to_nothing_leaves_nothing_and_up_again_works(tmp_path):
    with open_store(tmp_path) as store:
        _fill(store)
        upgrade.downgrade(store.engine, "base")
        with store.reading() as connection:
            assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
            assert upgrade.version(connection) is None
    with open_store(tmp_path) as store:
        assert store.for_org(ORG).status().opportunities == 0


def _version(store):
    with store.reading() as connection:
        return upgrade.version(connection)


def _columns(store, table):
    with store.reading() as connection:
        return {column["name"] for column in inspect(connection).get_columns(table)}


@pytest.mark.fault("S7")
@pytest.mark.parametrize("to", ["0001", "0002", "0003"])
def test_a_migration_that_fails_half_way_leaves_nothing(tmp_path, monkeypatch, to):
    with open_store(tmp_path) as store:
        if to != "0001":
            _fill(store)
            store.migrate("0001" if to == "0002" else "0002", keep=False)
        before = content(store)
        with monkeypatch.context() as patch:
            patch.setattr("alembic.op.create_index", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                store.migrate(keep=False)
        assert content(store) == before
        store.migrate(keep=False)
        assert _version(store) == VERSION


_DIE = """
import os, signal, sys
from pathlib import Path
from alembic import op
from state_kit import *
op.create_index = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
with open_store(Path(sys.argv[1])) as store:
    store.migrate(keep=False)
"""


@pytest.mark.slow
@pytest.mark.fault("S7")
def test_a_migration_that_is_killed_half_way_leaves_nothing(tmp_path):
    with open_store(tmp_path) as store:
        _fill(store)
        store.migrate("0001", keep=False)
        before = content(store)
    process = start(_DIE, tmp_path)
    _, trouble = process.communicate(timeout=60)
    assert process.returncode == -9, trouble
    with open_store(tmp_path) as store:
        assert content(store) == before
        store.migrate(keep=False)
        assert store.for_org(ORG).status().opportunities == 1


@on_postgres
def test_two_programs_that_find_an_empty_database_make_the_tables_once(tmp_path):
    both, where = threading.Barrier(2), address(tmp_path)

    def begin():
        with Store(where, clock=Clock()) as store:
            both.wait(20)
            return store.for_org(ORG).status().opportunities

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: begin(), range(2))) == [0, 0]


def test_nothing_is_to_do_for_a_store_that_is_up_to_date(tmp_path):
    with open_store(tmp_path) as store:
        store.for_org(ORG)
        assert store.migrate() is None
    assert not list(tmp_path.glob("*.backup"))
