"""Killed by SIGKILL at any point of a run, the next run leaves exactly one task per key."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import killed_sync
import pytest
from crms import on_each, slow_on_hubspot
from world import World

from crmrules import sync, writeback

DRIVER = Path(__file__).with_name("killed_sync.py")
BATCH = 12  # writes handed over together here, so that a small organization has several batches
SIZE = 20


def process(world: World, point: str, call: int = 1) -> int:
    """Sync in a process of its own; return how it ended (negative: by which signal)."""
    done = subprocess.run(
        [
            sys.executable,
            str(DRIVER),
            str(world.config),
            world.now.isoformat(),
            point,
            str(call),
            str(BATCH),
        ],
        env=world.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    world.process_ended()
    return done.returncode


@pytest.fixture(scope="module")
def clean(tmp_path_factory, crm):
    """What an undisturbed run leaves, and in how many batches."""
    with crm(tmp_path_factory.mktemp("clean"), opportunities=SIZE) as world:
        world.settle()
        writes = len(world.synced().writes)
        return world.dump(), -(-writes // BATCH)


def killed(crm: type[World], folder: Path, clean, point: str, call: int = 1) -> None:
    expected, batches = clean
    assert batches >= 2
    with crm(folder, opportunities=SIZE) as world:
        world.settle()
        assert process(world, point, call) == -signal.SIGKILL
        assert process(world, "never") == 0
        assert world.one_task_per_key()
        assert world.dump() == expected
        assert world.synced().writes == []


@slow_on_hubspot
def test_there_is_more_than_one_batch_and_an_unharmed_process_is_a_clean_run(crm, tmp_path, clean):
    expected, batches = clean
    assert batches == 2
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        assert process(world, "never") == 0
        assert world.dump() == expected


@pytest.mark.fault("C1")
@on_each("point", ["after", "committed"], ["committed"], [])
def test_a_run_killed_at_its_worst_moments_is_finished_by_the_next(crm, tmp_path, clean, point):
    killed(crm, tmp_path, clean, point)


@pytest.mark.fault("C1")
@pytest.mark.slow
@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("point", ["before", "after", "inside"])
def test_a_run_killed_in_any_batch_is_finished_by_the_next(crm, tmp_path, clean, point, call):
    killed(crm, tmp_path, clean, point, call)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("crm", "page"),
    [*(("salesforce", page) for page in (1, 3, 9)), *(("hubspot", page) for page in (1, 2, 3))],
    indirect=["crm"],
    scope="session",
)
def test_a_run_killed_during_the_pull_leaves_nothing_behind(crm, tmp_path, clean, page):
    killed(crm, tmp_path, clean, "pull", page)


@pytest.mark.slow
def test_a_run_killed_when_all_is_recorded_has_nothing_left_to_do(crm, tmp_path, clean):
    killed(crm, tmp_path, clean, "recorded")


@pytest.mark.fault("C1")
@pytest.mark.slow
def test_a_run_killed_again_and_again_is_still_finished(crm, tmp_path, clean):
    expected, _ = clean
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        for point, call in (("pull", 1), ("before", 1), ("after", 1), ("after", 1), ("inside", 1)):
            process(world, point, call)
        assert process(world, "never") == 0
        assert world.one_task_per_key()
        assert world.dump() == expected


@pytest.mark.fault("C3", on="salesforce")
@pytest.mark.parametrize("crm", ["salesforce"], indirect=True, scope="session")
@pytest.mark.parametrize("point", ["after", "inside"])
def test_a_run_out_of_memory_is_finished_by_the_next(crm, tmp_path, clean, monkeypatch, point):
    expected, _ = clean
    for module, name in ((writeback, "_settle"), (writeback, "BATCH"), (sync, "drain")):
        monkeypatch.setattr(module, name, getattr(module, name))  # put back at the end

    def out_of_memory() -> None:
        raise MemoryError

    monkeypatch.setattr(killed_sync, "die", out_of_memory)
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        with pytest.raises(MemoryError):
            killed_sync.main(str(world.config), world.now.isoformat(), point, "1", str(BATCH))
        monkeypatch.undo()
        world.synced()
        assert world.one_task_per_key()
        assert world.dump() == expected
        assert world.synced().writes == []
