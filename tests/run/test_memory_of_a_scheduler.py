"""A scheduler that has made many runs is no larger than one that has made a few."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import figures
import pytest
from faulty import ChanceFaults
from salesforce_world import SalesforceWorld

HERE = Path(__file__).parent

RUNS = 480
MOST = 1.05
"""Times the memory of a scheduler that is warm: a leak of a run's objects is many times that."""


class Shaken(ChanceFaults):
    """Every tenth call fails, but the token lasts: nobody is there to bring a new one."""

    def take(self, method: str, target: str, body: bytes) -> list[Any]:
        found = super().take(method, target, body)
        return [fault for fault in found if fault.kind != "unauthorized"]


def measured(folder: Path, runs: int) -> list[int]:
    """Return the memory after each run of a scheduler whose every tenth call fails."""
    with SalesforceWorld(folder, opportunities=20) as world:
        world.synced()
        world.sections = {
            "schedule": {"cron": "* * * * *"},
            "observe": {"listen": "127.0.0.1:0", "textfile": "m.prom"},
        }
        world.configure()
        faults = Shaken(type(world.fault("drop_before")), Random(1), 0.1)
        world.server.gateway.faults = faults
        env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, str(HERE / "long.py"), str(world.config), str(runs)],
            capture_output=True,
            text=True,
            env=env,
            timeout=3000,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    assert faults.struck.total() > runs / 10
    return [int(line) for line in done.stdout.split()]


@pytest.mark.slow
def test_the_memory_of_a_scheduler_does_not_grow_from_run_to_run(tmp_path):
    found = measured(tmp_path / "world", 24)
    # After ten runs it may still grow once, as an allocator does; a run leaked is a megabyte each.
    assert found[-1] < found[9] * 1.1, found


@pytest.mark.torture
def test_the_memory_of_a_scheduler_does_not_grow_in_hundreds_of_runs(tmp_path):
    began = time.perf_counter()
    found = measured(tmp_path / "world", RUNS)
    told = {f"MB after {n} runs": f"{found[n - 1] / 1e6:.1f}" for n in (1, 30, 120, RUNS)}
    figures.note("scheduler memory", told, seconds=time.perf_counter() - began)
    assert found[-1] < found[29] * MOST
