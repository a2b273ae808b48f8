from __future__ import annotations

import socket
import threading
import time

import pytest
from sqlalchemy import update
from state_kit import (
    NOW,
    ORG,
    Clock,
    content,
    create,
    end,
    on_postgres,
    on_sqlite,
    open_store,
    opportunity,
    start,
)

from crmrules.errors import LockedError, UsageError
from crmrules.state import advisory
from crmrules.state import lease as lease_module
from crmrules.state.database import connect, parse
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


@pytest.mark.fault("P1")
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
        begun = time.monotonic()
        with pytest.raises(LockedError), org.lease("plan"):
            pass
        assert time.monotonic() - begun < 2
        process.communicate("\n", timeout=20)
        with org.lease("plan"):
            pass


@pytest.mark.fault("C1")
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


def let_go(org):
    """Take the first layer away from a run that stalls; on PostgreSQL an expired one loses it."""
    if org._file_lock is not None:
        org._file_lock.force()


def _held_elsewhere(store):
    """Make the row say that another machine holds the lease, as on a database both reach."""
    with store.engine.begin() as connection:
        connection.execute(update(lease).values(host="elsewhere"))


@pytest.mark.fault("P2")
def test_another_machine_waits_until_the_lease_expires(tmp_path):
    clock = Clock()
    with open_store(tmp_path, clock) as store:
        org = store.for_org(ORG)
        with org.lease("stalled"):
            _held_elsewhere(store)
            let_go(org)
            with pytest.raises(LockedError, match="elsewhere") as caught, org.lease("second"):
                pass
            assert f"crmrules unlock --id {org.held().nonce}" in caught.value.remedy
            clock.sleep(minutes=16)
            with org.lease("third") as fence:
                assert fence.token == 2


@pytest.mark.fault("P2")
def test_a_run_that_was_overtaken_writes_nothing_more(tmp_path):
    clock = Clock()
    with open_store(tmp_path, clock) as store, open_store(tmp_path, clock) as other:
        zombie, next_ = store.for_org(ORG), other.for_org(ORG)
        with zombie.lease("zombie") as stale:
            with zombie.transaction(stale) as tx:
                tx.outbox.plan([create("a")], "r1")
            clock.sleep(hours=1)
            let_go(zombie)  # as on another machine: its lock is not ours
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


@pytest.mark.fault("P2")
def test_the_end_of_an_overtaken_run_does_not_free_the_lease_of_the_other(tmp_path):
    clock = Clock()
    with open_store(tmp_path, clock) as store, open_store(tmp_path, clock) as other:
        zombie, next_ = store.for_org(ORG), other.for_org(ORG)
        context = zombie.lease("zombie")
        context.__enter__()
        clock.sleep(hours=1)
        let_go(zombie)
        with next_.lease("next") as fence:
            context.__exit__(None, None, None)
            assert next_.held().nonce == fence.nonce


@on_sqlite
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


@on_postgres
def test_a_killed_run_of_another_machine_is_replaced_at_once(tmp_path):
    """The connection of its lock ends with it, wherever it ran."""
    process = start(_HOLD, tmp_path)
    assert process.stdout.readline() == "held\n"
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        _held_elsewhere(store)
        with pytest.raises(LockedError, match="elsewhere"), org.lease("second"):
            pass
        end(process)
        _wait_until_the_server_has_seen_it(org)
        with org.lease("next") as fence:
            assert fence.token == 2


def _wait_until_the_server_has_seen_it(org):
    """PostgreSQL ends the connection of a killed process in its own time, in milliseconds."""
    until = time.monotonic() + 60  # the lease itself would be there for 15 minutes
    while time.monotonic() < until:
        if org._session_lock.acquire():
            org._session_lock.release()
            return
        time.sleep(0.01)
    pytest.fail("the lock outlives its process")


@on_postgres
@pytest.mark.fault("P2")
def test_a_machine_that_vanished_is_replaced_once_its_lease_has_expired(tmp_path):
    """Its connection is still there as far as the server knows, and so is its lock."""
    clock = Clock()
    with open_store(tmp_path, clock) as store, open_store(tmp_path, clock) as other:
        gone, next_ = store.for_org(ORG), other.for_org(ORG)
        with gone.lease("gone") as stale:
            clock.sleep(minutes=14)
            with pytest.raises(LockedError, match="gone"), next_.lease("too early"):
                pass
            clock.sleep(minutes=2)
            with next_.lease("next") as fence:
                assert fence.token == stale.token + 1
                with pytest.raises(LockedError), next_.lease("third"):
                    pass
                with pytest.raises(LockedError, match="taken over"), gone.transaction(stale):
                    pass


