"""Every way in which the store cannot be used: exit 5, what it is, what to do, no traceback.

The failures are real ones: a server that is not there, a disk that is full, bytes that flipped.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import resource
import shutil
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import inspect
from state_kit import (
    ORG,
    address,
    content,
    create,
    flags,
    on_postgres,
    on_sqlite,
    open_store,
    opportunity,
    row,
    states,
)

import postgres
from crmrules import cli
from crmrules.cli import wire
from crmrules.errors import LockedError, StateError, UsageError
from crmrules.state import Store, mounts


def command(folder: Path, url: str, *words: str) -> tuple[int, str, str]:
    """Run a command of the command line against a store; return code, output, errors."""
    config = folder / "crmrules.toml"
    config.write_text(f'connector = "export"\n[state]\nurl = "{url}"\n[export]\npath = "."\n')
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run([*words, "--config", str(config)])
    return code, out.getvalue(), err.getvalue()


def refused(folder: Path, url: str, *says: str) -> None:
    """Hold ``status`` to: exit 5, these words, a remedy, no traceback, no password."""
    code, out, err = command(folder, url, "status")
    assert (code, out) == (5, ""), err
    for words in says:
        assert words in err
    assert "\n  -> " in err
    assert "Traceback" not in err
    assert "not-a-secret" not in err


def fill(folder: Path, rows: int = 100) -> None:
    with open_store(folder) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.mirror.put([opportunity(f"006{n:05d}", f"001{n % 9}") for n in range(rows)], "r1")
            tx.outbox.plan([create(f"cr1:1:o:{n:028x}") for n in range(20)], "r1")


# -- PostgreSQL ------------------------------------------------------------------------------------
@on_postgres
def test_a_server_that_is_not_there(tmp_path, server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refused(tmp_path, server.url().replace(str(server.port), str(port)), "cannot be reached")


@on_postgres
def test_a_wrong_password_a_wrong_role_a_missing_database(tmp_path, server):
    refused(tmp_path, server.url(password="wrong"), "does not let us in", "PGPASSWORD")
    refused(tmp_path, server.url("no_such_database"), "does not exist", "createdb")
    refused(tmp_path, server.url().replace("crmrules:", "nobody:"), "does not let us in")


@on_postgres
def test_another_driver_or_none_is_a_matter_of_configuration(tmp_path, monkeypatch):
    code, _, err = command(tmp_path, "postgresql://u@localhost/db", "status")
    assert (code, "postgresql+psycopg" in err) == (2, True)
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    code, _, err = command(tmp_path, "postgresql+psycopg://u@localhost/db", "status")
    assert (code, "crmrules[postgres]" in err) == (2, True)


@on_postgres
def test_a_role_that_may_not(tmp_path, server):
    server.sql("CREATE ROLE guest LOGIN PASSWORD 'not-a-secret'")
    guest = server.url().replace("crmrules:", "guest:")
    refused(tmp_path, guest, "may not", "docs/state.md")


@on_postgres
def test_a_standby_only_reads(tmp_path):
    with postgres.server() as own:
        own.stop()
        own.wait_for_a_primary()
        own.start()
        refused(tmp_path, own.url(), "read-only", "primary")


@on_postgres
def test_tables_of_somebody_else_and_a_newer_version(tmp_path, server):
    server.sql("CREATE DATABASE other")
    server.sql("CREATE TABLE alembic_version (other int)", "other")
    refused(tmp_path, server.url("other"), "not those of crmrules")
    fill(tmp_path)
    with open_store(tmp_path) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0099'")
    refused(tmp_path, address(tmp_path), "0099", "newer crmrules")


@on_postgres
def test_a_connection_that_the_server_ends_undoes_the_transaction(tmp_path, server):
    fill(tmp_path, rows=1)
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        before = content(store)

        def lose():
            with org.transaction() as tx:
                tx.mirror.put([opportunity("006new")], "r2")
                tx.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

        with pytest.raises(StateError, match="ended the connection") as caught:
            lose()
        assert "undone" in caught.value.remedy
        store.engine.dispose()
        assert content(store) == before


@on_postgres
def test_a_transaction_that_is_held_up_does_not_hold_up_the_next_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("crmrules.state.database.BUSY_SECONDS", 0.2)
    with open_store(tmp_path) as store, open_store(tmp_path) as other:
        first, second = store.for_org(ORG), other.for_org(ORG)
        with first.transaction():
            with pytest.raises(LockedError), second.transaction():
                pass
            with second.reading():
                pass


@on_postgres
def test_a_session_is_told_what_the_outbox_relies_on(tmp_path):
    wanted = {
        "synchronous_commit": "on",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "15min",
        "idle_session_timeout": "0",
    }
    with open_store(tmp_path) as store, store.engine.connect() as connection:
        assert wanted == {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in wanted
        }


# -- SQLite ----------------------------------------------------------------------------------------
@on_sqlite
@pytest.mark.fault("S3")
def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "state.db").write_bytes(b"certainly not a database" * 100)
    refused(tmp_path, address(tmp_path), "damaged", "sync --full")


@on_sqlite
@pytest.mark.fault("S7")
def test_a_file_of_a_newer_program(tmp_path):
    fill(tmp_path, rows=1)
    with open_store(tmp_path) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0099'")
    refused(tmp_path, address(tmp_path), "0099", "newer crmrules")


def flipped(folder: Path, seed: int) -> None:
    file, dice = folder / "state.db", random.Random(seed)
    data = bytearray(file.read_bytes())
    for _ in range(8):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    file.write_bytes(data)


@pytest.mark.slow
@on_sqlite
@pytest.mark.fault("S3")
def test_two_hundred_files_with_eight_flipped_bits_never_end_in_a_traceback(tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "private_rules", lambda _: frozenset())  # reads every rule, each time
    fill(tmp_path)
    whole = (tmp_path / "state.db").read_bytes()
    codes = []
    for seed in range(200):
        for file in tmp_path.glob("state.db*"):
            file.unlink()
        (tmp_path / "state.db").write_bytes(whole)
        flipped(tmp_path, seed)
        code, _, err = command(tmp_path, address(tmp_path), "status")
        assert "Traceback" not in err
        assert (code == 0) or (code == 5 and "\n  -> " in err), (seed, code, err)
        codes.append(code)
        with contextlib.suppress(StateError), open_store(tmp_path) as store:
            org = store.for_org(ORG)  # as a plan opens it
            with org.lease("plan") as fence, org.dry_run(fence) as tx:
                tx.outbox.recover()
                list(tx.mirror.opportunities())
                list(tx.ledger.load_tasks())
    assert codes.count(5) > 20


@on_sqlite
@pytest.mark.fault("S6")
@pytest.mark.skipif(os.geteuid() == 0, reason="root writes whatever the rights say")
def test_a_file_that_may_not_be_written(tmp_path):
    fill(tmp_path, rows=1)
    (tmp_path / "state.db").chmod(0o400)
    with open_store(tmp_path) as store, pytest.raises(StateError), store.for_org(ORG).transaction():
        pass


MAY_MOUNT = os.geteuid() == 0 and shutil.which("mount") is not None


@contextlib.contextmanager
def mounted(place: Path, megabytes: int):
    """A small file system in memory, or a skip where we may not mount one."""
    place.mkdir()
    size = f"size={megabytes}m"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", place], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@on_sqlite
@pytest.mark.fault("S6")
@pytest.mark.skipif(not MAY_MOUNT, reason="only root mounts a file system")
def test_a_file_system_that_is_read_only(tmp_path):
    with mounted(tmp_path / "disk", 8) as disk:
        fill(disk, rows=1)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for words in (["status"], ["state", "migrate"]):
            code, _, err = command(tmp_path, address(disk), *words)
            assert code == 5, err
            assert "Traceback" not in err
            assert "read-only" in err or "cannot be opened" in err


@on_sqlite
@pytest.mark.fault("S2")
@pytest.mark.skipif(not MAY_MOUNT, reason="only root mounts a file system")
def test_a_disk_that_fills_up_undoes_the_transaction_and_sends_nothing(tmp_path):
    with mounted(tmp_path / "disk", 40) as disk:
        fill(disk, rows=1)
        with open_store(disk) as store:
            org = store.for_org(ORG)
            with org.lease("sync") as fence:
                before = _rest(store)
                big = {"text": "x" * 50_000}
                with pytest.raises(StateError, match="full"), org.transaction(fence) as tx:
                    tx.mirror.put([row("Task", f"00T{n}", "006A", big) for n in range(900)], "r1")
                assert _rest(store) == before
                with pytest.raises(StateError, match="almost full") as caught:
                    org.take(fence, 5)
                assert "nothing was sent" in caught.value.message
                assert set(states(org).values()) == {"planned"}
        with open_store(disk) as store:  # its journal is gone with the process
            org = store.for_org(ORG)
            store.verify()
            with org.lease("sync") as fence:
                assert len(org.take(fence, 5)) == 5
        code, _, err = command(tmp_path, address(disk), "status")
        assert code == 0, err


def _rest(store) -> dict:
    return {name: rows for name, rows in content(store).items() if name not in ("lease", "meta")}


@pytest.fixture
def small_files():
    """A limit on the size of files, as ``ulimit -f`` sets it; Python ignores its signal."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@on_sqlite
