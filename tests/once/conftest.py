"""What the machine's tests share: one plant for each CRM and mode, made once."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import structlog

sys.path.append(str(Path(__file__).parent.parent / "e2e"))  # rule_text

from hunt import PLANTS
from once_machine import HOURS, Once, machine
from runs import Plant, Process, points


@pytest.fixture(scope="session")
def plant_of() -> Callable[[str], Plant]:
    """Return what gives the plant of a CRM and mode."""
    before = structlog.get_config()

    @cache
    def made(name: str) -> Plant:
        return Plant(*PLANTS[name])

    yield made
    structlog.configure(**before)


@pytest.fixture
def world(plant_of):
    """Return what makes a machine whose steps a test takes itself."""
    made = []

    def begin(name: str) -> Once:
        plant = plant_of(name)
        open_points = points(plant)
        open_points.__enter__()
        made.append(open_points)
        world = machine(plant, Counter())()
        world.tick(HOURS)
        world.run(Process("here"))
        world.tick(HOURS)
        return world

    yield begin
    for one in made:
        one.__exit__(None, None, None)