@on_postgres
def test_one_that_has_the_lock_and_no_lease_yet_is_waited_for(tmp_path):
    """Between the two layers there is a moment; who comes then must not take the free row."""
    with open_store(tmp_path) as store, open_store(tmp_path) as other:
        first, second = store.for_org(ORG), other.for_org(ORG)
        assert first._session_lock.acquire()
        with pytest.raises(LockedError, match="beginning"), second.lease("second"):
            pass
        first._session_lock.release()
        with second.lease("second"):
            pass


@on_postgres
def test_who_comes_right_after_a_run_does_not_find_its_connection_still_closing(
    tmp_path, monkeypatch
):
    with open_store(tmp_path) as store, open_store(tmp_path) as other:
        first, second = store.for_org(ORG)._session_lock, other.for_org(ORG)._session_lock
        assert first.acquire()
        closing = first._connection
        with monkeypatch.context() as patch:
            patch.setattr(closing, "close", lambda: None)  # the server takes its time
            first.release()
            assert second.acquire()
        second.release()
        closing.close()


@on_postgres
def test_behind_a_pooler_the_row_alone_decides(tmp_path, monkeypatch):
    """There a lock of a connection is everybody's, and proves nobody dead."""
    monkeypatch.setattr("crmrules.state.advisory._pooled", lambda _: True)
    clock = Clock()
    with open_store(tmp_path, clock) as store, open_store(tmp_path, clock) as other:
        first, second = store.for_org(ORG), other.for_org(ORG)
        with first.lease("first"):
            assert first._session_lock._connection is None
            with pytest.raises(LockedError, match="first"), second.lease("second"):
                pass
            clock.sleep(minutes=16)
            with second.lease("second") as fence:
                assert fence.token == 2


@on_postgres
def test_a_pooler_is_told_by_the_number_of_the_process(tmp_path, server):
    with open_store(tmp_path) as store:
        store.for_org(ORG)
        with store.engine.connect() as connection:
            assert not advisory._pooled(connection)
    with Pooler(server.port) as port:
        url = server.url().replace(str(server.port), str(port))
        engine = connect(parse(url))
        with engine.connect() as connection:
            assert advisory._pooled(connection)
        engine.dispose()


class Pooler:
    """What a pooler does to the number a client is told: it makes one up."""

    def __init__(self, port: int) -> None:
        self.port, self.listener = port, socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> int:
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self.listener.getsockname()[1]

    def __exit__(self, *_: object) -> None:
        self.listener.close()
        self.thread.join(20)

    def _serve(self) -> None:
        client, _ = self.listener.accept()
        server = socket.create_connection(("127.0.0.1", self.port))
        with client, server:
            up = threading.Thread(target=self._copy, args=(client, server))
            up.start()
            self._copy(server, client)
            up.join(20)

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        while data := source.recv(65536):
            at = data.find(b"K\x00\x00\x00\x0c")  # BackendKeyData: process number, secret
            if at >= 0:
                data = data[: at + 5] + b"\x00\x00\x00\x07" + data[at + 9 :]
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def test_what_an_interruption_leaves_open_does_not_hold_up_the_end_of_a_run(tmp_path):
    """A signal may raise between the begin of a transaction and the block that would end it."""

    class InterruptionError(BaseException):
        exit_code = 4

    with open_store(tmp_path) as store:
        org, left = store.for_org(ORG), []

        def interrupted():
            with org.lease("sync"), org.run(NOW, "h"):
                left.append(store.engine.connect())  # as the traceback of a real one keeps it
                left[0].begin()
                left[0].exec_driver_sql("UPDATE run SET command = 'half'")
                left[0].exec_driver_sql("UPDATE lease SET host = 'half'")
                raise InterruptionError

        begun = time.monotonic()
        with pytest.raises(InterruptionError):
            interrupted()
        assert time.monotonic() - begun < 5
        with org.lease("sync"):
            pass
        [run] = org.status().runs
        assert (run.exit, run.command) == (4, "sync")
        left[0].invalidate()
        left[0].close()