@pytest.mark.fault("S2")
def test_a_limit_on_file_sizes_is_not_taken_for_damage(tmp_path, small_files):
    fill(tmp_path, rows=1)
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        small_files((tmp_path / "state.db").stat().st_size + 50_000)
        big = {"text": "x" * 5000}
        with pytest.raises(StateError, match="does not take") as caught, org.transaction() as tx:
            tx.mirror.put([row("Task", f"00T{n}", "006A", big) for n in range(900)], "r1")
        assert "ulimit" in caught.value.remedy
        small_files(8192)
        with pytest.raises(StateError, match="does not take"):
            store.backup(tmp_path / "copy.db")
        assert not (tmp_path / "copy.db").exists()


@on_sqlite
@pytest.mark.fault("S6")
@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_network_share_is_refused(tmp_path, monkeypatch, kind):
    table = tmp_path / "mountinfo"
    share = str(tmp_path / "a share").replace(" ", "\\040")
    table.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        f"40 22 0:35 / {share} rw - {kind} server:/export rw\n"
        f"41 40 8:2 / {share}/local rw - ext4 /dev/sdb1 rw\n"
    )
    (tmp_path / "a share" / "local").mkdir(parents=True)
    monkeypatch.setattr(mounts, "TABLE", table)
    refused(tmp_path, f"sqlite:///{tmp_path}/a share/s.db", "network share", kind, "PostgreSQL")
    for fine in (tmp_path, tmp_path / "a share" / "local"):
        Store(f"sqlite:///{fine}/s.db").close()
    table.unlink()
    assert mounts.network(tmp_path / "a share") is None


