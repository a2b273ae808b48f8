"""What is not promised, on record: each limit is a test, so that nobody takes it for a promise."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hunt import PLANTS
from once_machine import DAY, HOURS, Once
from runs import Process

QUERY = [name for name in PLANTS if name.endswith("query")]
UNIQUE = [name for name in PLANTS if name.endswith("unique")]


def keys(world: Once) -> list[str]:
    return sorted(task["key"] for task in world.desk.tasks())


def late(world: Once) -> None:
    world.arm(["late"] * 60, [])
    world.run(Process("here"))
    world.disarm()


@pytest.mark.slow
@pytest.mark.fault("N4")
@pytest.mark.parametrize("name", PLANTS)
def test_a_create_that_comes_after_the_settle_window_doubles_only_without_a_unique_key(world, name):
    one = world(name)
    late(one)
    assert keys(one) == []
    one.desk.now += timedelta(minutes=20)
    assert one.run(Process("here")).failed == []
    made = keys(one)
    one.line.deliver()
    twice = [key for key in made if keys(one).count(key) == 2]
    assert made
    assert twice == (made if name in QUERY else [])


@pytest.mark.slow
@pytest.mark.parametrize("name", QUERY)
def test_a_state_lost_while_a_create_is_under_way_may_ask_twice_in_query_mode(world, name):
    one = world(name)
    late(one)
    one.plant.lose()
    one.life = {}
    for _ in range(2):
        one.run(Process("here"))
        one.desk.now += HOURS  # far longer than any CRM takes
    one.line.deliver()
    made = keys(one)
    assert sorted({*made}) != made  # asked twice: who restores a state waits ten minutes first


@pytest.mark.slow
@pytest.mark.fault("S4")
@pytest.mark.parametrize("name", PLANTS)
def test_a_lost_state_and_an_emptied_bin_may_ask_once_more(world, name):
    one = world(name)
    one.run(Process("here"))
    asked = keys(one)
    assert asked
    for task in one.desk.tasks():
        one.desk.delete(task)
        one.desk.purge(task)
    one.plant.lose()
    one.life = {}
    for _ in range(2):
        one.tick(HOURS)
        one.run(Process("here"))
    assert keys(one) == asked  # the same keys again, and never a third time
    one.tick(30 * DAY)
    one.run(Process("here"))
    assert keys(one) == asked


@pytest.mark.slow
@pytest.mark.fault("S4")
@pytest.mark.parametrize("name", PLANTS)
def test_an_emptied_bin_alone_asks_nobody_again(world, name):
    one = world(name)
    one.run(Process("here"))
    assert keys(one)
    for task in one.desk.tasks():
        one.desk.delete(task)
        one.desk.purge(task)
    for _ in range(3):
        one.tick(31 * DAY)
        one.run(Process("here"))
    assert keys(one) == []


@pytest.mark.slow
@pytest.mark.fault("N4")
@pytest.mark.parametrize("name", UNIQUE)
@pytest.mark.parametrize("block", [True, False])
def test_a_create_that_comes_after_its_task_was_deleted_doubles_where_the_bin_frees_keys(
    world, name, block
):
    one = world(name)
    one.desk.keys_in_the_bin(block=block)
    late(one)
    one.desk.now += timedelta(minutes=1)
    one.run(Process("here"))
    made = keys(one)
    assert made
    for task in one.desk.tasks():
        one.desk.delete(task)
    with contextlib.suppress(AssertionError):  # the machine's own look objects
        one.deliver()
    assert keys(one) == sorted(made if block else made * 2)
