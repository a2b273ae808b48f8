from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import LargeBinary, literal, update
from state_kit import (
    NOW,
    ORG,
    Clock,
    content,
    create,
    flags,
    on_sqlite,
    open_store,
    opportunity,
    row,
)

from crmrules.errors import CrmRulesError, LockedError, StateError, UsageError
from crmrules.state import Store
from crmrules.state.schema import outbox


def _fill(folder, rows=300):
    with open_store(folder) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.mirror.put([opportunity(f"006{n:05d}", f"001{n % 9}") for n in range(rows)], "r1")
            tx.outbox.plan([create(f"cr1:1:o:{n:028x}") for n in range(50)], "r1")
            tx.history.set("describe", {"fields": list(range(100))})


def _use_all(folder):
    with open_store(folder) as store:
        org = store.for_org(ORG)
        store.verify()
        with org.transaction() as tx:
            list(tx.mirror.opportunities())
            tx.outbox.recover()
            tx.outbox.take(10, NOW)
            tx.history.get("describe")
        org.status()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "memory"),
        ("sqlite:///:memory:", "memory"),
        ("mysql://host/db", "mysql"),
        ("no address", "not a URL"),
        ("sqlite:////no/such/folder/state.db", "/no/such/folder"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_with_a_remedy(url, says):
    with pytest.raises(UsageError, match=says) as caught:
        Store(url)
    assert caught.value.remedy


@on_sqlite
def test_nothing_is_written_before_the_first_use(tmp_path):
    open_store(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault("S3")
@on_sqlite
def test_a_file_that_is_no_database_is_a_state_error(tmp_path):
    (tmp_path / "state.db").write_bytes(b"certainly not a database" * 100)
    with open_store(tmp_path) as store, pytest.raises(StateError, match="damaged"):
        store.for_org(ORG)


@pytest.mark.fault("S3")
@on_sqlite
@pytest.mark.parametrize("seed", range(25))
def test_flipped_bytes_never_end_in_a_traceback(tmp_path, seed):
    _fill(tmp_path)
    file = tmp_path / "state.db"
    data, dice = bytearray(file.read_bytes()), random.Random(seed)
    for _ in range(8):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    file.write_bytes(data)
    with suppress(StateError):  # a flip in the free space, or within a text, goes unseen
        _use_all(tmp_path)


@pytest.mark.fault("S3")
@on_sqlite
def test_a_damaged_schema_is_a_state_error(tmp_path):
    _fill(tmp_path)
    file = tmp_path / "state.db"
    file.write_bytes(
        file.read_bytes().replace(b"CREATE TABLE record", b"CREATE TABLE \xff\xfe\xfdord")
    )
    with pytest.raises(StateError):
        _use_all(tmp_path)


def test_a_stored_value_that_is_no_json_is_a_state_error(tmp_path):
    _fill(tmp_path)
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.connection.execute(update(outbox).values(payload=literal(b"{", LargeBinary())))
        with org.dry_run() as tx, pytest.raises(StateError):
            tx.outbox.take(1, NOW)


@pytest.mark.fault("S2")
@on_sqlite
def test_a_full_disk_undoes_the_transaction_and_says_so(tmp_path):
    _fill(tmp_path)
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        before = content(store)
        big = {"text": "x" * 5000}

        def fill():
            with org.transaction() as tx:
                pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
                tx.connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 5}")
                tx.mirror.put([row("Task", f"00T{n}", "006A", big) for n in range(500)], "r1")

        with pytest.raises(StateError, match="full") as caught:
            fill()
        assert caught.value.exit_code == 5
        assert content(store) == before


@pytest.mark.fault("S6")
@on_sqlite
def test_a_store_that_may_not_be_written_is_a_state_error(tmp_path):
    _fill(tmp_path)
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.connection.exec_driver_sql("PRAGMA query_only=ON")
            with pytest.raises(StateError, match="read-only"):
                tx.mirror.set_marks({"Task": "1"})


@pytest.mark.fault("C4")
@on_sqlite
def test_durability_is_as_promised(tmp_path):
    with open_store(tmp_path) as store:
        store.for_org(ORG)
        with store.reading() as connection:
            asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            found = [connection.exec_driver_sql(f"PRAGMA {p}").scalar_one() for p in asked]
    assert found == ["wal", 2, 1, 10_000]


@pytest.mark.fault("S1")
def test_a_writer_that_waits_in_vain_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr("crmrules.state.database.BUSY_SECONDS", 0.1)
    with open_store(tmp_path) as store, open_store(tmp_path) as other:
        first, second = store.for_org(ORG), other.for_org(ORG)
        with first.transaction(), pytest.raises(LockedError) as caught, second.transaction():
            pass
        assert caught.value.exit_code == 75
        with first.transaction():
            assert second.status().opportunities == 0  # a reader waits for nobody


@pytest.mark.fault("S1")
@on_sqlite
def test_a_writing_transaction_asks_for_the_lock_before_it_reads(tmp_path, monkeypatch):
    """One that reads first fails at once, unwaited, when somebody writes before it does."""
    monkeypatch.setattr("crmrules.state.database.BUSY_SECONDS", 0.1)
    with open_store(tmp_path) as store, open_store(tmp_path) as other:
        store.for_org(ORG)
        second = other.for_org(ORG)
        with store.engine.begin(), pytest.raises(LockedError), second.transaction():
            pass


def test_an_exception_undoes_everything_of_its_phase(tmp_path):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        before = content(store)

        def fail():
            with org.transaction() as tx:
                tx.mirror.put([opportunity("006A")], "r1")
                tx.mirror.set_marks({"Opportunity": "m1"})
                tx.outbox.plan([create("k")], "r1")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert content(store) == before


def test_a_dry_run_sees_its_own_writes_and_leaves_the_content_alone(tmp_path):
    _fill(tmp_path, rows=10)
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        before = content(store)
        with org.dry_run() as tx:
            tx.mirror.put([opportunity("006new")], "plan")
            tx.outbox.recover()
            tx.outbox.plan([flags("006new", "stuck")], "plan")
            assert tx.mirror.rows_of("006new")
            assert tx.mirror.count() == 11
        assert content(store) == before


@on_sqlite
def test_a_backup_is_the_same_store(tmp_path):
    _fill(tmp_path, rows=10)
    (tmp_path / "copy").mkdir()
    with open_store(tmp_path) as store, open_store(tmp_path / "copy") as copy:
        store.for_org(ORG)
        store.backup(tmp_path / "copy" / "state.db")
        assert content(copy) == content(store)
        with pytest.raises(UsageError, match="overwrite"):
            store.backup(tmp_path / "copy" / "state.db")
        with pytest.raises(UsageError, match="folder"):
            store.backup(tmp_path / "nowhere" / "state.db")


def test_organizations_do_not_see_each_other(tmp_path):
    with open_store(tmp_path) as store:
        one, two = store.for_org("00D1"), store.for_org("00D2")
        for org in (one, two):
            with org.transaction() as tx:
                tx.mirror.put([opportunity(f"006{org.org}")], "r1")
                tx.outbox.plan([create("the same key")], "r1")
        with two.transaction() as tx:
            tx.mirror.complete("Opportunity", "r2")
            tx.outbox.take(5, NOW)
            tx.mirror.set_marks({"Task": "m"})
        assert (one.status().opportunities, two.status().opportunities) == (1, 0)
        assert one.status().outbox == {"planned": 1}
        assert (one.status().marks, two.status().marks) == ({}, {"Task": "m"})
        assert store.organizations() == ["00D1", "00D2"]


def test_a_run_is_written_at_its_start_and_at_its_end(tmp_path):
    clock = Clock()
    with open_store(tmp_path, clock) as store:
        org = store.for_org(ORG)
        with org.run(NOW, "hash") as run:
            assert org.status().runs[0].exit is None
            clock.sleep(minutes=1)
            run.finish({"writes": 3}, calls=9, floor=8)
        (row_,) = org.status().runs
    assert (row_.exit, row_.counts, row_.calls, row_.floor) == (0, {"writes": 3}, 9, 8)
    assert row_.ended - row_.started == timedelta(minutes=1)


def test_a_run_that_fails_keeps_the_exit_code_of_its_error(tmp_path):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        for error in (StateError("x", remedy="y"), ValueError("a bug")):
            with pytest.raises((CrmRulesError, ValueError)), org.run(NOW, "hash"):
                raise error
        assert [r.exit for r in org.status().runs] == [1, 5]


def test_small_values_and_demotions_are_kept(tmp_path):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.history.set("describe", {"a": 1})
            tx.history.set("describe", {"a": 2})
            tx.history.demote("rule-a", NOW, "31 % useful")
            tx.history.demote("rule-b", NOW, "12 % useful")
            tx.history.promote("rule-b")
        with org.reading() as tx:
            assert tx.history.get("describe") == {"a": 2}
            assert tx.history.get("other") is None
            assert tx.history.demotions() == {"rule-a": "31 % useful"}