# -- backup and restore ----------------------------------------------------------------------------
def test_a_backup_is_readable_by_its_owner_alone_and_overwrites_nothing(tmp_path):
    fill(tmp_path, rows=3)
    with open_store(tmp_path) as store:
        copy = tmp_path / "copy"
        store.backup(copy)
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        with pytest.raises(UsageError, match="overwrite"):
            store.backup(copy)
        with pytest.raises(UsageError, match="folder"):
            store.backup(tmp_path / "nowhere" / "copy")


@on_postgres
def test_a_dump_made_while_a_run_goes_on_restores_to_the_same_store(tmp_path, server):
    """As docs/state.md says: pg_restore into an empty database."""
    server.sql("CREATE DATABASE source")
    server.sql("CREATE DATABASE target")
    with Store(server.url("source")) as store, Store(server.url("target")) as target:
        org = store.for_org(ORG)
        with org.lease("sync") as fence, org.transaction(fence) as tx:
            tx.mirror.put([opportunity("006A")], "r1")
            tx.outbox.plan([create("k"), flags("006A", "x")], "r1")
        before = content(store)
        with org.transaction() as tx:
            tx.mirror.put([opportunity("006B")], "r2")  # goes on, and is in no backup
            store.backup(tmp_path / "copy.dump")
        url = server.url("target").replace("+psycopg", "")
        program = server.bin / "pg_restore"
        subprocess.run([program, "--dbname", url, tmp_path / "copy.dump"], check=True, timeout=60)
        assert content(target) == before
        with target.reading() as connection:
            assert "audit" in inspect(connection).get_table_names()


@on_postgres
def test_a_dump_that_cannot_be_made_says_why_and_leaves_nothing(tmp_path, server, monkeypatch):
    fill(tmp_path, rows=1)
    with open_store(tmp_path) as store:
        with monkeypatch.context() as patch:
            patch.setenv("PATH", str(tmp_path))
            with pytest.raises(UsageError, match="pg_dump is not on this machine"):
                store.backup(tmp_path / "copy")
            seen = tmp_path / "seen"
            fake = tmp_path / "pg_dump"
            fake.write_text(f'#!/bin/sh\necho "$@" > {seen}\necho "no room" >&2\nexit 1\n')
            fake.chmod(0o755)
            with pytest.raises(StateError, match="no room"):
                store.backup(tmp_path / "copy")
            assert "not-a-secret" not in seen.read_text()
        assert not (tmp_path / "copy").exists()


@on_postgres
def test_migrating_keeps_a_dump_of_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, rows=1)
    with open_store(tmp_path) as store:
        kept = store.migrate("0001")
        assert kept == Path("postgres.0003.backup")  # of the schema as it was
        assert kept.stat().st_size > 1000
