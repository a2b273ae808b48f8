from __future__ import annotations

import socket

import pytest
from sqlalchemy import update
from state_kit import NOW, ORG, Clock, content, create, end, open_store, opportunity, start

from crmrules.errors import LockedError, UsageError
from crmrules.state import lease as lease_module
from crmrules.state.schema import lease

_HOLD = """
import sys, time
from pathlib import Path
from state_kit import *
with open_store(Path(sys.argv[1])) as store:
    with store.for_org(ORG).lease("sync"):
        print("held", flush=True)
        sys.stdin.readline()
"""


def test_a_second_run_is_told_who_holds_the_lock(tmp_path):
    process = start(_HOLD, tmp_path)
    assert process.stdout.readline() == "held\n"
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with pytest.raises(LockedError) as caught, org.lease("plan"):
            pytest.fail("two runs at once")
        said = str(caught.value)
        assert caught.value.exit_code == 75
        for part in ("sync", str(process.pid), socket.gethostname(), "since 2026-11-23T10:00:00Z"):
            assert part in said
        assert "state.db" not in said
        process.communicate("\n", timeout=20)
        with org.lease("plan"):
            pass


def test_a_killed_run_leaves_the_lock_free_at_once(tmp_path):
    process = start(_HOLD, tmp_path)
    assert process.stdout.readline() == "held\n"
    end(process)
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        assert org.held().holder == "sync"
        with org.lease("next") as fence:
            assert fence.token == 2
        assert org.held() is None


def _held_elsewhere(store):
    """Make the row say that another machine holds the lease, as on a database both reach."""
    with store.engine.begin() as connection:
        connection.execute(update(lease).values(host="elsewhere"))


def test_another_machine_waits_until_the_lease_expires(tmp_path):
    clock = Clock()
    with open_store(tmp_path, clock) as store:
        org = store.for_org(ORG)
        with org.lease("stalled"):
            _held_elsewhere(store)
            org._file_lock.release()
            with pytest.raises(LockedError, match="elsewhere") as caught, org.lease("second"):
                pass
            assert f"crmrules unlock --id {org.held().nonce}" in caught.value.remedy
            clock.sleep(minutes=16)
            with org.lease("third") as fence:
                assert fence.token == 2


def test_a_run_that_was_overtaken_writes_nothing_more(tmp_path):
    clock = Clock()
    with open_store(tmp_path, clock) as store, open_store(tmp_path, clock) as other:
        zombie, next_ = store.for_org(ORG), other.for_org(ORG)
        with zombie.lease("zombie") as stale:
            with zombie.transaction(stale) as tx:
                tx.outbox.plan([create("a")], "r1")
            clock.sleep(hours=1)
            zombie._file_lock.force()  # as on another machine: its lock is not ours
            with next_.lease("next") as fence:
                with next_.transaction(fence) as tx:
                    tx.mirror.put([opportunity("006A")], "r2")
                before = content(store)
                for attempt in (zombie.transaction, zombie.dry_run):
                    with pytest.raises(LockedError, match="taken over"), attempt(stale) as tx:
                        pytest.fail("a fenced run came in")
                with pytest.raises(LockedError):
                    zombie.take(stale, 5)
                assert content(store) == before
        assert next_.held() is None


def test_the_end_of_an_overtaken_run_does_not_free_the_lease_of_the_other(tmp_path):
    clock = Clock()
    with open_store(tmp_path, clock) as store, open_store(tmp_path, clock) as other:
        zombie, next_ = store.for_org(ORG), other.for_org(ORG)
        context = zombie.lease("zombie")
        context.__enter__()
        clock.sleep(hours=1)
        zombie._file_lock.force()
        with next_.lease("next") as fence:
            context.__exit__(None, None, None)
            assert next_.held().nonce == fence.nonce


def test_a_lock_file_that_was_taken_away_meanwhile_is_not_trusted(tmp_path, monkeypatch):
    """Between opening the file and locking it, somebody may unlock by force."""
    opened = []

    def open_late(path):
        descriptor = real(path)
        if not opened:
            path.unlink()
        opened.append(path)
        return descriptor

    real = lease_module._open
    monkeypatch.setattr(lease_module, "_open", open_late)
    first, second = (lease_module.FileLock(tmp_path / "state.db") for _ in range(2))
    first.acquire("first", NOW)
    with pytest.raises(LockedError, match="first"):
        second.acquire("second", NOW)
    first.release()


def test_every_transaction_renews_the_lease(tmp_path):
    clock = Clock()
    with open_store(tmp_path, clock) as store:
        org = store.for_org(ORG)
        with org.lease("long") as fence:
            first = org.held().expires
            clock.sleep(minutes=14)
            with org.transaction(fence):
                pass
            assert org.held().expires > first


def test_unlock_ends_exactly_the_lease_it_names(tmp_path):
    process = start(_HOLD, tmp_path)
    assert process.stdout.readline() == "held\n"
    try:
        with open_store(tmp_path) as store:
            org = store.for_org(ORG)
            with pytest.raises(UsageError):
                org.unlock("wrong")
            with pytest.raises(LockedError), org.lease("second"):
                pass
            org.unlock(org.held().nonce)
            with org.lease("second") as fence:
                assert fence.token > 1
    finally:
        end(process)
