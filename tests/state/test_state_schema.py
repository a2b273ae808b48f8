from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from state_kit import ORG, open_store

from crmrules.errors import StateError
from crmrules.state import upgrade
from crmrules.state.schema import VERSION, metadata


def _layout(connection):
    """Columns (name, type, not null, place in the key) and indexes, as SQLite knows them."""
    found = {}
    for table in sorted(metadata.tables):
        columns = [tuple(c)[1:] for c in connection.exec_driver_sql(f"PRAGMA table_info({table})")]
        indexes = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", (table,)
        )
        found[table] = (columns, sorted(tuple(i) for i in indexes))
    return found


def test_the_migrations_make_exactly_the_tables_of_the_schema(tmp_path):
    with open_store(tmp_path) as store:
        store.for_org(ORG)
        with store.reading() as connection:
            migrated = _layout(connection)
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
    engine = create_engine(f"sqlite:///{tmp_path / 'direct.db'}")
    with engine.begin() as connection:
        metadata.create_all(connection)
        assert _layout(connection) == migrated
    engine.dispose()


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
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (version,))


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


def test_an_older_store_is_backed_up_before_it_is_touched(tmp_path, monkeypatch):
    _set_version(tmp_path, "0000")
    seen = []
    monkeypatch.setattr(
        upgrade, "upgrade", lambda _: seen.append(sorted(tmp_path.glob("*.backup")))
    )
    with open_store(tmp_path) as store:
        kept = store.migrate()
    assert seen == [[kept]]


def test_a_migration_that_fails_half_way_leaves_nothing(tmp_path, monkeypatch):
    with open_store(tmp_path) as store:
        with monkeypatch.context() as patch:
            patch.setattr("alembic.op.create_index", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                store.migrate()
        with store.reading() as connection:
            left = connection.exec_driver_sql("SELECT name FROM sqlite_master").all()
        assert left == []
        assert store.for_org(ORG).status().opportunities == 0


def test_nothing_is_to_do_for_a_store_that_is_up_to_date(tmp_path):
    with open_store(tmp_path) as store:
        store.for_org(ORG)
        assert store.migrate() is None
    assert not list(tmp_path.glob("*.backup"))
