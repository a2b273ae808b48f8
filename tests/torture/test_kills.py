"""Killed from outside at any moment, once or twice, a sync is finished by the next one."""

from __future__ import annotations

import os
import time
from random import Random

import figures
import pytest
from killing import Bench, Runs, many

KILLS = int(os.environ.get("CRMRULES_TORTURE_KILLS", "200"))
OPPORTUNITIES, WRITES = 500, 5000
TWICE = 10  # of so many kills one is followed by another one


def bench(hands, folder, opportunities, **more):
    world = many(hands, folder / "world", opportunities, **more)
    world.server.forget_calls()
    return Bench(world, Runs(world, folder / "log"), Random(7))


@pytest.fixture
def killing(living, tmp_path):
    made = []

    def make(opportunities: int, **more) -> Bench:
        made.append(bench(living, tmp_path, opportunities, **more))
        return made[0]

    yield make
    for each in made:
        each.runs.close()
        each.world.server.stop()
        assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_killed_at_random_moments_once_or_twice_a_sync_is_finished_by_the_next(killing):
    found = killing(40, rules=3)
    assert found.writes >= 160
    found.kill()
    found.kill(times=2)
    assert found.killed == 3


@pytest.mark.torture
@pytest.mark.fault("C1")
def test_killed_at_any_moment_of_a_large_sync_nothing_is_lost_and_nothing_made_twice(killing):
    began = time.perf_counter()
    found = killing(OPPORTUNITIES)
    assert found.writes >= WRITES
    for number in range(1, KILLS + 1):
        found.kill(times=2 if number % TWICE == 0 else 1)
        if number % 10 == 0 or number == KILLS:
            _note(found, number, time.perf_counter() - began)
    partly = sum(0 < made < len(found.clean["tasks"]) for made in found.found_made)
    assert partly > len(found.found_made) // 20 or KILLS < 40


def _note(found: Bench, number: int, seconds: float) -> None:
    clean, made = len(found.clean["tasks"]), found.found_made
    told = {
        "writes of a run": found.writes,
        "kills": f"{found.killed} in {number} rounds, every tenth round two in a row",
        "an undisturbed run": f"{found.seconds[0]:.1f} s",
        "tasks there at the kill": f"none {sum(m == 0 for m in made)} times, some "
        f"{sum(0 < m < clean for m in made)}, all {sum(m >= clean for m in made)}",
        "signals that came too late (drawn again)": found.too_late,
        "rounds that did not end like an undisturbed run": 0,
    }
    figures.note(f"kills {found.world.name}", told, seconds=seconds)
