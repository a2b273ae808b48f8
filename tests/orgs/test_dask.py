"""Organizations synced by workers over TCP: lost and replaced workers change nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from orgs_kit import alone, children

pytest.importorskip("distributed")


class Cluster:
    """A scheduler and workers, each a process of its own, on loopback."""

    def __init__(self, folder: Path, protocol: str = "tcp") -> None:
        self._host = f"{protocol}://127.0.0.1"
        self._log = (folder / "dask.log").open("w")
        self._file = folder / "scheduler.json"
        self.scheduler = self._start(
            *("scheduler", "--host", self._host, "--port", "0", "--no-dashboard"),
            *("--no-jupyter", "--scheduler-file", str(self._file)),
        )
        self.workers: list[subprocess.Popen] = []

    def _start(self, *words: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", *words]
        return subprocess.Popen(command, stdout=self._log, stderr=self._log)

    @property
    def address(self) -> str:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with suppress(OSError, ValueError):
                return str(json.loads(self._file.read_text())["address"])
            time.sleep(0.05)
        raise AssertionError("the scheduler did not begin")

    def hire(self, number: int) -> None:
        """Begin so many workers, each for one sync at a time."""
        words = ("worker", self.address, "--host", self._host, "--no-nanny", "--no-dashboard")
        more = ("--nthreads", "1", "--memory-limit", "0")
        self.workers += [self._start(*words, *more) for _ in range(number)]

    def lose(self, which: int) -> None:
        """Kill a worker without a warning."""
        self.workers[which].kill()
        self.workers[which].wait(10)

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait(10)
        self._log.close()


@pytest.fixture
def certified(monkeypatch, tmp_path):
    """Give Dask certificates by its own configuration, as an admin would."""
    from distributed import Security

    made = Security.temporary()
    files = {"ca-file": made.tls_ca_file}
    for role in ("client", "scheduler", "worker"):
        files[f"{role}.cert"] = getattr(made, f"tls_{role}_cert")
        files[f"{role}.key"] = getattr(made, f"tls_{role}_key")
    for name, text in files.items():
        file = tmp_path / f"{name}.pem"
        file.write_text(text)
        key = name.replace(".", "__").replace("-", "_").upper()
        monkeypatch.setenv(f"DASK_DISTRIBUTED__COMM__TLS__{key}", str(file))


@pytest.fixture
def cluster(tmp_path, several):
    made = Cluster(tmp_path)
    yield made
    made.close()


def wait_until(true, within: float = 180) -> None:
    until = time.monotonic() + within
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def ended(process: subprocess.Popen) -> dict[str, int]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return {Path(each["config"]).parent.name: each["exit"] for each in json.loads(out)}


def writing(cluster: Cluster, worlds) -> list[int]:
    """Return the workers one of whose organizations has got a batch."""
    begun = [str(world.config) for world in worlds if world.our_tasks()]
    found = []
    for number, worker in enumerate(cluster.workers):
        for pid in children(worker.pid):
            with suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                found += [number] if set(begun) & set(words) else []
    return found


def runs(worlds) -> dict[str, list[int | None]]:
    """Return how the runs of every organization ended, the newest first."""
    told = {org["organization"]: org for org in worlds[0].cli("status").json}
    found = {}
    for world in worlds:
        name = getattr(world, "org", None) and str(world.org.organization["Id"])
        name = name or str(world.portal.portal_id)
        found[world.folder.name] = [run["exit"] for run in told[name]["runs"]]
    return found


@pytest.mark.slow
def test_with_workers_lost_and_replaced_every_organization_is_synced_as_by_one_process(
    several, cluster, database, tmp_path
):
    worlds = [
        *(several.org(name, n, seed=n, state_at=database) for n, name in enumerate("abc", 1)),
        several.portal("portal", state_at=database),
    ]
    expected = alone(tmp_path, *worlds)
    for world in worlds:  # each is caught in the middle: the CRM has a batch, nobody has the answer
        world.strike("slow", seconds=3.0, after=True)
    cluster.hire(2)
    process = several.start("--dask", cluster.address)
    try:
        wait_until(lambda: writing(cluster, worlds))
        [busy, *_] = writing(cluster, worlds)
        orphans = children(cluster.workers[busy].pid)
        assert orphans
        cluster.lose(busy)
        wait_until(lambda: writing(cluster, worlds))
        cluster.lose(1 - busy)  # now all are lost
        cluster.hire(2)
        assert ended(process) == dict.fromkeys(expected, 0)
    finally:
        process.kill()
    worlds[-1].process_ended()
    assert several.dumps() == expected
    assert all(world.one_task_per_key() for world in worlds)
    assert all(world.our_tasks() for world in worlds)
    told = runs(worlds)
    assert all(codes[0] == 0 for codes in told.values())
    assert any(len(codes) > 1 for codes in told.values())  # somebody was interrupted
    assert any(len(codes) == 1 for codes in told.values())  # and somebody was not
    assert not any(Path(f"/proc/{pid}").exists() for pid in orphans)


@pytest.mark.torture
def test_asked_to_stop_the_workers_stop_too_here_with_certificates(
    several, certified, database, tmp_path
):
    with closing(Cluster(tmp_path, "tls")) as cluster:
        assert cluster.address.startswith("tls://")
        stopped(several, cluster, database, tmp_path)


def stopped(several, cluster, database, tmp_path):
    worlds = [several.org(name, n, state_at=database) for n, name in enumerate("ab", 1)]
    expected = alone(tmp_path, *worlds)
    worlds[0].strike("slow", seconds=2.0, after=True)
    cluster.hire(1)
    process = several.start("--dask", cluster.address)
    try:
        wait_until(lambda: worlds[0].our_tasks() or worlds[1].our_tasks())
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=180)
    finally:
        process.kill()
    assert process.returncode == 4, err
    assert 4 in [each["exit"] for each in json.loads(out)]
    assert children(cluster.workers[0].pid) == set()
    worlds[0].server.faults.clear()
    assert several.sync().code == 0
    assert several.dumps() == expected


@pytest.mark.slow
def test_a_cluster_of_this_machines_own_may_use_sqlite(several, tmp_path):
    worlds = [several.org(name, n) for n, name in enumerate("ab", 1)]
    process = several.start("--dask", "local", "--at-once", "2")
    assert ended(process) == {"a": 0, "b": 0}
    assert several.dumps() == alone(tmp_path, *worlds)


@pytest.mark.torture
def test_where_the_scheduler_is_lost_what_is_left_is_said_and_the_next_sync_does_it(
    several, cluster, database, tmp_path
):
    worlds = [several.org(name, n, state_at=database) for n, name in enumerate("ab", 1)]
    expected = alone(tmp_path, *worlds)
    worlds[0].strike("slow", seconds=2.0, after=True)
    cluster.hire(1)
    process = several.start("--dask", cluster.address)
    try:
        wait_until(lambda: any(world.our_tasks() for world in worlds))
        cluster.scheduler.kill()
        out, err = process.communicate(timeout=180)
    finally:
        process.kill()
    assert process.returncode == 4, err
    assert "the scheduler was lost" in err
    assert {each["exit"] for each in json.loads(out)} <= {0, 4}
    assert "Traceback" not in err
    wait_until(lambda: children(cluster.workers[0].pid) == set())
    worlds[0].server.faults.clear()
    assert several.sync().code == 0
    assert several.dumps() == expected
